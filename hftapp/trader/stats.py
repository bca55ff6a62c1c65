"""The trader's figures as plain values for the telemetry ring."""

import time
from collections.abc import Mapping
from typing import Any, Final

from hftapp.feed.arbiter import Arbiter
from hftapp.feed.watch import FeedWatch
from hftapp.histogram import Histogram
from hftapp.trader.market import Market
from hftapp.trader.orders import Orders
from hftapp.trader.risk import RiskGate
from hftapp.trader.session import OrderSession
from hftapp.wire import Wire
from protocols import ouch50

SENT_KINDS: Final[Mapping[str, type[ouch50.OuchInbound]]] = {
    "entered": ouch50.EnterOrder,
    "replaced": ouch50.ReplaceOrder,
    "cancel_requests": ouch50.CancelOrder,
    "account_queries": ouch50.AccountQuery,
}
"""Everything the trader asks of the exchange, by the name of its figure."""


class Stats:
    """Collects the `stats` record. `tick_to_trade`: ns from rx_burst returning to tx_burst returning."""

    def __init__(
        self,
        wire: Wire,
        watch: FeedWatch,
        arbiter: Arbiter,
        market: Market,
        orders: Orders,
        risk: RiskGate,
        session: OrderSession,
    ) -> None:
        self.tick_to_trade = Histogram()
        self.first_order_s: float | None = None
        self.turns = 0
        self._wire = wire
        self._watch = watch
        self._arbiter = arbiter
        self._market = market
        self._orders = orders
        self._risk = risk
        self._session = session

    def order_sent(self) -> None:
        """Note the uptime of the first order."""
        if self.first_order_s is None:
            self.first_order_s = round(time.clock_gettime(time.CLOCK_BOOTTIME), 3)

    def pnl(self) -> int:
        """Cash plus positions at their marks, in 1/10,000 dollar."""
        total = self._orders.cash
        for symbol, shares in self._orders.positions.items():
            instrument = self._market.instrument(symbol) if shares else None
            if instrument is not None:
                total += shares * instrument.mark()
        return total

    def _sent(self) -> dict[str, int]:
        """OUCH messages sent (what the exchange counts as received), and the parts that make up this total."""
        sent = self._session.sent
        return {"sent": sum(sent.values()), **{name: sent.get(ord(kind.TYPE), 0) for name, kind in SENT_KINDS.items()}}

    def record(self, *, final: bool = False) -> dict[str, Any]:
        """Everything counted so far."""
        feed, orders, books = self._arbiter.counters, self._orders.counters, self._market.books
        record: dict[str, Any] = {
            "feed": {
                "session": self._arbiter.session,
                "next": self._arbiter.expected or 0,
                "packets": feed.packets,
                "messages": feed.messages,
                "gaps": feed.gaps,
                "lost": feed.lost,
                "duplicates": feed.duplicates,
                "heartbeats": feed.heartbeats,
                "wrong_session": feed.wrong_session,
                "implausible": feed.implausible,
                "held": feed.held,
                "by_line": list(feed.by_line),
                "silences": self._watch.silences,
                "line_silences": list(self._watch.line_silences),
                "symbols": len(books.symbols()),
                "unknown_refs": books.unknown_references,
                "malformed": feed.malformed + self._market.malformed,
                "by_type": dict(self._market.by_type),
                "stale": self._market.stale,
            },
            "orders": {
                **self._sent(),
                **vars(orders),
                "open": self._orders.open_count,
                "unsent": self._session.unsent,
                "reconnects": self._session.reconnects,
                "malformed": self._session.malformed,
            },
            "risk": dict(self._risk.refused),
            "position": {symbol: shares for symbol, shares in self._orders.positions.items() if shares},
            "pnl_price4": self.pnl(),
            "cash_price4": self._orders.cash,
            "tick_to_trade": self.tick_to_trade.export(),
            "first_order_s": self.first_order_s,
            "turns": self.turns,
            "nic": self._wire.stats(),
        }
        if final:
            record["final"] = True
        return record
