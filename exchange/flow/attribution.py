"""A market that also tells who did what: every event of every order with the account and its owner.

The feed does not say whose an order is, and an order log has one firm's. This is what the exchange itself knows, as a
regulator would ask for it; surveillance is tried on it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, Self

from exchange.book import Book
from exchange.entry_events import EntryEvents
from exchange.flow.agent_account import AgentAccount
from exchange.market import Market
from exchange.orders import Order
from exchange.sink import CANCEL_SELF_MATCH, CANCEL_USER

HOUSE_ACCOUNTS: Final = 200
ATTRIBUTION: Final = "attribution.jsonl"


class AttributedEvent(NamedTuple):
    """What happened to an order. ``event``: entered, replaced, reduced, executed or rejected. Times are ns since
    midnight, ``price`` is price4, ``reason`` that of OUCH 5.0 §5.5."""

    t: int
    event: str
    venue: str
    symbol: str
    account: str
    owner: str
    ref: int
    side: str
    price: int
    shares: int
    match: int = 0
    replaces: int = 0
    aggressive: bool = False
    reason: str = CANCEL_USER


class Listener(Protocol):
    """Is told everything, in the order of the engine."""

    def order(self, event: AttributedEvent) -> None:
        """Something happened to an order."""

    def quote(self, *quote: Any) -> None:
        """The best displayed prices changed: time, symbol, bid, shares, ask, shares; 0 where a side is empty."""

    def trade(self, *trade: Any) -> None:
        """A trade: time, symbol, price, shares, match."""


class AttributionLog:
    """Writes all of it to a file: a JSON list a line, its kind (`order`, `quote`, `trade`) first. Raises OSError.

    A session that is resumed goes through its past once more: the file is written anew.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def order(self, event: AttributedEvent) -> None:
        """Write a line."""
        self._write("order", event)

    def quote(self, *quote: Any) -> None:
        """Write a line."""
        self._write("quote", quote)

    def trade(self, *trade: Any) -> None:
        """Write a line."""
        self._write("trade", trade)

    def _write(self, kind: str, values: tuple[Any, ...]) -> None:
        self._file.write(json.dumps([kind, *values], separators=(",", ":")) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class AttributedMarket(Market):
    """A market with a listener; all other arguments are those of `Market`.

    The house stands for many participants: its orders are spread over ``HOUSE_ACCOUNTS`` accounts of as many owners.
    """

    def __init__(self, listener: Listener, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._listener = listener
        self._best: dict[str, tuple[int, int, int, int]] = {}
        self.watchers.append(self)

    def accepted(self, order: Order) -> None:
        """Entered."""
        super().accepted(order)
        self._tell("entered", order, order.open_shares(), order.price)

    def rejected(self, order: Order, reason: int) -> None:
        """Rejected."""
        super().rejected(order, reason)
        self._tell("rejected", order, order.open_shares(), order.price)

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        """Replaced; of the house's accounts the new order has that of the old one."""
        super().replaced(old, new, withdrawn)
        if new.party is None:
            new.ticket = self._house(old)
        self._tell("replaced", new, new.open_shares(), new.price, replaces=old.ref)

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """Executed, for either side."""
        super().executed(maker, taker, shares, price, match)
        front = maker if maker.front is None else maker.front
        self._tell("executed", front, shares, price, match=match)
        self._tell("executed", taker, shares, price, match=match, aggressive=True)
        self._listener.trade(self.time, maker.book.symbol, price, shares, match)

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        """Executed, in a cross, where nobody takes."""
        super().auctioned(order, shares, shown, price, match, cross)
        self._tell("executed", order, shares, price, match=match)

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        """Reduced."""
        super().cancelled(order, shares, shown, reason)
        self._tell("reduced", order, shares, order.price, reason=reason)

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        """Reduced, by self-match prevention."""
        super().prevented(order, maker, taker, decrement, shown, shares, price, strategy)
        self._tell("reduced", order, decrement, order.price, reason=CANCEL_SELF_MATCH)

    def modified(self, order: Order, shares: int, shown: int) -> None:
        """Reduced."""
        super().modified(order, shares, shown)
        self._tell("reduced", order, shares, order.price)

    def traded(self, book: Book, price: int, shares: int, time: int) -> None:
        """A watcher is told of trades; `executed` has them already."""

    def settled(self, book: Book, time: int) -> None:
        """Tell the best prices when they have changed."""
        bid, ask = book.bids.best_displayed(), book.asks.best_displayed()
        best = (bid.price, bid.shares) if bid else (0, 0), (ask.price, ask.shares) if ask else (0, 0)
        now = (*best[0], *best[1])
        if self._best.get(book.symbol) != now:
            self._best[book.symbol] = now
            self._listener.quote(time, book.symbol, *now)

    def _tell(
        self,
        event: str,
        order: Order,
        shares: int,
        price: int,
        match: int = 0,
        replaces: int = 0,
        aggressive: bool = False,
        reason: str = CANCEL_USER,
    ) -> None:
        account, owner = self._whose(order)
        side = "B" if order.buy else "S"
        self._listener.order(
            AttributedEvent(
                self.time,
                event,
                self.name,
                order.book.symbol,
                account,
                owner,
                order.ref,
                side,
                price,
                shares,
                match,
                replaces,
                aggressive,
                reason,
            )
        )

    def _whose(self, order: Order) -> tuple[str, str]:
        """The account, and who owns it."""
        if order.party is None:
            name = self._house(order)
            return name, name
        participant = self.participant(order.owner)
        if isinstance(participant, EntryEvents):
            return participant.account.login.user, participant.account.login.firm
        assert isinstance(participant, AgentAccount), f"{participant!r} has no account"
        return participant.firm, f"O{order.party.organisation or order.party.firm}"

    def _house(self, order: Order) -> str:
        """The account of the house that an order belongs to, kept with the order."""
        if order.ticket is None:
            order.ticket = f"H{(order.ref * 0x9E37_79B9_7F4A_7C15 % 2**64 >> 32) % HOUSE_ACCOUNTS:03}"
        return str(order.ticket)
