"""Nasdaq OUCH 5.0: the messages of order entry, 2023 text and rev 1.05, with their appendages.

Client to exchange in SoupBinTCP unsequenced packets (`decode_inbound`), exchange to client in sequenced packets
(`decode_outbound`). Timestamps are ns since midnight New York time, prices are 64-bit integers of 1/10,000 dollar.

Where the two texts disagree, both are accepted and the older, shorter form is sent: messages whose Appendage Length is
optional go without it unless they carry options. `explicit_appendage` keeps the form that came.
"""

from typing import Final, TypeVar

from protocols.errors import TruncatedError, UnknownTypeError
from protocols.fields import Buffer
from protocols.ouch50_codes import (
    AIQ_STRATEGIES,
    BROKEN_TRADE_REASONS,
    CANCEL_REASONS,
    CAPACITIES,
    CROSS_TYPES,
    DISPLAYS,
    LIQUIDITY_FLAGS,
    REJECT_REASONS,
    SIDES,
    TIMES_IN_FORCE,
)
from protocols.ouch50_inbound import (
    INBOUND,
    AccountQuery,
    CancelOrder,
    DisableOrderEntry,
    EnableOrderEntry,
    EnterOrder,
    MassCancel,
    ModifyOrder,
    OuchInbound,
    ReplaceOrder,
)
from protocols.ouch50_message import Appendage, OuchMessage
from protocols.ouch50_options import OPTIONS, Option
from protocols.ouch50_outbound import (
    OUTBOUND,
    AccountQueryResponse,
    AiqCanceled,
    BrokenTrade,
    CancelPending,
    CancelReject,
    DisableOrderEntryResponse,
    EnableOrderEntryResponse,
    MassCancelResponse,
    OrderAccepted,
    OrderCanceled,
    OrderExecuted,
    OrderModified,
    OrderPriorityUpdate,
    OrderReplaced,
    OrderRestated,
    OuchOutbound,
    Rejected,
    SystemEvent,
)

__all__ = [
    "AIQ_STRATEGIES",
    "BROKEN_TRADE_REASONS",
    "CANCEL_REASONS",
    "CAPACITIES",
    "CROSS_TYPES",
    "DISPLAYS",
    "INBOUND",
    "LIQUIDITY_FLAGS",
    "MARKET_PRICES",
    "MAX_LIMIT_PRICE",
    "MAX_QUANTITY",
    "OPTIONS",
    "OUTBOUND",
    "REJECT_REASONS",
    "SIDES",
    "TIMES_IN_FORCE",
    "AccountQuery",
    "AccountQueryResponse",
    "AiqCanceled",
    "Appendage",
    "BrokenTrade",
    "CancelOrder",
    "CancelPending",
    "CancelReject",
    "DisableOrderEntry",
    "DisableOrderEntryResponse",
    "EnableOrderEntry",
    "EnableOrderEntryResponse",
    "EnterOrder",
    "MassCancel",
    "MassCancelResponse",
    "ModifyOrder",
    "Option",
    "OrderAccepted",
    "OrderCanceled",
    "OrderExecuted",
    "OrderModified",
    "OrderPriorityUpdate",
    "OrderReplaced",
    "OrderRestated",
    "OuchInbound",
    "OuchMessage",
    "OuchOutbound",
    "Rejected",
    "ReplaceOrder",
    "SystemEvent",
    "decode_inbound",
    "decode_outbound",
]

MAX_QUANTITY: Final = 999_999
"""Most shares of an order (§5.1)."""
MAX_LIMIT_PRICE: Final = 1_999_999_900
"""Highest limit price, price4; the lowest is 1 (§5.1)."""
MARKET_PRICES: Final = (0x7FFFFFFF, 2_000_000_000)
"""Prices that mean a market order (§5.1)."""

M = TypeVar("M", bound=OuchMessage)


def decode_inbound(data: Buffer) -> OuchInbound:
    """Decode one message from a client; any fault is a ProtocolError with offset and value."""
    return _class_of(data, INBOUND, "inbound").decode(data)


def decode_outbound(data: Buffer) -> OuchOutbound:
    """Decode one message from the exchange; any fault is a ProtocolError with offset and value."""
    return _class_of(data, OUTBOUND, "outbound").decode(data)


def _class_of(data: Buffer, classes: dict[str, type[M]], direction: str) -> type[M]:
    if not len(data):
        raise TruncatedError("an OUCH message has at least its type byte", 0, 0)
    cls = classes.get(chr(data[0]))
    if cls is None:
        raise UnknownTypeError(f"no such {direction} OUCH 5.0 message type", 0, chr(data[0]))
    return cls
