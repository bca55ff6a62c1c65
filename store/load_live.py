"""Loads a run's live stream as the office has it: positions, counters, states."""

import struct
from collections.abc import Iterator
from typing import Final

from protocols.management import Counters, Exit, Position, State
from store import rows
from store.own_orders import Row
from store.pipeline import Pipeline
from store.run_folder import RunFolder
from store.tables import COUNTERS, POSITIONS, STATES

BATCH: Final = 1 << 16

_VALUE: Final = struct.Struct(">q")


def load(folder: RunFolder, pipeline: Pipeline) -> dict[str, int]:
    """Load the live streams of a run; gives counts. StoreError for a damaged file."""
    counts = {"frames": 0, "undecoded": 0}
    batches: dict[str, list[Row]] = {table.name: [] for table in (POSITIONS, COUNTERS, STATES)}
    tables = {table.name: table for table in (POSITIONS, COUNTERS, STATES)}

    def hand(name: str) -> None:
        pipeline.put(name, rows.from_rows(tables[name], folder.run, batches[name]))
        batches[name] = []

    for number, frame in folder.frames(folder.live):
        counts["frames"] += 1
        row: Row = {"number": number, "t": frame.time}
        message = frame.message
        if isinstance(message, Position):
            values = {name: getattr(message, name) for name in POSITIONS.names if hasattr(message, name)}
            batches[POSITIONS.name].append(values | row)
        elif isinstance(message, State):
            batches[STATES.name].append(row | {"text": message.body})
        elif isinstance(message, Exit):
            batches[STATES.name].append(row | {"text": b"exit %d: " % message.status + message.body})
        elif isinstance(message, Counters):
            try:
                found = list(counters_in(message.body))
            except (struct.error, ValueError):
                counts["undecoded"] += 1
                continue
            batches[COUNTERS.name] += [
                row | {"name_group": message.group, "name": name, "value": value} for name, value in found
            ]
        for name in batches:
            if len(batches[name]) >= BATCH:
                hand(name)
    for name in batches:
        hand(name)
    return counts


def counters_in(body: bytes) -> Iterator[tuple[str, int]]:
    """The counters in the body of a `Counters` message; struct.error or ValueError when it is none."""
    at = 0
    while at < len(body):
        length = body[at]
        name = body[at + 1 : at + 1 + length].decode("ascii")
        (value,) = _VALUE.unpack_from(body, at + 1 + length)
        yield name, value
        at += 1 + length + _VALUE.size
