"""The firm's books out of its drop copy: open orders, positions, cash. Pure: messages in, what changed out.

Money is price4 times shares. A UserRefNum names an order of a user on a venue; executed and cancelled quantities are
increments, those of a modify what is left (OUCH 5.0 §5.3). What is said again changes nothing (`office.repeats`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from office.monitor.copies import Copy
from office.repeats import Repeats
from protocols import ouch50
from protocols.ouch50_codes import REMOVED_FLAGS
from store.surveillance.events import BY_OWNER, ENTERED, EXECUTED, REDUCED, REJECTED, REPLACED, OrderEvent

OWNER: Final = "firm"
MAX_EXECUTIONS: Final = 1_000_000
"""So many executions can still be broken; older ones are forgotten."""
_DEAD: Final = "D"
_SELF_MATCH: Final = "Q"

Key = tuple[str, str, int]


@dataclass(slots=True)
class Order:
    """An open order of the firm: `leaves` shares can still trade. `ref`: the exchange's reference number."""

    venue: str
    user: str
    ref: int
    symbol: str
    buy: bool
    price: int
    leaves: int


@dataclass(slots=True)
class Holding:
    """One symbol: shares held (negative: short), shares bought and sold, `cash` (price4 times shares) paid and got;
    `last`: the price of the latest execution."""

    symbol: str
    shares: int = 0
    bought: int = 0
    sold: int = 0
    cash: int = 0
    last: int = 0
    open_buy: int = 0
    open_sell: int = 0
    open_notional: int = 0

    def trade(self, buy: bool, shares: int, price: int) -> None:
        """An execution; with negative shares one that was broken."""
        signed = shares if buy else -shares
        self.shares += signed
        self.cash -= signed * price
        if buy:
            self.bought += shares
        else:
            self.sold += shares

    def rest(self, order: Order, shares: int) -> None:
        """So many shares more (or with a negative number fewer) of an order can trade."""
        if order.buy:
            self.open_buy += shares
        else:
            self.open_sell += shares
        self.open_notional += shares * order.price


@dataclass(slots=True)
class FirmBooks:
    """All of the firm's orders and holdings. ``messages``: orders, replaces, own cancels and what was refused;
    ``executions``: those not broken; ``unknown``: messages about orders that were never seen."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    orders: dict[Key, Order] = field(default_factory=dict)
    messages: int = 0
    executions: int = 0
    broken: int = 0
    unknown: int = 0
    _done: dict[tuple[Key, int], tuple[str, bool, int, int]] = field(default_factory=dict)
    _repeats: Repeats = field(default_factory=Repeats)

    def apply(self, copy: Copy) -> Iterator[OrderEvent]:
        """Take one message; gives what happened to orders, for surveillance."""
        message = copy.message
        if self._repeats.again((copy.user, copy.venue), message):
            return
        match message:
            case ouch50.OrderReplaced():
                yield from self._enter(copy, message, message.orig_user_ref_num)
            case ouch50.OrderAccepted():
                yield from self._enter(copy, message, 0)
            case ouch50.OrderExecuted():
                yield from self._execute(copy, message)
            case ouch50.OrderCanceled():
                self.messages += message.reason == BY_OWNER
                yield from self._reduce(copy, message.user_ref_num, message.quantity, str(message.reason))
            case ouch50.AiqCanceled():
                yield from self._reduce(copy, message.user_ref_num, message.decrement_shares, _SELF_MATCH)
            case ouch50.OrderModified():
                self.messages += 1
                order = self.orders.get((copy.venue, copy.user, message.user_ref_num))
                off = 0 if order is None else order.leaves - message.quantity
                if order is None or off > 0:
                    yield from self._reduce(copy, message.user_ref_num, off, BY_OWNER)
            case ouch50.Rejected():
                # Of a request that was refused nothing is known but who sent it.
                self.messages += 1
                account = copy.account or copy.user
                yield OrderEvent(message.timestamp, REJECTED, copy.venue, "", account, OWNER, 0)
            case ouch50.BrokenTrade():
                self._break(copy, message)

    def holding(self, symbol: str) -> Holding:
        """The holding of a symbol, made when it is not there yet."""
        return self.holdings.setdefault(symbol, Holding(symbol))

    def _enter(
        self, copy: Copy, message: ouch50.OrderAccepted | ouch50.OrderReplaced, replaces: int
    ) -> Iterator[OrderEvent]:
        self.messages += 1
        old = self._forget((copy.venue, copy.user, replaces)) if replaces else None
        # A number is used once; if it comes again, what it stood for before is gone.
        self._forget((copy.venue, copy.user, message.user_ref_num))
        order = Order(
            venue=copy.venue,
            user=copy.user,
            ref=message.order_reference_number,
            symbol=message.symbol,
            buy=message.side == "B",
            price=message.price,
            leaves=0 if message.order_state == _DEAD else message.quantity,
        )
        if order.leaves:
            self.orders[copy.venue, copy.user, message.user_ref_num] = order
            self.holding(order.symbol).rest(order, order.leaves)
        kind = REPLACED if old is not None else ENTERED
        event = _event(copy, order, kind, message.quantity, order.price)
        yield event._replace(replaces=old.ref) if old is not None else event

    def _forget(self, key: Key) -> Order | None:
        order = self.orders.pop(key, None)
        if order is not None:
            self.holding(order.symbol).rest(order, -order.leaves)
        return order

    def _execute(self, copy: Copy, message: ouch50.OrderExecuted) -> Iterator[OrderEvent]:
        key = copy.venue, copy.user, message.user_ref_num
        order = self.orders.get(key)
        if order is None:
            self.unknown += 1
            return
        holding = self.holding(order.symbol)
        holding.trade(order.buy, message.quantity, message.price)
        holding.last = message.price
        self.executions += 1
        self._done[key, message.match_number] = order.symbol, order.buy, message.quantity, message.price
        if len(self._done) > MAX_EXECUTIONS:
            del self._done[next(iter(self._done))]
        self._take_off(key, order, message.quantity)
        event = _event(copy, order, EXECUTED, message.quantity, message.price)
        yield event._replace(match=message.match_number, aggressive=message.liquidity_flag in REMOVED_FLAGS)

    def _reduce(self, copy: Copy, reference: int, shares: int, reason: str) -> Iterator[OrderEvent]:
        key = copy.venue, copy.user, reference
        order = self.orders.get(key)
        if order is None:
            self.unknown += 1
            return
        shares = min(shares, order.leaves)
        self._take_off(key, order, shares)
        yield _event(copy, order, REDUCED, shares, order.price)._replace(reason=reason)

    def _take_off(self, key: Key, order: Order, shares: int) -> None:
        shares = min(shares, order.leaves)
        order.leaves -= shares
        self.holding(order.symbol).rest(order, -shares)
        if not order.leaves:
            del self.orders[key]

    def _break(self, copy: Copy, message: ouch50.BrokenTrade) -> None:
        """An execution is void: shares and cash go back, the order does not come back (OUCH 5.0 `B`)."""
        done = self._done.pop(((copy.venue, copy.user, message.user_ref_num), message.match_number), None)
        if done is None:
            self.unknown += 1
            return
        symbol, buy, shares, price = done
        self.holding(symbol).trade(buy, -shares, price)
        self.executions -= 1
        self.broken += 1


def _event(copy: Copy, order: Order, event: str, shares: int, price: int) -> OrderEvent:
    return OrderEvent(
        t=copy.message.timestamp,
        event=event,
        venue=copy.venue,
        symbol=order.symbol,
        account=copy.account or copy.user,
        owner=OWNER,
        ref=order.ref,
        side="B" if order.buy else "S",
        price=price,
        shares=shares,
    )
