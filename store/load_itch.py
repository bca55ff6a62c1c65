"""Loads BinaryFILEs of ITCH 5.0 messages."""

import mmap
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from protocols.itch50 import MESSAGES
from protocols.itch_files import compressed, compression_of
from store.errors import StoreError
from store.feed_scan import RecordScan
from store.load_feed import ROOM, FeedRows, Int64s, Uint64s
from store.pipeline import Pipeline

NEW_YORK: Final = ZoneInfo("America/New_York")
_DATED: Final = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)")
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


def day_of(path: Path) -> date | None:
    """The day that a file's name says, as MMDDYYYY (Nasdaq's own) or YYYYMMDD."""
    for pattern, order in ((_DATED, (3, 1, 2)), (_ISO, (1, 2, 3))):
        for found in pattern.finditer(path.name):
            try:
                return date(*(int(found.group(place)) for place in order))
            except ValueError:
                continue
    return None


def midnight(day: date) -> int:
    """The day's midnight in New York, which ITCH counts from; ns UTC."""
    return int(datetime.combine(day, time(), NEW_YORK).astimezone(UTC).timestamp()) * 1_000_000_000


def check(path: Path) -> None:
    """StoreError for a file that does not begin as a BinaryFILE of ITCH does."""
    program = compression_of(path)
    if program is not None:
        raise StoreError(f"{path} is {compressed(program)}")
    with path.open("rb") as file:
        head = file.read(3)
    if not head:
        raise StoreError(f"{path} is empty: give a BinaryFILE of ITCH 5.0 messages or a capture")
    kind = MESSAGES.get(chr(head[2])) if len(head) == 3 else None
    if kind is None or int.from_bytes(head[:2], "big") != kind.SIZE:
        raise StoreError(f"{path} is no BinaryFILE of ITCH 5.0 messages, and no capture")


def load(
    path: Path, run: str, day: date, pipeline: Pipeline, progress: Callable[[int, int], None] = lambda *_: None
) -> dict[str, int]:
    """Load a file as venue 0 of a run; gives counts. `progress`: bytes done and in all.

    A file that ends inside a record is loaded up to there; `cut` says how many bytes were left. StoreError for one that
    goes on after its end record.
    """
    with path.open("rb") as file:
        # Not closed but let go: whoever holds an error of this load holds the array, and a map in use does not close.
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _load(path, np.frombuffer(mapped, np.uint8), FeedRows(run, 0), midnight(day), pipeline, progress)


def _load(
    path: Path,
    data: "np.typing.NDArray[np.uint8]",
    feed: FeedRows,
    base: int,
    pipeline: Pipeline,
    progress: Callable[[int, int], None],
) -> dict[str, int]:
    scan = RecordScan(ROOM)
    done = 0

    def time_of(places: Int64s, clock: Uint64s) -> Int64s:
        del places
        return clock.astype(np.int64) + base

    while count := scan.scan(data):
        starts, lengths = np.asarray(scan.starts)[:count], np.asarray(scan.lengths)[:count]
        sequences = np.arange(done + 1, done + count + 1, dtype=np.uint64)
        for table, batch in feed.take(data, starts, lengths, sequences, time_of):
            pipeline.put(table, batch)
        done += count
        progress(scan.at, len(data))
    if scan.ended and scan.at < len(data):
        raise StoreError(f"{path} goes on after its end record, at offset {scan.at}: it is no BinaryFILE of ITCH")
    return {
        "messages": done,
        "malformed": feed.walk.malformed,
        "unknown_references": feed.walk.unknown,
        "duplicate_references": feed.walk.duplicates,
        "cut": len(data) - scan.at,
    }
