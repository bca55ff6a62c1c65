"""A market without wires and a participant that keeps what it is told, for the tests of the trading day."""

from typing import Any

from exchange.clock import SECOND
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.orders import Order, limit_order
from exchange.participant import Participant
from protocols import itch50
from protocols.itch50 import ItchMessage

NINE_THIRTY = 34_200 * SECOND
MINUTE = 60 * SECOND


class Trader(Participant):
    """Events of its orders as (what, token, …)."""

    def __init__(self, market: Market) -> None:
        self.owner = market.join(self)
        self.events: list[tuple[Any, ...]] = []

    def take(self) -> list[tuple[Any, ...]]:
        """The events since the last call."""
        events, self.events = self.events, []
        return events

    def accepted(self, order: Order) -> None:
        self.events.append(("accepted", order.token))

    def rejected(self, order: Order, reason: int) -> None:
        self.events.append(("rejected", order.token, int(reason)))

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        self.events.append(("replaced", old.token, new.token, new.shares))

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        self.events.append(("executed", maker.token, taker.token, shares, price, match))

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        self.events.append(("auctioned", order.token, shares, price, match, chr(cross)))

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        self.events.append(("cancelled", order.token, shares, reason))

    def broken(self, token: int, match: int, reason: str, now: int) -> None:
        self.events.append(("broken", token, match, reason))


class Floor:
    """One market with symbols at a previous close, and one trader. Tokens count from 1."""

    def __init__(self, *symbols: str, close: int = 1_000_000, now: int = NINE_THIRTY - 30 * MINUTE) -> None:
        self.market = Market(Publisher("S", []), entry_closes="E")
        for symbol in symbols or ("AAPL",):
            self.market.list_symbol(symbol, price=close)
        self.trader = Trader(self.market)
        self.now = now
        self.tokens = 0
        self._read = 0

    def order(self, side: str, shares: int, price: int, symbol: str = "AAPL", **fields: Any) -> Order:
        """An order that is not entered yet."""
        self.tokens += 1
        ref = self.market.engine.next_reference()
        book = self.market.book(symbol)
        order = limit_order(book, side == "B", shares, price, ref, self.trader.owner, self.tokens)
        for name, value in fields.items():
            assert hasattr(order, name), name
            setattr(order, name, value)
        return order

    def enter(self, side: str, shares: int, price: int, symbol: str = "AAPL", **fields: Any) -> Order:
        """Enter an order a microsecond after the last one."""
        self.now += 1_000
        order = self.order(side, shares, price, symbol, **fields)
        self.market.enter(order, self.now)
        return order

    def news(self) -> list[ItchMessage]:
        """The feed since the last call."""
        publisher = self.market.publisher
        messages = publisher.read(self._read + 1, len(publisher))
        self._read += len(messages)
        return [itch50.decode(data) for data in messages]

    def types(self) -> str:
        """The types of the feed's messages since the last call."""
        return "".join(message.TYPE for message in self.news())
