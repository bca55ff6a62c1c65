"""Joins each order's decision with its frames on the wire: one row an order, from tick to fill.

The decision names the last feed message that was applied when it was made, and the order's UserRefNum. So the frame
that brought the message (the earlier of both lines) and the frame that carried the order are found exactly, not
guessed from times.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from office.latency.feed_arrivals import NEVER
from office.latency.journal import Decided, Journal
from office.latency.ticks import nanoseconds
from office.latency.wire_capture import Wire
from protocols.order_capture import CapturedOrder
from protocols.tcp_capture import Flow

TICK_CAUSES: Final = frozenset("BT")
"""Causes of decisions that market data set off; the others have no frame in."""
ENTRIES: Final = frozenset("OU")
"""OUCH messages with a new UserRefNum: Enter Order, Replace Order Request."""
ACKNOWLEDGEMENTS: Final = frozenset("AUJ")
"""Order Accepted, Order Replaced, Rejected."""
FILL: Final = "E"
_STAMPS: Final = ("parsed", "booked", "decided", "passed", "rung")
_STAGES: Final = dict(
    zip(("frame_parsed", "book_updated", "decision", "risk_passed", "doorbell"), _STAMPS, strict=True)
)
_SOON: Final = 1_000_000_000

SCHEMA: Final[Mapping[str, Any]] = {
    "run": pl.String,
    "number": pl.Int64,
    "reference": pl.Int64,
    "replaces": pl.Int64,
    "venue": pl.Int64,
    "feed_venue": pl.Int64,
    "sequence": pl.Int64,
    "symbol": pl.String,
    "strategy": pl.Int64,
    "side": pl.String,
    "cause": pl.String,
    "t": pl.Int64,
    "wire_in": pl.Int64,
    "wire_out": pl.Int64,
    "ack": pl.Int64,
    "fill": pl.Int64,
    **dict.fromkeys((*_STAMPS, "tick_to_trade", *_STAGES), pl.Int64),
    **dict.fromkeys(("wire_to_wire", "outside_program", "order_to_ack", "order_to_fill"), pl.Int64),
}
"""Columns of the joined table. `t` and the four times of frames: ns since 1970; `parsed` to `rung`: ns since the burst;
the hops (`office.latency.hops`) are durations in ns. Null: not known, or not the first order of its tick."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The orders, and why hops are missing: a count by reason."""

    table: pl.DataFrame
    missing: dict[str, int]


def join(run: str, journal: Journal, wire: Wire) -> Joined:
    """Join a run's decisions that became orders with the frames of its captures."""
    frames = _order_frames(wire.messages, journal.sent)
    sent = _nearest(journal.decisions, frames)
    outs = [frames.get((item.decision.venue, item.decision.reference), {}) for item in sent]
    inward = _arrivals(sent, [frame.get("wire_out") for frame in outs], wire)
    missing: Counter[str] = Counter()
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA}
    for decided, frame, wire_in in zip(sent, outs, inward, strict=True):
        row = _row(run, decided, frame, wire_in, missing)
        for name, column in columns.items():
            column.append(row.get(name))
    return Joined(_without_negatives(pl.DataFrame(columns, schema=dict(SCHEMA)), missing), dict(missing))


def _without_negatives(table: pl.DataFrame, missing: Counter[str]) -> pl.DataFrame:
    """`outside_program` of all orders or of none: those that remain without the negative ones are no fair sample.

    It is negative where the doorbell returned after the frame was out: a kernel's socket does so on the loopback.
    """
    early = table.filter(pl.col("outside_program") < 0).height
    if not early:
        return table
    missing["the frame was out before the doorbell returned, so outside_program is left out for all"] += early
    return table.with_columns(outside_program=pl.lit(None, dtype=pl.Int64))


def _nearest(decisions: Sequence[Decided], frames: Mapping[tuple[int, int], Mapping[str, int]]) -> list[Decided]:
    """The decisions that became orders. A journal outlives a day, a UserRefNum does not: of those with the same one
    that nearest in time to its frame is the one that the capture shows, or the last without a frame."""
    found: dict[tuple[int, int], Decided] = {}
    for decided in decisions:
        key = decided.decision.venue, decided.decision.reference
        if decided.decision.code or not decided.decision.reference:
            continue
        known, out = found.get(key), frames.get(key, {}).get("wire_out")
        if known is None or out is None or abs(decided.time - out) < abs(known.time - out):
            found[key] = decided
    return list(found.values())


def _row(
    run: str, decided: Decided, frame: Mapping[str, int], wire_in: int | None, missing: Counter[str]
) -> dict[str, Any]:
    decision = decided.decision
    caused = decision.cause in TICK_CAUSES
    out = frame.get("wire_out")
    row: dict[str, Any] = {
        "run": run,
        "number": decided.number,
        "t": decided.time,
        **{name: getattr(decision, name) for name in ("reference", "replaces", "venue", "feed_venue", "sequence")},
        **{name: getattr(decision, name) for name in ("symbol", "strategy", "side", "cause")},
        **frame,
        "wire_in": wire_in,
    }
    count = missing.update
    if decision.rung:
        stages = _stages(decided)
        if min(stages.values()) < 0:
            count({"the stages' stamps are not in their order": 1})
        else:
            row |= stages
    if not caused:
        count({"decided without market data (a fill, a timer, an order's end)": 1})
    elif wire_in is None:
        count({"the feed message is not in the capture": 1})
    if out is None:
        count({"the order is not in the capture": 1})
        return row
    for name, begin, end in (
        ("wire_to_wire", wire_in, out),
        ("order_to_ack", out, frame.get("ack")),
        ("order_to_fill", out, frame.get("fill")),
    ):
        if begin is None or end is None:
            continue
        if end < begin:
            count({f"{name}: the capture has the end before the beginning": 1})
            continue
        row[name] = end - begin
    if "wire_to_wire" in row and "tick_to_trade" in row:
        row["outside_program"] = row["wire_to_wire"] - row["tick_to_trade"]
    return row


def _stages(decided: Decided) -> dict[str, int]:
    """Stamps since the burst and the stages between them, ns. Rounded once a stamp, so the stages add up."""
    stamps = {name: nanoseconds(getattr(decided.decision, name), decided.rate) for name in _STAMPS}
    durations, before = {}, 0
    for stage, stamp in _STAGES.items():
        durations[stage] = stamps[stamp] - before
        before = stamps[stamp]
    return {**stamps, **durations, "tick_to_trade": stamps["rung"]}


def _order_frames(
    messages: Sequence[CapturedOrder], sent: Mapping[bytes, int]
) -> dict[tuple[int, int], dict[str, int]]:
    """Times of each order's frames by (venue, UserRefNum): the first of `wire_out`, `ack`, `fill`.

    A connection belongs to the venue whose journal has its order messages, byte for byte.
    """
    venues = _venues(messages, sent)
    found: dict[tuple[int, int], dict[str, int]] = {}
    for message in messages:
        flow = message.flow if message.sent else message.flow.reverse
        if flow not in venues or not message.reference:
            continue
        key = venues[flow], message.reference
        if message.sent:
            if message.message.TYPE in ENTRIES:
                found.setdefault(key, {}).setdefault("wire_out", message.time)
            continue
        name = "ack" if message.message.TYPE in ACKNOWLEDGEMENTS else "fill" if message.message.TYPE == FILL else ""
        if name and "wire_out" in found.get(key, {}):
            found[key].setdefault(name, message.time)
    return found


def _venues(messages: Sequence[CapturedOrder], sent: Mapping[bytes, int]) -> dict[Flow, int]:
    """The venue of each flow of orders: the one that most of its messages were journalled for."""
    votes: dict[Flow, Counter[int]] = {}
    for message in messages:
        if message.sent and message.payload in sent:
            votes.setdefault(message.flow, Counter())[sent[message.payload]] += 1
    return {flow: counted.most_common(1)[0][0] for flow, counted in votes.items()}


def _arrivals(sent: Sequence[Decided], outs: Sequence[int | None], wire: Wire) -> list[int | None]:
    """When the feed message of each decision first came; None: not caused by one, or not captured."""
    found: list[int | None] = [None] * len(sent)
    for venue in {item.decision.feed_venue for item in sent}:
        rows = [
            row
            for row, item in enumerate(sent)
            if item.decision.feed_venue == venue and item.decision.cause in TICK_CAUSES
        ]
        sequences = np.array([sent[row].decision.sequence for row in rows], dtype=np.int64)
        times = _of_session(wire, sequences, [outs[row] for row in rows])
        for row, time in zip(rows, times, strict=True):
            found[row] = None if time == NEVER else time
    return found


def _of_session(wire: Wire, sequences: Any, outs: Sequence[int | None]) -> list[int]:
    """The arrivals in the feed session that explains the orders: that in which most came within `_SOON` before their
    order went, and of sessions alike the nearest one. (With one venue there is one session.)"""
    best: tuple[tuple[int, int], list[int]] = ((-1, 0), [NEVER] * len(sequences))
    for session in wire.arrivals.sessions():
        times = wire.arrivals.arrivals(session, sequences).tolist()
        waits = [
            out - time for time, out in zip(times, outs, strict=True) if out is not None and 0 <= out - time < _SOON
        ]
        score = (len(waits), -sum(waits))
        if score > best[0]:
            best = (score, times)
    return best[1]
