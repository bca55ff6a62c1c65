"""Orders and fills out of the journal: each OUCH message moves the state of the order it names.

OUCH 5.0: a UserRefNum names an order on its venue; a replace is a new order in place of the old one; executed and
cancelled quantities are increments. What the exchange says again to a trader that comes back changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from office.dashboard.rows import Rows
from office.repeats import Repeats
from protocols import ouch50

_ISO: Final = "Y"
_DEAD: Final = "D"
_PENDING_LIMIT: Final = 10_000


@dataclass(slots=True)
class Order:
    """An order as the office sees it. Times in ns UTC, prices in price4; `notional` is the sum of price times shares
    of its executions."""

    server: int
    venue: int
    reference: int
    time: int
    symbol: str
    side: str
    price: int
    shares: int
    tif: str
    replaces: int = 0
    changed: int = 0
    executed: int = 0
    leaves: int = 0
    notional: int = 0
    state: str = "sent"
    reason: str = ""
    strategy: int = -1
    cause: str = ""
    open: bool = True
    accepted: bool = False
    row: int = 0


@dataclass(slots=True)
class Fill:
    """One execution."""

    order: Order
    time: int
    price: int
    shares: int
    match: int
    liquidity: str
    broken: bool = False
    row: int = 0


Executed = Callable[[int, str, str, int, int, int], None]
"""Server, symbol, side, shares (negative: broken), price4, time in ns UTC."""


class Blotter:
    """All orders of all servers. `executed` is told of every execution and of every one that is broken."""

    def __init__(self, orders: Rows, fills: Rows, executed: Executed) -> None:
        self._orders = orders
        self._fills = fills
        self._executed = executed
        self._known: dict[tuple[int, int, int], Order] = {}
        self._why: dict[tuple[int, int, int], tuple[int, str]] = {}
        self._matches: dict[tuple[int, int, int], Fill] = {}
        self._repeats = Repeats()
        self.unknown = 0

    def sent(self, server: int, venue: int, message: ouch50.OuchInbound, time: int) -> None:
        """A message that the trader sent."""
        if isinstance(message, ouch50.EnterOrder):
            order = Order(
                *(server, venue, message.user_ref_num, time, message.symbol, message.side, message.price),
                *(message.quantity, _tif(message.time_in_force, message.inter_market_sweep_eligibility)),
            )
            self._add(order)
        elif isinstance(message, ouch50.ReplaceOrder):
            old = self._find(server, venue, message.orig_user_ref_num)
            if old is None:
                return
            order = Order(
                *(server, venue, message.user_ref_num, time, old.symbol, old.side, message.price, message.quantity),
                _tif(message.time_in_force, message.inter_market_sweep_eligibility),
                replaces=old.reference,
            )
            self._add(order)
            self._move(old, time, "replacing")
        elif isinstance(message, ouch50.CancelOrder):
            order_ = self._find(server, venue, message.user_ref_num)
            if order_ is not None and order_.open:
                self._move(order_, time, "cancelling")

    def answered(self, server: int, venue: int, message: ouch50.OuchOutbound, time: int) -> bool:
        """A message that the exchange sent; gives whether it is the first time."""
        step = next((step for kind, step in _STEPS if isinstance(message, kind)), None)
        reference = getattr(message, "user_ref_num", None)
        if step is None or reference is None:
            return True
        if self._repeats.again((server, venue), message):
            return False
        if isinstance(message, ouch50.OrderAccepted | ouch50.OrderReplaced):
            self._enter(server, venue, message, time)
        order = self._find(server, venue, reference)
        if order is not None:
            step(self, order, message, time)
        return True

    def explain(self, server: int, venue: int, reference: int, strategy: int, cause: str) -> None:
        """The decision that led to an order; it may come before or after the order itself."""
        order = self._known.get((server, venue, reference))
        if order is not None:
            order.strategy, order.cause = strategy, cause
            self._orders.touch(order.row)
            return
        self._why[server, venue, reference] = strategy, cause
        if len(self._why) > _PENDING_LIMIT:
            del self._why[next(iter(self._why))]

    def forget(self, server: int) -> None:
        """A server's orders and fills are no longer there."""
        self._orders.forget(server)
        self._fills.forget(server)
        self._known = {key: order for key, order in self._known.items() if key[0] != server}
        self._why = {key: why for key, why in self._why.items() if key[0] != server}
        self._matches = {key: fill for key, fill in self._matches.items() if key[0] != server}
        self._repeats.forget(server)

    def _enter(self, server: int, venue: int, message: ouch50.OrderAccepted | ouch50.OrderReplaced, time: int) -> None:
        """An order of an earlier run with another journal, which the exchange tells of again; what the number stood
        for on another day is over."""
        known = self._known.get((server, venue, message.user_ref_num))
        if known is not None and not known.accepted:
            return
        order = Order(
            *(server, venue, message.user_ref_num, time, message.symbol, message.side, message.price),
            *(message.quantity, _tif(message.time_in_force, message.inter_market_sweep_eligibility)),
        )
        if isinstance(message, ouch50.OrderReplaced):
            order.replaces = message.orig_user_ref_num
        self._add(order)

    def _add(self, order: Order) -> None:
        key = order.server, order.venue, order.reference
        order.strategy, order.cause = self._why.pop(key, (-1, ""))
        order.changed, order.leaves = order.time, order.shares
        self._known[key] = order
        order.row = self._orders.add(order)
        self._forget()

    def _forget(self) -> None:
        """The oldest closed orders go; open ones stay known, and come back into the table when they move."""
        if len(self._known) <= 2 * self._orders.table.limit:
            return
        for key, order in list(self._known.items())[: self._orders.table.limit]:
            if not order.open:
                del self._known[key]

    def _find(self, server: int, venue: int, reference: int) -> Order | None:
        order = self._known.get((server, venue, reference))
        if order is None:
            self.unknown += 1
        return order

    def _move(self, order: Order, time: int, state: str, *, reason: str = "", closed: bool = False) -> None:
        order.state, order.changed = state, time
        order.reason = reason or order.reason
        if closed:
            order.open = False
            order.leaves = 0
        if order.row in self._orders:
            self._orders.touch(order.row)
        else:
            order.row = self._orders.add(order)

    def _accepted(self, order: Order, message: ouch50.OrderAccepted, time: int) -> None:
        order.accepted = True
        order.price, order.shares, order.leaves = message.price, message.quantity, message.quantity
        dead = message.order_state == _DEAD
        self._move(order, time, "dead" if dead else "working", closed=dead)

    def _replaced(self, order: Order, message: ouch50.OrderReplaced, time: int) -> None:
        old = self._find(order.server, order.venue, message.orig_user_ref_num)
        if old is not None:
            self._move(old, time, "replaced", closed=True)
        order.accepted = True
        order.price, order.leaves = message.price, message.quantity
        dead = message.order_state == _DEAD
        self._move(order, time, "dead" if dead else "working", closed=dead)

    def _taken_off(self, order: Order, shares: int, reason: str, time: int) -> None:
        order.leaves = max(order.leaves - shares, 0)
        closed = order.leaves == 0
        self._move(order, time, "cancelled" if closed else "working", reason=reason, closed=closed)

    def _cancelled(self, order: Order, message: ouch50.OrderCanceled, time: int) -> None:
        self._taken_off(order, message.quantity, ouch50.CANCEL_REASONS[message.reason], time)

    def _prevented(self, order: Order, message: ouch50.AiqCanceled, time: int) -> None:
        self._taken_off(order, message.decrement_shares, "self-match prevention", time)

    def _filled(self, order: Order, message: ouch50.OrderExecuted, time: int) -> None:
        order.executed += message.quantity
        order.notional += message.quantity * message.price
        order.leaves = max(order.leaves - message.quantity, 0)
        flag = ouch50.LIQUIDITY_FLAGS.get(message.liquidity_flag, message.liquidity_flag)
        fill = Fill(order, time, message.price, message.quantity, message.match_number, flag)
        fill.row = self._fills.add(fill)
        self._matches[order.server, order.venue, message.match_number] = fill
        if len(self._matches) > 2 * self._fills.table.limit:
            del self._matches[next(iter(self._matches))]
        closed = order.leaves == 0
        self._move(order, time, "filled" if closed else "partial", closed=closed)
        self._executed(order.server, order.symbol, order.side, message.quantity, message.price, time)

    def _broken(self, order: Order, message: ouch50.BrokenTrade, time: int) -> None:
        fill = self._matches.get((order.server, order.venue, message.match_number))
        if fill is None or fill.broken:
            self.unknown += fill is None
            return
        fill.broken = True
        self._fills.touch(fill.row)
        order.executed -= fill.shares
        order.notional -= fill.shares * fill.price
        self._move(order, time, order.state, reason=f"trade {fill.match} broken")
        self._executed(order.server, order.symbol, order.side, -fill.shares, fill.price, time)

    def _rejected(self, order: Order, message: ouch50.Rejected, time: int) -> None:
        reason = ouch50.REJECT_REASONS.get(message.reason, f"reason {message.reason:#06x}")
        self._move(order, time, "rejected", reason=reason, closed=True)
        old = self._known.get((order.server, order.venue, order.replaces)) if order.replaces else None
        if old is not None and old.open:
            self._move(old, time, "working")

    def _pending(self, order: Order, _message: ouch50.CancelPending, time: int) -> None:
        self._move(order, time, "cancel pending")

    def _kept(self, order: Order, _message: ouch50.CancelReject, time: int) -> None:
        self._move(order, time, "working", reason="cancel refused")

    def _modified(self, order: Order, message: ouch50.OrderModified, time: int) -> None:
        order.side, order.leaves = message.side, message.quantity
        self._move(order, time, order.state)

    def _requeued(self, order: Order, message: ouch50.OrderPriorityUpdate, time: int) -> None:
        order.price = message.price
        self._move(order, time, order.state)


_STEPS: Final[tuple[tuple[type[ouch50.OuchOutbound], Callable[..., None]], ...]] = (
    (ouch50.OrderAccepted, Blotter._accepted),
    (ouch50.OrderReplaced, Blotter._replaced),
    (ouch50.OrderCanceled, Blotter._cancelled),
    (ouch50.AiqCanceled, Blotter._prevented),
    (ouch50.OrderExecuted, Blotter._filled),
    (ouch50.BrokenTrade, Blotter._broken),
    (ouch50.Rejected, Blotter._rejected),
    (ouch50.CancelPending, Blotter._pending),
    (ouch50.CancelReject, Blotter._kept),
    (ouch50.OrderModified, Blotter._modified),
    (ouch50.OrderPriorityUpdate, Blotter._requeued),
)


def _tif(code: str, iso: str) -> str:
    name = ouch50.TIMES_IN_FORCE.get(code, code)
    return f"{name}, ISO" if iso == _ISO else name


def order_row(order: Order, strategy: str) -> Sequence[Any]:
    """The row of the table `orders`."""
    return (
        *(order.server, order.venue, order.reference, order.replaces, order.time / 1e6, order.changed / 1e6),
        *(order.price, order.shares, order.executed, order.leaves, order.notional, order.open),
        *(order.side, order.symbol, order.state, order.reason, order.tif, strategy, order.cause),
    )


def fill_row(fill: Fill, strategy: str) -> Sequence[Any]:
    """The row of the table `fills`."""
    order = fill.order
    return (
        *(order.server, order.venue, order.reference, fill.time / 1e6, fill.price, fill.shares, fill.match),
        *(fill.broken, order.side, order.symbol, fill.liquidity, strategy),
    )
