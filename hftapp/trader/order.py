"""The words of the order state machine: sides, states, an order, a fill, the counters."""

import enum
from dataclasses import dataclass
from typing import NamedTuple

BUY, SELL = "B", "S"
DAY, IOC = "0", "3"
SHORT = "T"
ADOPTED = -1


class State(enum.Enum):
    """Life of an order: sent, on the book, gone. Replaces and cancels in flight are attributes, not states."""

    PENDING = "pending"
    LIVE = "live"
    DEAD = "dead"


@dataclass(slots=True)
class Chain:
    """An order and everything that replaced it: the executed shares count against every later total."""

    executed: int = 0


@dataclass(slots=True, eq=False)
class Order:
    """One UserRefNum. `remaining` = shares that may still execute. `side` is `B` or `S` (short sales are `S` too).

    `mark` is the side as the exchange was told it, `owner` the number of the desk (`ADOPTED`: another run's order).
    """

    ref: int
    symbol: str
    side: str
    price: int
    remaining: int
    owner: int
    chain: Chain
    mark: str = ""
    cl_ord_id: str = ""
    state: State = State.PENDING
    replaces: "Order | None" = None
    replaced_by: "Order | None" = None
    cancelling: bool = False
    reference: int = 0
    reason: str = ""
    counted: int = 0

    @property
    def busy(self) -> bool:
        """Whether an answer of the exchange is outstanding, so that nothing more should be asked of it."""
        return self.state is State.PENDING or self.cancelling or self.replaced_by is not None


class Fill(NamedTuple):
    """Shares executed (negative: a fill that was broken), at price4, with the exchange's match number."""

    order: Order
    shares: int
    price: int
    match: int


@dataclass
class OrderCounters:
    """What the exchange said since the start. `accepted` counts enters and replaces (`accepted_replaces`: those alone).

    `cancelled` is in shares, like `executed_shares`.
    """

    accepted: int = 0
    accepted_replaces: int = 0
    rejected: int = 0
    cancelled: int = 0
    cancelled_orders: int = 0
    executions: int = 0
    executed_shares: int = 0
    bought_shares: int = 0
    sold_shares: int = 0
    broken: int = 0
    adopted: int = 0
    lost: int = 0
    unknown: int = 0
