"""OUCH 5.0, exchange to client: the seventeen messages of §5.3."""

from typing import Annotated, Final

from protocols.fields import U16, U32, U64, Alpha4, Alpha8, Alpha14, Char, Price4U64, YesNo
from protocols.ouch50_codes import (
    AIQ_CANCEL_REASONS,
    AIQ_STRATEGIES,
    BROKEN_TRADE_REASONS,
    CANCEL_REASONS,
    EVENT_CODES,
    LIQUIDITY_FLAGS,
    ORDER_STATES,
    OUTBOUND_DISPLAYS,
    RESTATED_REASONS,
)
from protocols.ouch50_message import Appendage, Capacity, CrossType, OuchMessage, Side, TimeInForce

OutboundDisplay = Annotated[str, Char(OUTBOUND_DISPLAYS)]
OrderState = Annotated[str, Char(ORDER_STATES)]
LiquidityFlag = Annotated[str, Char(LIQUIDITY_FLAGS)]


class OuchOutbound(OuchMessage):
    """A message from the exchange to the client; all begin with their time."""

    timestamp: U64


class SystemEvent(OuchOutbound, type="S"):
    """Start or end of the day."""

    APPENDAGE = Appendage.NONE
    TAGS = frozenset()

    event_code: Annotated[str, Char(EVENT_CODES)]


class OrderAccepted(OuchOutbound, type="A"):
    """An order was accepted; in state `D` it is dead already and nothing more follows."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 24, 25, 28, 29, 30})

    user_ref_num: U32
    side: Side
    quantity: U32
    symbol: Alpha8
    price: Price4U64
    time_in_force: TimeInForce
    display: OutboundDisplay
    order_reference_number: U64
    capacity: Capacity
    inter_market_sweep_eligibility: YesNo
    cross_type: CrossType
    order_state: OrderState
    cl_ord_id: Alpha14


class OrderReplaced(OuchOutbound, type="U"):
    """An order was replaced; `quantity` is what is still exposed."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({2, 3, 5, 6, 12, 15, 16, 17, 18, 28, 29, 30})

    orig_user_ref_num: U32
    user_ref_num: U32
    side: Side
    quantity: U32
    symbol: Alpha8
    price: Price4U64
    time_in_force: TimeInForce
    display: OutboundDisplay
    order_reference_number: U64
    capacity: Capacity
    inter_market_sweep_eligibility: YesNo
    cross_type: CrossType
    order_state: OrderState
    cl_ord_id: Alpha14


class OrderCanceled(OuchOutbound, type="C"):
    """Shares were taken off an order; `quantity` is incremental."""

    user_ref_num: U32
    quantity: U32
    reason: Annotated[str, Char(CANCEL_REASONS)]


class AiqCanceled(OuchOutbound, type="D", name="AIQ Canceled"):
    """Shares were taken off an order that would have traded with its own firm."""

    user_ref_num: U32
    decrement_shares: U32
    reason: Annotated[str, Char(AIQ_CANCEL_REASONS)]
    quantity_prevented_from_trading: U32
    execution_price: Price4U64
    liquidity_flag: LiquidityFlag
    aiq_strategy: Annotated[str, Char(AIQ_STRATEGIES)]


class OrderExecuted(OuchOutbound, type="E"):
    """Shares were executed; `quantity` is incremental, `match_number` is the same on both sides."""

    APPENDAGE = Appendage.REQUIRED

    user_ref_num: U32
    quantity: U32
    price: Price4U64
    liquidity_flag: LiquidityFlag
    match_number: U64


class BrokenTrade(OuchOutbound, type="B"):
    """An earlier execution is void."""

    user_ref_num: U32
    match_number: U64
    reason: Annotated[str, Char(BROKEN_TRADE_REASONS)]
    cl_ord_id: Alpha14


class Rejected(OuchOutbound, type="J"):
    """An order was refused; its UserRefNum is used up. `REJECT_REASONS` explains `reason`."""

    user_ref_num: U32
    reason: U16
    cl_ord_id: Alpha14


class CancelPending(OuchOutbound, type="P"):
    """A cancel will be done after the cross."""

    user_ref_num: U32


class CancelReject(OuchOutbound, type="I"):
    """A partial cancel was refused in the late period of a cross."""

    user_ref_num: U32


class OrderPriorityUpdate(OuchOutbound, type="T"):
    """An order has a new reference number, and with it a new place in the queue."""

    user_ref_num: U32
    price: Price4U64
    display: OutboundDisplay
    order_reference_number: U64


class OrderModified(OuchOutbound, type="M"):
    """An order was modified; `quantity` is what is outstanding."""

    TAGS = frozenset({25, 26, 28})

    user_ref_num: U32
    side: Side
    quantity: U32


class OrderRestated(OuchOutbound, type="R"):
    """The exchange changed an order's display; the options say how."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({1, 22, 23, 28})

    user_ref_num: U32
    reason: Annotated[str, Char(RESTATED_REASONS)]


class MassCancelResponse(OuchOutbound, type="X"):
    """A mass cancel was taken up. Rev 1.05."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({24, 27, 28})

    user_ref_num: U32
    firm: Alpha4
    symbol: Alpha8


class DisableOrderEntryResponse(OuchOutbound, type="G"):
    """Order entry is disabled. Rev 1.05."""

    APPENDAGE = Appendage.REQUIRED

    user_ref_num: U32
    firm: Alpha4


class EnableOrderEntryResponse(OuchOutbound, type="K"):
    """Order entry is enabled. Rev 1.05."""

    APPENDAGE = Appendage.REQUIRED

    user_ref_num: U32
    firm: Alpha4


class AccountQueryResponse(OuchOutbound, type="Q"):
    """The next UserRefNum that will be accepted."""

    next_user_ref_num: U32


OUTBOUND: Final[dict[str, type[OuchOutbound]]] = {cls.TYPE: cls for cls in OuchOutbound.__subclasses__()}
"""Outbound message classes by type character."""
