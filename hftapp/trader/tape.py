"""A recording: the turns of one trader behind a header, and a last record that says that nothing is missing.

`hftapp.trader.recorder` writes it, `hftapp.trader.replay` plays it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hftapp import config, journal, records

PARTS_OF_A_TURN = frozenset({records.STOP, records.KILL})
KINDS = PARTS_OF_A_TURN | {records.FRAME_FIRST, records.TURN, records.END}
MAC_BYTES = 6
LEAST_SEED = 4
"""Bytes (`assembly.build`)."""


class RecordingError(Exception):
    """A file that is no recording, or one that cannot be replayed; the text names it and the reason."""


@dataclass
class Turn:
    """One turn of the loop: its time in ns, its frames, its commands."""

    now: int
    frames: list[bytes] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Header:
    """What the first record of a recording says: everything besides the turns that a replay needs."""

    settings: config.Config
    seed: bytes
    mac: bytes
    start: int


def header(settings: config.Config, seed: bytes, mac: bytes, start: int) -> bytes:
    """The first record's payload: everything besides the turns that a replay needs."""
    document = {"config": settings.document, "seed": seed.hex(), "mac": mac.hex(":"), "start": start}
    return json.dumps(document).encode()


class Tape:
    """The turns of a recording, from the entry behind the header on. `ended`: the record at its end was there.

    `start`: the time before which there is none, ns. `at`: how far the file was read, in bytes.
    """

    def __init__(self, path: Path, entries: Iterator[journal.Entry], start: int) -> None:
        self.ended = False
        self.at = 0
        self._start = start
        self._path = path
        self._entries = entries

    def turns(self) -> Iterator[Turn]:
        """All turns, each once. Raises RecordingError for records that make none."""
        commands: list[int] = []
        turn: Turn | None = None
        now = self._start
        for entry in self._entries:
            self.at = entry.end
            if entry.kind == records.FRAME_MORE and turn is not None:
                turn.frames.append(self._frame(entry))
                continue
            if turn is not None:
                yield turn
                turn = None
            if self.ended or entry.kind not in KINDS or entry.time < now:
                raise RecordingError(f"{self._path}: record {entry.number} (kind {entry.kind}) is out of place")
            now = entry.time
            if entry.kind == records.END:
                self.ended = True
            elif entry.kind in PARTS_OF_A_TURN:
                commands.append(entry.kind)
            else:
                turn = Turn(now, [self._frame(entry)] if entry.kind == records.FRAME_FIRST else [], commands)
                commands = []
        if turn is not None:
            yield turn

    def _frame(self, entry: journal.Entry) -> bytes:
        if not entry.payload:
            raise RecordingError(f"{self._path}: record {entry.number} is a frame without a byte")
        return entry.payload


def begin(recording: Path) -> tuple[Header, Iterator[journal.Entry]]:
    """The header of a recording, and the entries behind it.

    Raises RecordingError when it is none, ConfigError when this program does not know its configuration, JournalError.
    """
    entries = journal.read(recording)
    first = next(entries, None)
    if first is None or first.kind != records.HEADER:
        raise RecordingError(f"{recording} is no recording: it does not begin with a header")
    return _header(recording, first.payload), entries


def _header(recording: Path, payload: bytes) -> Header:
    try:
        facts: dict[str, Any] = json.loads(payload)
        document, start = facts["config"], facts["start"]
        seed, mac = bytes.fromhex(facts["seed"]), bytes.fromhex(facts["mac"].replace(":", ""))
        if not isinstance(document, dict) or type(start) is not int or not 0 <= start < 1 << 63:
            raise ValueError(f"config {document!r:.40}, start {start!r:.40}")
        if len(seed) < LEAST_SEED or len(mac) != MAC_BYTES or mac[0] & 1:
            raise ValueError(f"seed {facts['seed']!r:.40}, mac {facts['mac']!r:.40}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordingError(f"{recording}: its header is damaged: {type(error).__name__}: {error}") from error
    settings = config.build(document, source=str(recording))
    if settings.nic.address is None:
        raise RecordingError(f"{recording}: its configuration has no nic.address")
    return Header(settings, seed, mac, start)
