"""Message rate: more messages in a second than an account may send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.surveillance.events import BY_OWNER, EXECUTED, REDUCED, OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule
from store.surveillance.thresholds import Threshold
from store.surveillance.window import Recent, Window


class MessageRate(Rule):
    """All symbols together."""

    NAME = "message_rate"
    WHAT = "an account sends more messages than its limit in a short time, all symbols together"
    SOURCE = "17 CFR 240.15c3-5(c)(1)(ii); Delegated Regulation (EU) 2017/589 (RTS 6) Art. 15(1)(d)"
    SEVERITY = "medium"
    THRESHOLDS = (
        Threshold("messages", "messages", 1_000, 1, 20_000, "messages in the window"),
        Threshold("window", "ms", 1_000, 1, 60_000, "length of the window"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        length = self.ns("window")
        self._accounts: Recent[str, Window] = Recent(lambda: Window(length))

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Count what an account sends."""
        if event.event == EXECUTED or (event.event == REDUCED and event.reason != BY_OWNER):
            return None
        count = self._accounts[event.account].add(event.t)
        if count < self.limits["messages"]:
            return None
        return Finding(
            t=event.t,
            owner=event.owner,
            symbol=event.symbol,
            text=f"account {event.account} sent {count:,} messages in {self.limits['window']:g} ms",
            accounts=[event.account],
            refs=[event.ref] if event.ref else [],
            figures={"messages": count},
        )
