"""Momentum ignition: a burst of aggressive orders that moves the price, and then the other way round."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.surveillance.events import EXECUTED, OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule, bps
from store.surveillance.thresholds import Threshold
from store.surveillance.window import Recent

_EVIDENCE = 256


@dataclass(slots=True)
class _Burst:
    """Aggressive executions on one side. ``twice_mid`` before the first order; ``moved``: bps from there to the
    furthest price traded; ``reversed``: shares of the other side since."""

    side: str
    first: int
    last: int
    twice_mid: int
    moved: float = 0.0
    shares: int = 0
    orders: int = 0
    reversed: int = 0
    refs: list[int] = field(default_factory=list)
    matches: deque[int] = field(default_factory=lambda: deque(maxlen=_EVIDENCE))

    def note(self, ref: int, match: int) -> None:
        """Keep what is evidence: the latest, and each order once as long as it is the one that trades."""
        if ref not in self.refs[-1:]:
            self.refs.append(ref)
            del self.refs[:-_EVIDENCE]
        self.matches.append(match)


class MomentumIgnition(Rule):
    """Taking hard is no offence; turning round while the others still follow is the pattern."""

    NAME = "momentum_ignition"
    WHAT = "a burst of aggressive orders moves the price, and the position is turned round at once"
    SOURCE = "MAR Art. 12(2)(c)(iii), Annex I A(d) and A(e); Exchange Act §9(a)(2)"
    SEVERITY = "high"
    THRESHOLDS = (
        Threshold("orders", "orders", 3, 1, 10_000, "aggressive orders of the burst"),
        Threshold("min_shares", "shares", 500, 1, 100_000_000, "least shares of the burst"),
        Threshold("window", "s", 2, 0.001, 3_600, "longest burst"),
        Threshold("move", "bps", 5, 0.01, 10_000, "from the mid before the burst to its furthest price"),
        Threshold("reversal", "s", 5, 0.001, 3_600, "longest time from the end of the burst to the turn"),
        Threshold("turned", "%", 50, 1, 100, "part of the burst's shares that is turned round"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._window, self._reversal = self.ns("window"), self.ns("reversal")
        self._bursts: Recent[tuple[str, str], list[_Burst]] = Recent(list)

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Add to the burst, or to what turns it round."""
        if event.event != EXECUTED or order is None:
            return None
        bursts = self._bursts[order.owner, order.symbol]
        burst = bursts[0] if bursts else None
        if burst is not None and event.t - burst.last > self._reversal:
            bursts.clear()
            burst = None
        if burst is not None and order.side != burst.side and self._moved(burst):
            return self._turn(event, order, burst, bursts)
        if event.aggressive:
            if burst is None or order.side != burst.side or event.t - burst.first > self._window:
                burst = _Burst(order.side, event.t, event.t, order.twice_mid)
                bursts[:] = [burst]
            self._add(event, order, burst)
        return None

    def _add(self, event: OrderEvent, order: Live, burst: _Burst) -> None:
        burst.last = event.t
        burst.shares += event.shares
        if order.ref not in burst.refs[-1:]:
            burst.orders += 1
        burst.note(order.ref, event.match)
        way = 2 * event.price - burst.twice_mid
        burst.moved = max(burst.moved, bps(way if burst.side == "B" else -way, burst.twice_mid))

    def _moved(self, burst: _Burst) -> bool:
        enough = burst.orders >= self.limits["orders"] and burst.shares >= self.limits["min_shares"]
        return bool(enough and burst.moved >= self.limits["move"])

    def _turn(self, event: OrderEvent, order: Live, burst: _Burst, bursts: list[_Burst]) -> Finding | None:
        burst.reversed += event.shares
        burst.note(order.ref, event.match)
        if 100 * burst.reversed < self.limits["turned"] * burst.shares:
            return None
        bursts.clear()
        verb, other = ("bought", "sold") if burst.side == "B" else ("sold", "bought")
        return Finding(
            t=event.t,
            owner=order.owner,
            symbol=event.symbol,
            text=f"{burst.shares:,} shares {verb} in {burst.orders} orders moved the price by {burst.moved:.1f} bps, "
            f"{burst.reversed:,} {other} {(event.t - burst.last) / 1e9:.3f} s later",
            accounts=[order.account],
            refs=list(dict.fromkeys(burst.refs)),
            matches=list(burst.matches),
            figures={"shares": burst.shares, "turned": burst.reversed, "moved_bps": round(burst.moved, 2)},
        )
