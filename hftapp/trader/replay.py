"""Plays a recording to the trader again: the same turns at the same times, so the same orders, byte for byte.

A recording is the turns of one trader (`hftapp.trader.recorder`) behind a header; the journal beside it has the OUCH
messages that were sent. Compiled or interpreted, on whatever machine: the orders must be the same.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from hftapp import config, journal, records
from hftapp.clock import manual
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, Trader
from hftapp.wire import NicWire

PARTS_OF_A_TURN = frozenset({records.STOP, records.KILL})


class RecordingError(Exception):
    """A file that is no recording, or one that cannot be replayed; the text names it and the reason."""


@dataclass
class Turn:
    """One turn of the loop: its time in ns, its frames, its commands."""

    now: int
    frames: list[bytes] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)


class Difference(NamedTuple):
    """The first message that differs: its number from 0, and both (None: there is none)."""

    number: int
    recorded: bytes | None
    replayed: bytes | None


@dataclass(frozen=True)
class Comparison:
    """What a replay gave: turns and frames played, messages sent, and where they first differ."""

    turns: int
    frames: int
    messages: int
    difference: Difference | None


def header(settings: config.Config, seed: bytes, mac: bytes, start: int) -> bytes:
    """The first record's payload: everything besides the turns that a replay needs."""
    document = {"config": settings.document, "seed": seed.hex(), "mac": mac.hex(":"), "start": start}
    return json.dumps(document).encode()


def turns(entries: Iterator[journal.Entry]) -> Iterator[Turn]:
    """The turns of a recording, from the entry behind the header on."""
    commands: list[int] = []
    turn: Turn | None = None
    for entry in entries:
        if entry.kind == records.FRAME_MORE:
            if turn is None:
                raise RecordingError(f"record {entry.number}: a frame without a turn")
            turn.frames.append(entry.payload)
            continue
        if turn is not None:
            yield turn
            turn = None
        if entry.kind in PARTS_OF_A_TURN:
            commands.append(entry.kind)
            continue
        turn = Turn(entry.time, [entry.payload] if entry.kind == records.FRAME_FIRST else [], commands)
        commands = []
    if turn is not None:
        yield turn


def replay(recording: Path, sent: list[bytes]) -> Comparison:
    """Play a recording and compare what is sent with the messages that were sent when it was made.

    Raises RecordingError, JournalError.
    """
    entries = journal.read(recording)
    first = next(entries, None)
    if first is None or first.kind != records.HEADER:
        raise RecordingError(f"{recording} is no recording: it does not begin with a header")
    facts: dict[str, Any] = json.loads(first.payload)
    settings = config.build(facts["config"], source=str(recording))
    if settings.nic.address is None:
        raise RecordingError(f"{recording}: its configuration has no nic.address")
    clock = manual(facts["start"])
    port = MemoryPort(bytes.fromhex(facts["mac"].replace(":", "")))
    rings = Rings()
    seed = bytes.fromhex(facts["seed"])
    wire = NicWire(port, assembly.stack(settings, port, seed), assembly.lines(settings), clock)
    trader = Trader(assembly.build(settings, wire, rings, clock, seed))
    replayed: list[bytes] = []
    count = frames = 0
    for turn in turns(entries):
        if trader.phase == DONE:
            break
        clock.time = turn.now
        for frame in turn.frames:
            port.deliver(frame)
        for command in turn.commands:
            rings.control.push(command, turn.now, b"")
        trader.step()
        port.discard_sent()
        rings.telemetry.drain()
        replayed += [record.payload for record in rings.journal.drain() if record.kind == records.OUT]
        count += 1
        frames += len(turn.frames)
    return Comparison(count, frames, len(replayed), compare(sent, replayed))


def compare(recorded: list[bytes], replayed: list[bytes]) -> Difference | None:
    """The first message that differs, None when all are the same."""
    for number, (one, other) in enumerate(zip_longest(recorded, replayed)):
        if one != other:
            return Difference(number, one, other)
    return None


def sent_messages(path: Path) -> list[bytes]:
    """The OUCH messages sent, from an orders journal or the office's copy of it (`journal.jsonl`)."""
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as lines:
            rows = sorted((json.loads(line) for line in lines), key=lambda row: int(row["n"]))
        return [bytes.fromhex(row["hex"]) for row in rows if row["dir"] == "out"]
    return [entry.payload for entry in journal.read(path) if entry.kind == records.OUT]
