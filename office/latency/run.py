"""The latencies of a run's folder: orders joined with their frames, and the trader's own histograms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from office.capture.source import CaptureError
from office.latency import hops, journal, ticks
from office.latency.histogram import DAY_NS, Histogram
from office.latency.hlog import Interval
from office.latency.journal import Counted, Journal
from office.latency.measured import SECOND, Breakdown, Measured, Series, SourceError, merged, sliced
from office.latency.orders import Joined, join
from office.latency.ticks import STAGES, TICK_TO_TRADE
from office.latency.wire_capture import Wire, captures, scan

_STAGE_PREFIX = "stages."


@dataclass(frozen=True, slots=True)
class Run:
    """A run's latencies and the table of its orders (`office.latency.orders.SCHEMA`)."""

    measured: Measured
    orders: pl.DataFrame


def load(folder: Path, *, interval: int = SECOND, progress: Callable[[int, int], None] = lambda *_: None) -> Run:
    """Read a run's folder; histograms of `interval` ns. `progress` gets the bytes of captures read, and of all.

    Raises SourceError for a folder with nothing to measure, OSError for what cannot be read.
    """
    paths = captures(folder)
    found = journal.load(folder)
    if not found.decisions and not found.counted and not paths:
        raise SourceError(
            f"{folder} is no folder of a run: it has neither decisions nor histograms in office/ nor"
            " captures/trader.pcapng; give the folder of a finished `hftos run`"
        )
    size = sum(path.stat().st_size for path in paths)
    try:
        wire = scan(folder, lambda done: progress(done, size)) if paths else Wire()
    except CaptureError as error:
        wire = Wire(faults=[str(error)])
    joined = join(_name(found), found, wire)
    quotable, reason = journal.quotable(folder)
    measured = Measured(str(folder), quotable=quotable, reason=reason)
    _add_orders(measured, joined.table, interval)
    _add_counted(measured, found)
    measured.notes += [*found.faults, *wire.notes(), *_missing(folder, joined, found, bool(paths))]
    _compare(measured, found)
    if not measured.histograms:
        raise SourceError(f"{folder} has no order whose latency is known: {'; '.join(measured.notes) or 'no orders'}")
    return Run(measured, joined.table)


def _name(found: Journal) -> str:
    """The run's name: when it began, and its first server's session."""
    times = [state.time for state in found.counted[:1]] + [item.time for item in found.decisions[:1]]
    if not found.sessions or not times:
        return ""
    began = datetime.fromtimestamp(min(times) / SECOND, UTC)
    return f"{began:%Y%m%dT%H%M%S}-{found.sessions[0]:016x}"


def _add_orders(measured: Measured, table: pl.DataFrame, interval: int) -> None:
    ordered = table.sort("t", "number")
    for name in hops.NAMES:
        every = ordered.filter(pl.col(name).is_not_null()).select("t", name)
        known = every.filter(pl.col(name) <= DAY_NS)
        if len(known) < len(every):
            measured.notes.append(f"{len(every) - len(known):,} times of {name} are longer than a day: left out")
        if not len(known):
            continue
        series = Series(*(known[column].to_numpy().astype(np.int64) for column in ("t", name)))
        measured.series[name] = series
        measured.histograms[name] = Histogram.of(series.values)
        measured.timeline[name] = sliced(series, name, interval)
    for whole, parts in hops.PARTS:
        known = ordered.select(parts).drop_nulls()
        if len(known):
            means = [(name, float(known[name].to_numpy().mean())) for name in parts]
            measured.breakdowns.append(Breakdown(whole, len(known), means))


def _add_counted(measured: Measured, found: Journal) -> None:
    """The trader's histograms of what no decision carries; without decisions, also those of the stages."""
    for state, before, grown in journal.intervals(found.counted):
        name = state.name.removeprefix(_STAGE_PREFIX)
        if name in measured.series or not grown.total:
            continue
        try:
            histogram = ticks.to_nanoseconds(grown, state.rate)
        except ValueError as error:
            measured.notes.append(f"the trader's histogram of {name} is left out: {error}")
            continue
        length = max(state.time - before, 0)
        measured.timeline.setdefault(name, []).append(Interval(state.time - length, length, histogram, name))
    counted = {name: each for name, each in measured.timeline.items() if name not in measured.histograms}
    measured.histograms |= merged(counted)


def _missing(folder: Path, joined: Joined, found: Journal, captured: bool) -> list[str]:
    notes = []
    if not found.decisions:
        notes.append(f"{folder}/office has no decisions: hops are those of the trader's histograms")
    if not captured:
        notes.append(f"{folder}/captures has no trader.pcapng: nothing is known of the wire")
        return notes
    return notes + [f"{count:,} of {len(joined.table):,} orders: {reason}" for reason, count in joined.missing.items()]


def _compare(measured: Measured, found: Journal) -> None:
    """The decisions' stages beside the trader's own histograms, count by count: two ways, one truth."""
    final = found.final()
    if len(found.sessions) != 1 or not found.decisions or TICK_TO_TRADE not in final:
        return
    differing = [name for name, state in _expected(final) if not _same(name, state, found)]
    if differing:
        measured.notes.append(
            f"the trader's histograms of {', '.join(differing)} are not those of its decisions: the run is still going"
            " on, or records are missing"
        )
    else:
        total = final[TICK_TO_TRADE].histogram.total
        measured.checks.append(f"the trader's {len(STAGES) + 1} histograms are its {total:,} first orders' decisions'")


def _expected(final: dict[str, Counted]) -> list[tuple[str, Counted]]:
    names = {TICK_TO_TRADE: TICK_TO_TRADE} | {name: _STAGE_PREFIX + name for name in STAGES}
    return [(name, final[counted]) for name, counted in names.items() if counted in final]


def _same(name: str, state: Counted, found: Journal) -> bool:
    """Whether a histogram of the trader has the counts that its decisions give."""
    values = []
    for item in found.decisions:
        decision = item.decision
        if decision.rung:
            stamps = (0, decision.parsed, decision.booked, decision.decided, decision.passed, decision.rung)
            at = STAGES.index(name) if name in STAGES else -1
            values.append(decision.rung if at < 0 else stamps[at + 1] - stamps[at])
    given = Histogram.of([min(max(value, 0), ticks.LAYOUT.highest) for value in values], ticks.LAYOUT)
    return bool((given.counts == state.histogram.counts).all())
