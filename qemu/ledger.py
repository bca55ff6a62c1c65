"""Orders as their OUCH 5.0 messages tell them: one side's record of a session, turned into per-order facts.

The trader's journal and the exchange's log are two independent records of one conversation; a ledger is built from
each in the same way, so that `reconcile` can compare facts instead of bytes alone. Prices are price4 integers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from protocols import ouch50
from protocols.errors import ProtocolError

Message = ouch50.OuchInbound | ouch50.OuchOutbound


class Way(Enum):
    """Which way a message went."""

    TO_EXCHANGE = "to the exchange"
    FROM_EXCHANGE = "from the exchange"


class State(Enum):
    """Where an order stands."""

    SENT = "sent"
    LIVE = "live"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded message: raw bytes as hex digits, without its SoupBinTCP header."""

    way: Way
    hex: str


@dataclass(slots=True)
class Order:
    """What one record says about one order. Shares left are those that may still execute."""

    reference: int
    symbol: str = ""
    side: str = ""
    price: int = 0
    left: int = 0
    cancelled: int = 0
    state: State = State.SENT
    executions: dict[int, tuple[int, int]] = field(default_factory=dict)  # match number → (shares, price4)

    @property
    def executed(self) -> int:
        """Shares executed."""
        return sum(shares for shares, _ in self.executions.values())


@dataclass(slots=True)
class Ledger:
    """All orders of one record, messages by order, and messages that could not be decoded."""

    orders: dict[int, Order] = field(default_factory=dict)
    messages: dict[tuple[int, Way], list[str]] = field(default_factory=dict)
    undecodable: list[tuple[Entry, str]] = field(default_factory=list)
    counts: dict[tuple[Way, str], int] = field(default_factory=dict)
    repeated_matches: list[tuple[int, int]] = field(default_factory=list)  # (order, match number) seen twice

    def position(self) -> dict[str, int]:
        """Net shares by symbol, from executions; symbols that came out even are left out."""
        net: dict[str, int] = {}
        for order in self.orders.values():
            net[order.symbol] = net.get(order.symbol, 0) + (order.executed if order.side == "B" else -order.executed)
        return {symbol: shares for symbol, shares in net.items() if shares}

    def traded(self) -> tuple[int, int]:
        """Shares bought and shares sold."""
        bought = sum(order.executed for order in self.orders.values() if order.side == "B")
        return bought, sum(order.executed for order in self.orders.values()) - bought


def build(entries: Iterable[Entry]) -> Ledger:
    """Replay a record; bytes that are no OUCH message are kept in `undecodable`."""
    ledger = Ledger()
    for entry in entries:
        try:
            message = _decoded(entry)
        except (ProtocolError, ValueError) as error:
            ledger.undecodable.append((entry, str(error)))
            continue
        reference = int(getattr(message, "user_ref_num", 0))
        ledger.messages.setdefault((reference, entry.way), []).append(entry.hex.lower())
        kind = (entry.way, message.TYPE)
        ledger.counts[kind] = ledger.counts.get(kind, 0) + 1
        _apply(ledger, reference, message)
    return ledger


def _decoded(entry: Entry) -> Message:
    data = bytes.fromhex(entry.hex)
    return ouch50.decode_inbound(data) if entry.way is Way.TO_EXCHANGE else ouch50.decode_outbound(data)


def _apply(ledger: Ledger, reference: int, message: Message) -> None:
    """Let one message change its order (OUCH 5.0, outbound messages)."""
    order = ledger.orders.get(reference)
    match message:
        case ouch50.EnterOrder():
            ledger.orders.setdefault(
                reference, Order(reference, message.symbol, message.side, message.price, message.quantity)
            )
        case ouch50.OrderAccepted() | ouch50.OrderReplaced():
            _accept(ledger, reference, message)
        case ouch50.Rejected() if order is not None:
            order.state, order.left = State.REJECTED, 0
        case ouch50.OrderExecuted():
            _execute(ledger, reference, message)
        case ouch50.OrderCanceled() if order is not None:
            _take_off(order, message.quantity)
        case ouch50.AiqCanceled() if order is not None:
            _take_off(order, message.decrement_shares)
        case ouch50.OrderModified() if order is not None:
            order.left = message.quantity
        case ouch50.BrokenTrade() if order is not None:
            order.executions.pop(message.match_number, None)
        case _:
            pass  # system events, queries and pending cancels change no order


def _accept(ledger: Ledger, reference: int, message: ouch50.OrderAccepted | ouch50.OrderReplaced) -> None:
    dead = message.order_state == "D"
    state = State.CANCELLED if dead else State.LIVE
    order = ledger.orders.setdefault(reference, Order(reference))
    order.symbol, order.side, order.price = message.symbol, message.side, message.price
    order.left, order.state = 0 if dead else message.quantity, state
    if isinstance(message, ouch50.OrderReplaced):
        old = ledger.orders.setdefault(message.orig_user_ref_num, Order(message.orig_user_ref_num))
        old.left, old.state = 0, State.REPLACED


def _execute(ledger: Ledger, reference: int, message: ouch50.OrderExecuted) -> None:
    order = ledger.orders.setdefault(reference, Order(reference))
    if message.match_number in order.executions:
        ledger.repeated_matches.append((reference, message.match_number))
        return
    order.executions[message.match_number] = (message.quantity, message.price)
    order.left -= message.quantity
    if order.left <= 0:
        order.state = State.FILLED


def _take_off(order: Order, shares: int) -> None:
    order.cancelled += shares
    order.left -= shares
    if order.left <= 0:
        order.state = State.CANCELLED
