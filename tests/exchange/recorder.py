"""A sink that records: every event as a value, copied at the moment of the call, because orders go on changing.

Orders are named by their references. A reserve order's second entry is told by ``from_reserve``, its order by the same
reference as the first one.
"""

from dataclasses import dataclass

from exchange.orders import Order
from exchange.sink import Sink


@dataclass(slots=True)
class Accepted:
    ref: int
    shares: int
    price: int


@dataclass(slots=True)
class Rejected:
    ref: int
    reason: int


@dataclass(slots=True)
class Replaced:
    old: int
    ref: int
    shares: int
    price: int
    withdrawn: bool


@dataclass(slots=True)
class Rested:
    """``shares`` are those of the order's own entry, ``open`` the reserve's too."""

    ref: int
    shown_ref: int
    replaces: int
    shares: int
    open: int
    price: int


@dataclass(slots=True)
class Executed:
    """What is left after the trade: of the maker's entry, of the whole maker, of the taker; and both chains' totals."""

    maker: int
    shown_ref: int
    from_reserve: bool
    taker: int
    shares: int
    price: int
    match: int
    entry_left: int
    maker_left: int
    taker_left: int
    maker_executed: int
    taker_executed: int


@dataclass(slots=True)
class Auctioned:
    ref: int
    shares: int
    shown: int
    price: int
    match: int
    cross: int
    left: int


@dataclass(slots=True)
class Prevented:
    ref: int
    decrement: int
    shown: int
    shares: int
    price: int
    strategy: str
    left: int


@dataclass(slots=True)
class Cancelled:
    ref: int
    shares: int
    shown: int
    reason: str
    left: int


@dataclass(slots=True)
class Modified:
    ref: int
    shares: int
    shown: int
    left: int


@dataclass(slots=True)
class Shrunk:
    ref: int
    shown_ref: int
    shown: int
    left: int


@dataclass(slots=True)
class Restated:
    ref: int
    shown_ref: int
    shares: int
    left: int
    price: int


Event = (
    Accepted
    | Rejected
    | Replaced
    | Rested
    | Executed
    | Auctioned
    | Prevented
    | Cancelled
    | Modified
    | Shrunk
    | Restated
)


class Recorder(Sink):
    """Keeps the events of one engine until they are taken."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self) -> list[Event]:
        """The events since the last call."""
        events, self.events = self.events, []
        return events

    def accepted(self, order: Order) -> None:
        self.events.append(Accepted(order.ref, order.shares, order.price))

    def rejected(self, order: Order, reason: int) -> None:
        self.events.append(Rejected(order.ref, int(reason)))

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        self.events.append(Replaced(old.ref, new.ref, new.shares, new.price, bool(withdrawn)))

    def rested(self, order: Order, replaces: int) -> None:
        self.events.append(Rested(order.ref, order.shown_ref, replaces, order.shares, order.open_shares(), order.price))

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        order = maker.front or maker
        self.events.append(
            Executed(
                order.ref,
                order.shown_ref,
                maker.front is not None,
                taker.ref,
                shares,
                price,
                match,
                maker.shares,
                order.open_shares(),
                taker.open_shares(),
                order.executed,
                taker.executed,
            )
        )

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        self.events.append(Auctioned(order.ref, shares, shown, price, match, cross, order.open_shares()))

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
        left = (order.front or order).open_shares()
        self.events.append(Prevented(order.ref, decrement, shown, shares, price, chr(strategy), left))

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        self.events.append(Cancelled(order.ref, shares, shown, reason, (order.front or order).open_shares()))

    def modified(self, order: Order, shares: int, shown: int) -> None:
        self.events.append(Modified(order.ref, shares, shown, order.open_shares()))

    def shrunk(self, order: Order, shown: int) -> None:
        self.events.append(Shrunk(order.ref, order.shown_ref, shown, order.open_shares()))

    def restated(self, order: Order) -> None:
        self.events.append(Restated(order.ref, order.shown_ref, order.shares, order.open_shares(), order.price))
