"""Own orders by UserRefNum: states, replace chains, fills, positions, cash. Sans-I/O; follows PROTOCOLS §5.1.

What OUCH leaves to the client and is decided here:

- A replace carries the liability of the whole chain (executed shares included), so fills that race with it cannot make
  the position larger than intended.
- An order that dies (filled, cancelled) takes its replace in flight with it: the exchange answers a replace of a dead
  order with silence.
- A message about an order this process does not know (another run of the same day) is adopted, so positions are right
  after a restart that replays the session from its first message. Symbol, side and ClOrdID tell whose order it is: a
  UserRefNum alone says nothing once two runs have used it.
- Dead orders and old fills are forgotten in the order of their end, `MAX_DEAD` and `MAX_FILLS` later.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hftapp.trader.order import ADOPTED, BUY, DAY, SELL, SHORT, Chain, Fill, Order, OrderCounters, State
from protocols import ouch50

MAX_DEAD: Final = 16_384
"""Dead orders remembered: late messages about them are still understood."""
MAX_FILLS: Final = 65_536
"""Executions remembered: a later broken trade among them is still taken back."""
MAX_QUANTITY: Final = 999_999
"""Largest quantity of an order (OUCH 5.0, Enter Order); a replace names the total of its whole chain."""


@dataclass
class Orders:
    """All orders of the day. Methods that ask something of the exchange return the OUCH message to send.

    `run` begins every ClOrdID (at most 4 characters). `adopted`: another run's orders that are not dead.
    """

    firm: str = ""
    run: str = ""
    next_ref: int = 1
    by_ref: dict[int, Order] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    cash: int = 0
    open_notional: int = 0
    counters: OrderCounters = field(default_factory=OrderCounters)
    adopted: dict[int, Order] = field(default_factory=dict)
    _open: dict[str, dict[int, Order]] = field(default_factory=dict)
    _open_count: int = 0
    _dead: deque[Order] = field(default_factory=deque)
    _fills: dict[tuple[int, int], tuple[Order, int, int]] = field(default_factory=dict)

    @property
    def open_count(self) -> int:
        """Orders that are not dead, replaces in flight included."""
        return self._open_count

    def open_orders(self, symbol: str | None = None) -> Iterator[Order]:
        """Orders that are not dead, of one symbol or all; safe against changes while iterating."""
        if symbol is not None:
            yield from tuple(self._open.get(symbol, {}).values())
            return
        for orders in tuple(self._open.values()):
            yield from tuple(orders.values())

    def exposure(self, symbol: str, side: str) -> int:
        """Shares that may still execute on a side; of an order and its replace in flight only the larger counts."""
        total = 0
        for order in self._open.get(symbol, {}).values():
            if order.side != side:
                continue
            if order.replaced_by is not None:
                total += max(order.remaining, order.replaced_by.remaining)
            elif order.replaces is None or order.replaces.state is State.DEAD:
                total += order.remaining
        return total

    def marking(self, symbol: str, side: str, shares: int, replaces: Order | None = None) -> str:
        """The side to tell the exchange: sales beyond the position are short (Regulation SHO, Rule 200(g))."""
        if side == BUY:
            return BUY
        selling = self.exposure(symbol, SELL) + shares - (replaces.remaining if replaces is not None else 0)
        return SHORT if self.positions.get(symbol, 0) < selling else SELL

    def replaceable(self, order: Order, shares: int) -> bool:
        """Whether a replace can do it; otherwise the order has to be cancelled and another one entered.

        A replace keeps the mark of the sale and adds to the quantity of its chain.
        """
        marked = self.marking(order.symbol, order.side, shares, order)
        return marked == order.mark and order.chain.executed + shares <= MAX_QUANTITY

    def enter(
        self, symbol: str, side: str, shares: int, price: int, *, tif: str = DAY, owner: int = 0
    ) -> tuple[Order, bytes]:
        """A new order, its sale marked as the position demands."""
        marked = self.marking(symbol, side, shares)
        order = self._new(symbol, side, price, shares, owner, Chain(), marked)
        options = (ouch50.Option(2, self.firm),) if self.firm else ()
        message = ouch50.EnterOrder(
            user_ref_num=order.ref,
            side=marked,
            quantity=shares,
            symbol=symbol,
            price=price,
            time_in_force=tif,
            display="Y",
            capacity="P",
            inter_market_sweep_eligibility="N",
            cross_type="N",
            cl_ord_id=order.cl_ord_id,
            appendage=options,
        )
        return order, message.encode()

    def replace(self, order: Order, shares: int, price: int) -> tuple[Order, bytes]:
        """Replace a live order by one with `shares` still to execute at `price`; it loses its priority.

        Raises ValueError for an order that is not live, has an answer outstanding or is not `replaceable`.
        """
        if order.state is not State.LIVE or order.busy:
            raise ValueError(
                f"order {order.ref} is {order.state.value}{', busy' if order.busy else ''}: not replaceable"
            )
        if not self.replaceable(order, shares):
            raise ValueError(f"order {order.ref} cannot be replaced by {shares} shares: cancel it and enter another")
        new = self._new(order.symbol, order.side, price, shares, order.owner, order.chain, order.mark)
        new.replaces, order.replaced_by = order, new
        message = ouch50.ReplaceOrder(
            orig_user_ref_num=order.ref,
            user_ref_num=new.ref,
            quantity=order.chain.executed + shares,
            price=price,
            time_in_force=DAY,
            display="Y",
            inter_market_sweep_eligibility="N",
            cl_ord_id=new.cl_ord_id,
        )
        return new, message.encode()

    def cancel(self, order: Order) -> bytes:
        """Cancel the rest of an order; may be repeated without harm."""
        order.cancelling = True
        return ouch50.CancelOrder(user_ref_num=order.ref, quantity=0).encode()

    def on_message(self, message: ouch50.OuchOutbound) -> Fill | None:
        """Apply one message of the exchange; returns the fill it reports, if any."""
        handler = _HANDLERS.get(message.TYPE)
        return handler(self, message) if handler is not None else None

    def expire_all(self, reason: str) -> None:
        """The exchange ended the session for good: what was open is gone with it."""
        for order in self.open_orders():
            self._die(order, reason)

    def _new(self, symbol: str, side: str, price: int, shares: int, owner: int, chain: Chain, mark: str) -> Order:
        order = Order(self.next_ref, symbol, side, price, shares, owner, chain, mark, f"{self.run}{self.next_ref}")
        self.next_ref += 1
        self._track(order)
        return order

    def _track(self, order: Order) -> None:
        self.by_ref[order.ref] = order
        self._open.setdefault(order.symbol, {})[order.ref] = order
        self._open_count += 1
        self._recount(order)

    def _recount(self, order: Order) -> None:
        value = 0 if order.state is State.DEAD else order.remaining * order.price
        self.open_notional += value - order.counted
        order.counted = value

    def _die(self, order: Order, reason: str) -> None:
        """An order is gone, and with it a replace of it that was in flight."""
        if order.state is State.DEAD:
            return
        order.state, order.remaining, order.reason = State.DEAD, 0, reason
        self._open[order.symbol].pop(order.ref, None)
        self._open_count -= 1
        self._recount(order)
        self._forget(order)
        successor, order.replaced_by = order.replaced_by, None
        if successor is not None:
            self._die(successor, f"replaced order {order.ref}: {reason}")

    def _forget(self, order: Order) -> None:
        """Remember a dead order for a while, and another one no longer."""
        if self.adopted.get(order.ref) is order:
            del self.adopted[order.ref]
        self._dead.append(order)
        if len(self._dead) > MAX_DEAD:
            old = self._dead.popleft()
            if self.by_ref.get(old.ref) is old:
                del self.by_ref[old.ref]

    def _reduce(self, order: Order, shares: int, reason: str) -> None:
        order.remaining -= min(shares, order.remaining)
        if order.remaining == 0:
            self._die(order, reason)
        else:
            self._recount(order)

    def _take_off(self, order: Order, shares: int, reason: str) -> None:
        self._reduce(order, shares, reason)
        self.counters.cancelled += shares
        self.counters.cancelled_orders += order.state is State.DEAD

    def _find(self, ref: int) -> Order | None:
        order = self.by_ref.get(ref)
        if order is None:
            self.counters.unknown += 1
        return order

    def _adopt(self, message: ouch50.OrderAccepted | ouch50.OrderReplaced, chain: Chain) -> Order:
        side = BUY if message.side == BUY else SELL
        order = Order(
            message.user_ref_num,
            message.symbol,
            side,
            message.price,
            message.quantity,
            ADOPTED,
            chain,
            message.side,
            message.cl_ord_id,
        )
        self.next_ref = max(self.next_ref, order.ref + 1)
        self.counters.adopted += 1
        self.adopted[order.ref] = order
        self._track(order)
        return order

    def _own(self, message: ouch50.OrderAccepted | ouch50.OrderReplaced) -> Order | None:
        """The order an answer is about, None when it is another run's.

        An order of ours under the same UserRefNum was then ignored by the exchange: that number had been used.
        """
        order = self.by_ref.get(message.user_ref_num)
        if order is None or order.state is State.DEAD:
            return None
        side = BUY if message.side == BUY else SELL
        if (message.symbol, side, message.cl_ord_id) == (order.symbol, order.side, order.cl_ord_id):
            return order
        self._release(order)
        self.counters.lost += 1
        self._die(order, "its UserRefNum belongs to an order of another run")
        return None

    def _release(self, order: Order) -> None:
        """A replace came to nothing: the order it was to replace stands as before."""
        old = order.replaces
        if old is not None and old.replaced_by is order:
            old.replaced_by = None
            old.cancelling = False

    def _settle(self, order: Order, message: ouch50.OrderAccepted | ouch50.OrderReplaced) -> None:
        """What the exchange made of an order: price, exposed shares, reference, live or dead."""
        order.state = State.LIVE
        order.price, order.remaining = message.price, message.quantity
        order.reference = message.order_reference_number
        self._recount(order)
        if message.order_state == "D" or order.remaining == 0:
            self._die(order, "accepted dead")

    def _accepted(self, message: ouch50.OrderAccepted) -> None:
        self.counters.accepted += 1
        order = self._own(message) or self._adopt(message, Chain())
        self._settle(order, message)

    def _replaced(self, message: ouch50.OrderReplaced) -> None:
        self.counters.accepted += 1
        self.counters.accepted_replaces += 1
        old = self.by_ref.get(message.orig_user_ref_num)
        new = self._own(message) or self._adopt(message, old.chain if old else Chain())
        if old is not None:
            old.replaced_by = None
            self._die(old, f"replaced by {new.ref}")
        new.replaces = None
        self._settle(new, message)

    def _cancelled(self, message: ouch50.OrderCanceled) -> None:
        order = self._find(message.user_ref_num)
        if order is not None:
            reason = ouch50.CANCEL_REASONS.get(message.reason, message.reason)
            self._take_off(order, message.quantity, f"cancelled: {reason}")

    def _aiq_cancelled(self, message: ouch50.AiqCanceled) -> None:
        order = self._find(message.user_ref_num)
        if order is not None:
            self._take_off(order, message.decrement_shares, "cancelled: self-match prevention")

    def _executed(self, message: ouch50.OrderExecuted) -> Fill | None:
        order = self._find(message.user_ref_num)
        if order is None:
            return None
        shares = message.quantity
        order.chain.executed += shares
        self._fills[order.ref, message.match_number] = (order, shares, message.price)
        if len(self._fills) > MAX_FILLS:
            del self._fills[next(iter(self._fills))]
        self._book_fill(order, shares, message.price)
        counters = self.counters
        counters.executions += 1
        counters.executed_shares += shares
        if order.side == BUY:
            counters.bought_shares += shares
        else:
            counters.sold_shares += shares
        self._reduce(order, shares, "filled")
        return Fill(order, shares, message.price, message.match_number)

    def _book_fill(self, order: Order, shares: int, price: int) -> None:
        signed = shares if order.side == BUY else -shares
        self.positions[order.symbol] = self.positions.get(order.symbol, 0) + signed
        self.cash -= signed * price

    def _broken(self, message: ouch50.BrokenTrade) -> Fill | None:
        fill = self._fills.pop((message.user_ref_num, message.match_number), None)
        if fill is None:
            self.counters.unknown += 1
            return None
        order, shares, price = fill
        self.counters.broken += 1
        self._book_fill(order, -shares, price)
        return Fill(order, -shares, price, message.match_number)

    def _rejected(self, message: ouch50.Rejected) -> None:
        self.counters.rejected += 1
        order = self._find(message.user_ref_num)
        if order is None:
            return
        self._release(order)
        reason = ouch50.REJECT_REASONS.get(message.reason, f"0x{message.reason:04X}")
        self._die(order, f"rejected: {reason}")

    def _cancel_refused(self, message: ouch50.CancelReject) -> None:
        order = self._find(message.user_ref_num)
        if order is not None:
            order.cancelling = False

    def _priority(self, message: ouch50.OrderPriorityUpdate) -> None:
        order = self._find(message.user_ref_num)
        if order is not None:
            order.price, order.reference = message.price, message.order_reference_number
            self._recount(order)

    def _modified(self, message: ouch50.OrderModified) -> None:
        order = self._find(message.user_ref_num)
        if order is not None and order.state is not State.DEAD:
            self._reduce(order, max(0, order.remaining - message.quantity), "modified to 0")

    def _queried(self, message: ouch50.AccountQueryResponse) -> None:
        """Everything sent before the query has been answered by now; what has not, never arrived or was ignored."""
        for order in self.open_orders():
            if order.state is State.PENDING:
                if order.replaces is not None:
                    order.replaces.replaced_by = None
                self.counters.lost += 1
                self._die(order, "never answered by the exchange")
            else:
                order.cancelling = False
        self.next_ref = max(self.next_ref, message.next_user_ref_num)


_HANDLERS: dict[str, Callable[[Orders, Any], Fill | None]] = {
    "A": Orders._accepted,
    "U": Orders._replaced,
    "C": Orders._cancelled,
    "D": Orders._aiq_cancelled,
    "E": Orders._executed,
    "B": Orders._broken,
    "J": Orders._rejected,
    "I": Orders._cancel_refused,
    "T": Orders._priority,
    "M": Orders._modified,
    "Q": Orders._queried,
}
