"""Wash trades: two accounts of one beneficial owner trade with each other, and nothing changes hands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.surveillance.events import OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule, dollars
from store.surveillance.rules.pairs import Pairs
from store.surveillance.thresholds import Threshold


class WashTrade(Rule):
    """What gives arrangement away: the second order comes shortly after the first and fits it. Orders of one owner that
    meet by chance were far apart in time."""

    NAME = "wash_trade"
    WHAT = "two accounts of one beneficial owner trade with each other by arrangement"
    SOURCE = "Exchange Act §9(a)(1); FINRA Rules 5210.02, 6140(b); 7 U.S.C. 6c(a)(2); MAR Art. 12(1)(a), Annex I A(c)"
    SEVERITY = "high"
    THRESHOLDS = (
        Threshold("within", "ms", 250, 0.001, 60_000, "longest time from the resting order's entry to the other's"),
        Threshold("fit", "%", 25, 1, 100, "shares of the match, of those of the larger order"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._pairs = Pairs()
        self._within = self.ns("within")

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Look at a match with one owner on both sides."""
        pair = self._pairs.look(event, order)
        if pair is None or pair.maker.account == pair.taker.account:
            return None
        apart = pair.taker.entered - pair.maker.entered
        fits = 100 * pair.shares >= self.limits["fit"] * max(pair.maker.asked, pair.taker.asked)
        if apart > self._within or not fits:
            return None
        return Finding(
            t=event.t,
            owner=pair.maker.owner,
            symbol=event.symbol,
            text=f"{pair.shares:,} shares at {dollars(event.price)} between accounts {pair.maker.account} and "
            f"{pair.taker.account} of one owner, entered {apart / 1e6:.3f} ms apart",
            accounts=[pair.maker.account, pair.taker.account],
            refs=[pair.maker.ref, pair.taker.ref],
            matches=[pair.match],
            figures={"shares": pair.shares, "apart_ns": apart},
        )
