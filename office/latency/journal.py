"""What a run's office folder says about latency: decisions with their stages, order messages, histograms."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from office.files import FileError, read, segments
from office.latency.histogram import Histogram
from office.latency.ticks import NANOSECONDS, from_message
from protocols.errors import ProtocolError, RangeError
from protocols.management import DECISION, JOURNAL, OUT, Decision, Frame, Hello, JournalRecord, Latency

_MOST_NUMBER: Final = (1 << 63) - 1
"""Columns of tables hold no more; no feed and no journal comes near."""


class Decided(NamedTuple):
    """A decision of a journal: its number and time (ns), itself, and the ticks per second of its clock."""

    number: int
    time: int
    decision: Decision
    rate: int


class Counted(NamedTuple):
    """One state of one of the trader's histograms: session, name, time (ns), in ticks, ticks per second."""

    session: int
    name: str
    time: int
    histogram: Histogram
    rate: int


@dataclass(slots=True)
class Journal:
    """The parts of a run's office folder. `sent`: venue of each order message by its bytes; `counted`: the states of
    the histograms as they came. `run`: name of the run: time and session of the first server, empty without one."""

    decisions: list[Decided] = field(default_factory=list)
    sent: dict[bytes, int] = field(default_factory=dict)
    counted: list[Counted] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)

    def final(self) -> dict[str, Counted]:
        """The last state of each histogram, of the last server."""
        last = self.sessions[-1] if self.sessions else 0
        return {state.name: state for state in self.counted if state.session == last}


def load(run: Path) -> Journal:
    """Read a run's folder. What is damaged is in `faults`; no office folder gives an empty journal. Raises OSError."""
    found = Journal()
    for segment in segments(run):
        clock, wrong = _Clock(), _Wrong(segment.path)
        try:
            for frame in read(segment.path):
                if clock.take(frame):
                    _greeting(found, clock)
                    continue
                with wrong:
                    if segment.stream == JOURNAL:
                        _record(found, frame, clock.rate)
                    else:
                        _figures(found, segment.of, frame, clock.rate)
        except FileError as error:
            found.faults.append(str(error))
        found.faults += wrong.words()
    return found


class _Wrong:
    """Swallows the faults of single records, and counts them: one bad record must not hide the others."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._first = ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ProtocolError):
            return False
        self._count += 1
        self._first = self._first or str(error)
        return True

    def words(self) -> list[str]:
        """What was wrong, in one line, or nothing."""
        return [f"{self._path}: {self._count:,} records are left out, the first: {self._first}"] if self._count else []


class _Clock:
    """The clock of the frames that follow: that of the greeting before them; ns without one."""

    def __init__(self) -> None:
        self.rate = NANOSECONDS
        self.hello: Hello | None = None

    def take(self, frame: Frame) -> bool:
        """Whether the frame is a greeting."""
        if not isinstance(frame.message, Hello):
            return False
        self.hello = frame.message
        self.rate = max(frame.message.ticks_per_second, 1)
        return True


def _greeting(found: Journal, clock: _Clock) -> None:
    hello = clock.hello
    if hello is not None and hello.session not in found.sessions:
        found.sessions.append(hello.session)
        found.hosts.append(hello.host)


def _record(found: Journal, frame: Frame, rate: int) -> None:
    record = frame.message
    if not isinstance(record, JournalRecord):
        return
    if record.kind == DECISION:
        decision = Decision.decode(record.body)
        if max(frame.number, decision.sequence) > _MOST_NUMBER:
            raise RangeError("a number is beyond 63 bits", None, max(frame.number, decision.sequence))
        found.decisions.append(Decided(frame.number, frame.time, decision, rate))
    elif record.kind == OUT:
        found.sent[record.body] = record.venue


def _figures(found: Journal, session: int, frame: Frame, rate: int) -> None:
    if isinstance(frame.message, Latency):
        histogram = from_message(frame.message)
        found.counted.append(Counted(session, frame.message.name, frame.time, histogram, rate))


def quotable(run: Path) -> tuple[bool | None, str]:
    """Whether the run's latencies may be quoted, and why: from its report. None: the report does not say."""
    path = run / "report.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        answer, accelerator = report["tick_to_trade"]["quotable"], report["accel"]
    except FileNotFoundError:
        return None, f"there is no {path}: nothing is known of the machine"
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return None, f"{path} is no report of a run ({type(error).__name__}): nothing is known of the machine"
    if not isinstance(answer, bool):
        return None, f"{path} does not say whether latencies are quotable"
    why = report["tick_to_trade"].get("not_quotable")
    return answer, f"{f'{why}, ' if why else ''}{accelerator}: {report.get('accel_reason', '')}"


def intervals(states: Iterator[Counted] | list[Counted]) -> Iterator[tuple[Counted, int, Histogram]]:
    """What came between two states of a histogram: (state at the end, time of the one before, difference).

    The first state of a histogram has no beginning: its whole content, and its own time.
    """
    before: dict[tuple[int, str], Counted] = {}
    for state in states:
        last = before.get((state.session, state.name))
        before[state.session, state.name] = state
        if last is None:
            yield state, state.time, state.histogram
            continue
        try:
            yield state, last.time, state.histogram.since(last.histogram)
        except ValueError:
            yield state, last.time, state.histogram
