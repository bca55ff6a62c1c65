"""Restricted list: orders in a symbol in which nobody of the firm may trade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.surveillance.events import ENTERED, REPLACED, OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule, dollars
from store.surveillance.thresholds import Threshold


class RestrictedList(Rule):
    """Every order counts, whether it trades or not."""

    NAME = "restricted_list"
    WHAT = "an order in a symbol of the restricted list"
    SOURCE = "17 CFR 240.15c3-5(c)(2)(ii); Exchange Act §15(g)"
    SEVERITY = "high"
    THRESHOLDS = (
        Threshold("symbols", "names", [], 0, 0, "the restricted list"),
        Threshold("accounts", "names", [], 0, 0, "accounts that it binds; none named: all"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._symbols = frozenset(limits["symbols"])
        self._accounts = frozenset(limits["accounts"])

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Look the symbol up."""
        if event.symbol not in self._symbols or event.event not in (ENTERED, REPLACED):
            return None
        if self._accounts and event.account not in self._accounts:
            return None
        return Finding(
            t=event.t,
            owner=event.owner,
            symbol=event.symbol,
            text=f"account {event.account} entered {event.shares:,} shares at {dollars(event.price)}",
            accounts=[event.account],
            refs=[event.ref],
            figures={"shares": event.shares},
        )
