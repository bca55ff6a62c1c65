"""Order-to-trade ratio: many messages, few trades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.surveillance.events import BY_OWNER, EXECUTED, REDUCED, OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule
from store.surveillance.thresholds import Threshold
from store.surveillance.window import Recent, Window


class _Counts:
    """Messages and trades in the window."""

    def __init__(self, length: int) -> None:
        self.messages = Window(length)
        self.trades = Window(length)


class OrderToTrade(Rule):
    """A message is an order, a replace, a cancel or a refused request; a trade an execution of one order."""

    NAME = "order_to_trade"
    WHAT = "an account sends many messages for each trade it has in a symbol"
    SOURCE = "MiFID II Art. 48(6), Delegated Regulation (EU) 2017/566 (RTS 9)"
    SEVERITY = "low"
    THRESHOLDS = (
        Threshold("ratio", "messages", 100, 1, 1_000_000, "messages for each trade; no trade counts as one"),
        Threshold("min_messages", "messages", 1_000, 2, 20_000, "below so many messages in the window nothing is said"),
        Threshold("window", "s", 60, 1, 86_400, "length of the window"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        length = self.ns("window")
        self._accounts: Recent[tuple[str, str], _Counts] = Recent(lambda: _Counts(length))

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Count."""
        counts = self._accounts[event.account, event.symbol]
        if event.event == EXECUTED:
            counts.trades.add(event.t)
            return None
        if event.event == REDUCED and event.reason != BY_OWNER:
            return None
        messages = counts.messages.add(event.t)
        if messages < self.limits["min_messages"]:
            return None
        trades = counts.trades.sum(event.t)
        if messages < self.limits["ratio"] * max(1, trades):
            return None
        return Finding(
            t=event.t,
            owner=event.owner,
            symbol=event.symbol,
            text=f"account {event.account} sent {messages:,} messages for {trades} trades in "
            f"{self.limits['window']:g} s",
            accounts=[event.account],
            refs=[event.ref] if event.ref else [],
            figures={"messages": messages, "trades": trades},
        )
