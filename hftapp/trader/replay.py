"""Plays a recording to the trader again: the same turns at the same times, so the same orders, byte for byte.

A recording is the turns of one trader (`hftapp.trader.recorder`) behind a header, and a last record that says that
nothing is missing; the journal beside it has the OUCH messages that were sent. Compiled or interpreted, on whatever
machine: the orders must be the same.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from hftapp import config, journal, records
from hftapp.clock import manual
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.ring import Record
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, Trader
from hftapp.wire import NicWire

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


class Sent(NamedTuple):
    """An OUCH message that was sent, and the number of the venue it went to."""

    venue: int
    message: bytes


class Difference(NamedTuple):
    """The first message that differs: its number from 0, and both (None: there is none)."""

    number: int
    recorded: Sent | None
    replayed: Sent | None


@dataclass(frozen=True)
class Comparison:
    """What a replay gave: turns and frames played, messages sent, and where they first differ.

    `early`: the recording ends before the run did. Only what it has was compared then.
    """

    turns: int
    frames: int
    messages: int
    difference: Difference | None
    early: bool


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

    `start`: the time before which there is none, ns.
    """

    def __init__(self, path: Path, entries: Iterator[journal.Entry], start: int) -> None:
        self.ended = False
        self._start = start
        self._path = path
        self._entries = entries

    def turns(self) -> Iterator[Turn]:
        """All turns, each once. Raises RecordingError for records that make none."""
        commands: list[int] = []
        turn: Turn | None = None
        now = self._start
        for entry in self._entries:
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


def replay(recording: Path, sent: list[Sent]) -> Comparison:
    """Play a recording and compare what is sent with the messages that were sent when it was made.

    Raises RecordingError, ConfigError, JournalError.
    """
    known, entries = begin(recording)
    tape = Tape(recording, entries, known.start)
    clock = manual(known.start)
    port = MemoryPort(known.mac)
    rings = Rings()
    wire = NicWire(port, assembly.stack(known.settings, port, known.seed), assembly.lines(known.settings), clock)
    trader = Trader(assembly.build(known.settings, wire, rings, clock, known.seed))
    replayed: list[Sent] = []
    count = frames = 0
    for turn in tape.turns():
        if trader.phase == DONE:
            continue  # to its end: whether that is there
        clock.time = turn.now
        for frame in turn.frames:
            port.deliver(frame)
        for command in turn.commands:
            rings.control.push(command, turn.now, b"")
        trader.step()
        port.discard_sent()
        rings.telemetry.drain()
        replayed += _outgoing(rings.journal.drain())
        count += 1
        frames += len(turn.frames)
    early = not tape.ended
    recorded = sent[: len(replayed)] if early else sent
    return Comparison(count, frames, len(replayed), compare(recorded, replayed), early)


def compare(recorded: list[Sent], replayed: list[Sent]) -> Difference | None:
    """The first message that differs, None when all are the same."""
    for number, (one, other) in enumerate(zip_longest(recorded, replayed)):
        if one != other:
            return Difference(number, one, other)
    return None


def sent_messages(path: Path) -> list[Sent]:
    """The OUCH messages sent, from an orders journal or the office's copy of it (`journal.jsonl`).

    Raises JournalError for a file that is neither.
    """
    if path.suffix != ".jsonl":
        return _outgoing(journal.read(path))
    try:
        with path.open(encoding="utf-8") as lines:
            rows = sorted((json.loads(line) for line in lines), key=lambda row: int(row["n"]))
        return [Sent(row.get("venue", 0), bytes.fromhex(row["hex"])) for row in rows if row["dir"] == "out"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        text = f"{path} is no copy of a journal: {type(error).__name__}: {error}"
        raise journal.JournalError(text) from error


def _outgoing(entries: Iterable[journal.Entry | Record]) -> list[Sent]:
    """Those of the exchange's and ours that are ours."""
    found = []
    for entry in entries:
        kind, venue = records.venue_of(entry.kind)
        if kind == records.OUT:
            found.append(Sent(venue, entry.payload))
    return found
