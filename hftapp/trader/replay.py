"""Plays a recording to the trader again: the same turns at the same times, so the same orders, byte for byte.

A recording is the turns of one trader (`hftapp.trader.recorder`) behind a header, and a last record that says that
nothing is missing; the journal beside it has the OUCH messages that were sent and what the risk gate decided. Compiled
or interpreted, on whatever machine, at whatever pace: orders and decisions must be the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from hftapp import config, journal, records
from hftapp.clock import manual
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.tape import Header, Tape, Turn, begin
from hftapp.wire import NicWire
from protocols import management_files
from protocols.decision_digest import digest, terms
from protocols.errors import ProtocolError
from protocols.management import Decision, JournalRecord


class Sent(NamedTuple):
    """An OUCH message that was sent, and the number of the venue it went to."""

    venue: int
    message: bytes


T = TypeVar("T")


class Difference(NamedTuple, Generic[T]):
    """The first message or decision that differs: its number from 0, and both (None: there is none)."""

    number: int
    recorded: T | None
    replayed: T | None


@dataclass
class Outcome:
    """What a trader sent and decided, in order."""

    sent: list[Sent] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def take(self, kind: int, payload: bytes) -> None:
        """Add a journal record. Raises ProtocolError for a decision that is none."""
        plain, venue = records.venue_of(kind)
        if plain == records.OUT:
            self.sent.append(Sent(venue, payload))
        elif plain == records.DECISION:
            self.decisions.append(Decision.decode(payload))


@dataclass(frozen=True)
class Comparison:
    """What a replay gave: turns and frames played, messages sent, and where they first differ; the same of decisions.

    `early`: the recording ends before the run did. Only what it has was compared then.
    `recorded_hash`, `replayed_hash`: `protocols.decision_digest` of what was compared.
    """

    turns: int
    frames: int
    messages: int
    difference: Difference[Sent] | None
    early: bool
    decisions: int
    decision: Difference[Decision] | None
    recorded_hash: str
    replayed_hash: str

    @property
    def identical(self) -> bool:
        """Whether orders and decisions are the same."""
        return self.difference is None and self.decision is None


class Player:
    """A trader that gets a recording's turns. `settings`: instead of the recording's own."""

    def __init__(self, known: Header, settings: config.Config | None = None) -> None:
        settings = settings or known.settings
        self.clock = manual(known.start)
        self.port = MemoryPort(known.mac)
        self.rings = Rings()
        self.outcome = Outcome()
        self.turns = self.frames = 0
        stack = assembly.stack(settings, self.port, known.seed)
        wire = NicWire(self.port, stack, assembly.lines(settings), self.clock)
        self.trader = Trader(assembly.build(settings, wire, self.rings, self.clock, known.seed))

    def play(self, turn: Turn) -> None:
        """One turn; a trader that has come to its end takes no more."""
        if self.trader.phase == DONE:
            return
        self.clock.time = turn.now
        for frame in turn.frames:
            self.port.deliver(frame)
        for command in turn.commands:
            self.rings.control.push(command, turn.now, b"")
        self.trader.step()
        self.port.discard_sent()
        self.rings.telemetry.drain()
        for kind, _, payload in self.rings.journal.drain():
            self.outcome.take(kind, payload)
        self.turns += 1
        self.frames += len(turn.frames)


def replay(
    recording: Path,
    recorded: Outcome,
    *,
    pace: Callable[[int], None] | None = None,
    other: config.Config | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Play a recording and compare what is sent and decided with what was when it was made.

    `pace` is called with the time of each turn (ns, of the run's clock) and may wait. `other`: strategies and risk
    limits are this configuration's instead of the recording's. `progress` is told how many bytes of the file are done.
    Raises RecordingError, ConfigError, JournalError.
    """
    known, entries = begin(recording)
    tape = Tape(recording, entries, known.start)
    settings = None
    if other is not None:
        settings = replace(known.settings, strategies=other.strategies, risk=other.risk)
    player = Player(known, settings)
    for turn in tape.turns():
        if pace is not None:
            pace(turn.now)
        player.play(turn)
        progress(tape.at)
    return _comparison(player, recorded, early=not tape.ended)


def _comparison(player: Player, recorded: Outcome, *, early: bool) -> Comparison:
    """Compare; of a recording that ends early only what it has."""
    replayed = player.outcome
    sent, decisions = recorded.sent, recorded.decisions
    if early:
        sent, decisions = sent[: len(replayed.sent)], decisions[: len(replayed.decisions)]
    return Comparison(
        player.turns,
        player.frames,
        len(replayed.sent),
        compare(sent, replayed.sent),
        early,
        len(replayed.decisions),
        compare(decisions, replayed.decisions, terms),
        digest(decisions),
        digest(replayed.decisions),
    )


def compare(
    recorded: Iterable[T], replayed: Iterable[T], key: Callable[[T], object] = lambda each: each
) -> Difference[T] | None:
    """The first pair that differs in what `key` makes of it, None when all are the same."""
    for number, (one, other) in enumerate(zip_longest(recorded, replayed)):
        if one is None or other is None or key(one) != key(other):
            return Difference(number, one, other)
    return None


def recorded_outcome(path: Path) -> Outcome:
    """What a run sent and decided, from its orders journal or the office's copy of it (`journal.bin`).

    Raises JournalError for a file that is neither.
    """
    found = Outcome()
    try:
        if path.suffix != ".bin":
            for entry in journal.read(path):
                found.take(entry.kind, entry.payload)
            return found
        for frame in management_files.read(path):
            if isinstance(frame.message, JournalRecord):
                found.take(records.at_venue(frame.message.kind, frame.message.venue), frame.message.body)
    except (ProtocolError, management_files.FileError) as error:
        raise journal.JournalError(f"{path}: {error}") from error
    return found
