"""The orders that surveillance knows of, from their events."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from store.surveillance.events import ENTERED, EXECUTED, REDUCED, REPLACED, OrderEvent
from store.surveillance.market import MarketView

MAX_ORDERS: Final = 1_000_000
"""So many orders are known at a time; beyond that the oldest are forgotten and counted."""
MAX_CHAIN: Final = 64

Key = tuple[str, int]


@dataclass(slots=True)
class Live:
    """An order: ``shares`` are open, ``asked`` were entered, ``executed`` traded. ``entered``: when it came (ns);
    ``origin``: when the first of its chain of replaces did; ``chain``: their references, oldest first.

    ``twice_mid``: bid plus ask just before it came, 0 when there was none.
    """

    venue: str
    ref: int
    account: str
    owner: str
    symbol: str
    side: str
    price: int
    asked: int
    entered: int
    origin: int
    twice_mid: int
    shares: int = 0
    executed: int = 0
    chain: list[int] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Venue and reference: venues count for themselves, so a reference alone may be that of several orders."""
        return self.venue, self.ref


class OrderTable:
    """All open orders by venue and reference, and those of each owner by symbol."""

    def __init__(self, market: MarketView, limit: int = MAX_ORDERS) -> None:
        self.unknown = 0
        self.forgotten = 0
        self._market = market
        self._limit = limit
        self._orders: OrderedDict[Key, Live] = OrderedDict()
        self._by_owner: dict[tuple[str, str], dict[Key, Live]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def of(self, owner: str, symbol: str) -> dict[Key, Live]:
        """The open orders of an owner in a symbol, by venue and reference."""
        return self._by_owner.get((owner, symbol), {})

    def apply(self, event: OrderEvent) -> Live | None:
        """Take an event; gives its order as it is afterwards, None for none and for one never seen (counted)."""
        if event.event == ENTERED:
            return self._add(event, None)
        if event.event == REPLACED:
            return self._add(event, self._orders.get((event.venue, event.replaces)))
        if event.event not in (REDUCED, EXECUTED):
            return None
        order = self._orders.get((event.venue, event.ref))
        if order is None:
            self.unknown += 1
            return None
        order.shares = max(0, order.shares - event.shares)
        if event.event == EXECUTED:
            order.executed += event.shares
        if order.shares == 0:
            self._remove(order)
        return order

    def replaced(self, event: OrderEvent) -> Live | None:
        """The order that an event `REPLACED` is about to replace; ask before `apply`."""
        return self._orders.get((event.venue, event.replaces))

    def _add(self, event: OrderEvent, old: Live | None) -> Live:
        quote = self._market.quote(event.symbol)
        order = Live(
            venue=event.venue,
            ref=event.ref,
            account=event.account,
            owner=event.owner,
            symbol=event.symbol,
            side=event.side,
            price=event.price,
            asked=event.shares,
            entered=event.t,
            origin=event.t,
            twice_mid=quote.twice_mid if quote is not None else 0,
            shares=event.shares,
            chain=[event.ref],
        )
        if old is not None:
            self._remove(old)
            order.origin, order.executed = old.origin, old.executed
            order.chain = [*old.chain[-MAX_CHAIN + 1 :], event.ref]
        if len(self._orders) >= self._limit:
            self._remove(next(iter(self._orders.values())))
            self.forgotten += 1
        self._orders[order.key] = order
        self._by_owner.setdefault((event.owner, event.symbol), {})[order.key] = order
        return order

    def _remove(self, order: Live) -> None:
        self._orders.pop(order.key, None)
        mine = self._by_owner.get((order.owner, order.symbol))
        if mine is not None:
            mine.pop(order.key, None)
            if not mine:
                del self._by_owner[order.owner, order.symbol]
