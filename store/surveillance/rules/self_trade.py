"""Self trades: one account trades with itself, again and again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from store.surveillance.events import EXECUTED, OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import Finding, Rule
from store.surveillance.rules.pairs import Pair, Pairs
from store.surveillance.thresholds import Threshold
from store.surveillance.window import Recent, Window


class _Account:
    """Trades with itself, and all shares it traded, in the window."""

    def __init__(self, length: int, keep: int) -> None:
        self.count = Window(length)
        self.own = Window(length)
        self.all = Window(length)
        self.pairs: deque[Pair] = deque(maxlen=keep)


class SelfTrade(Rule):
    """A pattern, not a single chance: several in a short time, and a good part of what the account traded."""

    NAME = "self_trade"
    WHAT = "one account trades with itself repeatedly"
    SOURCE = "FINRA Rule 5210.02; 17 CFR 240.15c3-5(c)(2)(i)"
    THRESHOLDS = (
        Threshold("trades", "trades", 3, 1, 1_000, "trades with itself in the window"),
        Threshold("window", "s", 5, 0.001, 3_600, "length of the window"),
        Threshold("min_shares", "shares", 250, 1, 100_000_000, "least shares it traded with itself in the window"),
        Threshold("share", "%", 50, 0, 100, "their part of all shares the account traded in the symbol"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._pairs = Pairs()
        length, keep = self.ns("window"), int(limits["trades"])
        self._accounts: Recent[tuple[str, str], _Account] = Recent(lambda: _Account(length, keep))

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Count executions; look at a match with one account on both sides."""
        if event.event != EXECUTED or order is None:
            return None
        account = self._accounts[order.account, event.symbol]
        traded = account.all.add(event.t, event.shares)
        pair = self._pairs.look(event, order)
        if pair is None or pair.maker.account != pair.taker.account:
            return None
        account.pairs.append(pair)
        count = account.count.add(event.t)
        own = account.own.add(event.t, 2 * pair.shares)
        enough = count >= self.limits["trades"] and own >= 2 * self.limits["min_shares"]
        if not enough or 100 * own < self.limits["share"] * traded:
            return None
        return Finding(
            t=event.t,
            owner=order.owner,
            symbol=event.symbol,
            text=f"account {order.account} traded {count} times with itself in {self.limits['window']:g} s, "
            f"{own // 2:,} shares",
            accounts=[order.account],
            refs=[ref for one in account.pairs for ref in (one.maker.ref, one.taker.ref)],
            matches=[one.match for one in account.pairs],
            figures={"trades": count, "shares": own // 2, "share_of_volume": round(own / traded, 4)},
        )
