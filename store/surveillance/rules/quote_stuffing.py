"""Quote stuffing: orders by the hundred that are withdrawn before anyone can trade with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from store.surveillance.events import BY_OWNER, ENTERED, REDUCED, REPLACED, OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule
from store.surveillance.thresholds import Threshold
from store.surveillance.window import Recent, Window

_EVIDENCE = 64


class _Flicker:
    """Orders that came, and those that went at once, in the window."""

    def __init__(self, length: int) -> None:
        self.came = Window(length)
        self.went = Window(length)
        self.refs: deque[int] = deque(maxlen=_EVIDENCE)


class QuoteStuffing(Rule):
    """Many orders are no offence as long as they stand: what counts is that nearly all of them flicker."""

    NAME = "quote_stuffing"
    WHAT = "many orders in one symbol, nearly all withdrawn within milliseconds"
    SOURCE = "MAR Art. 12(2)(c)(i) and (ii); FINRA Rule 5210"
    SEVERITY = "high"
    THRESHOLDS = (
        Threshold("orders", "orders", 100, 2, 10_000, "orders and replaces of an owner in the window"),
        Threshold("window", "ms", 1_000, 1, 60_000, "length of the window"),
        Threshold("lifetime", "ms", 50, 0.001, 10_000, "an order that stood no longer flickered"),
        Threshold("flickered", "%", 80, 1, 100, "part of the orders that flickered"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        length = self.ns("window")
        self._lifetime = self.ns("lifetime")
        self._states: Recent[tuple[str, str], _Flicker] = Recent(lambda: _Flicker(length))

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:
        """Count what comes and what goes."""
        if order is None or event.event not in (ENTERED, REPLACED, REDUCED):
            return None
        state = self._states[order.owner, order.symbol]
        gone = old if event.event == REPLACED else order if event.event == REDUCED else None
        if event.event != REDUCED:
            state.came.add(event.t)
        withdrawn = gone is not None and gone.executed == 0 and event.reason == BY_OWNER
        if gone is None or not withdrawn or event.t - gone.entered > self._lifetime:
            return None
        if event.event == REDUCED and order.shares:
            return None
        state.refs.append(gone.ref)
        went, came = state.went.add(event.t), state.came.sum(event.t)
        if came < self.limits["orders"] or 100 * went < self.limits["flickered"] * came:
            return None
        return Finding(
            t=event.t,
            owner=order.owner,
            symbol=event.symbol,
            text=f"{came} orders in {self.limits['window']:g} ms, {went} of them withdrawn within "
            f"{self.limits['lifetime']:g} ms",
            accounts=[order.account],
            refs=list(state.refs),
            figures={"orders": came, "flickered": went},
        )
