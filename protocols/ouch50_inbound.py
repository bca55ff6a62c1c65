"""OUCH 5.0, client to exchange: the eight messages of §5.2."""

from typing import Annotated, Final

from protocols.fields import U32, Alpha4, Alpha8, Alpha14, Char, Price4U64, YesNo
from protocols.ouch50_codes import DISPLAYS, REPLACE_TIMES_IN_FORCE
from protocols.ouch50_message import Appendage, Capacity, CrossType, OuchMessage, Side, TimeInForce

ReplaceTimeInForce = Annotated[str, Char(REPLACE_TIMES_IN_FORCE)]
Display = Annotated[str, Char(DISPLAYS)]


class OuchInbound(OuchMessage):
    """A message from the client to the exchange."""


class EnterOrder(OuchInbound, type="O"):
    """A new order; `user_ref_num` grows strictly over the day on the port."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 24, 25, 26, 28, 29, 30})
    TAGS_2023 = frozenset({14})

    user_ref_num: U32
    side: Side
    quantity: U32
    symbol: Alpha8
    price: Price4U64
    time_in_force: TimeInForce
    display: Display
    capacity: Capacity
    inter_market_sweep_eligibility: YesNo
    cross_type: CrossType
    cl_ord_id: Alpha14


class ReplaceOrder(OuchInbound, type="U", name="Replace Order Request"):
    """A new order in place of a live one; `quantity` is the liability of the whole chain, executed shares included."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({3, 5, 6, 7, 9, 10, 11, 12, 13, 15, 16, 17, 25, 26, 27, 28, 29, 30})
    TAGS_2023 = frozenset({4, 24})

    orig_user_ref_num: U32
    user_ref_num: U32
    quantity: U32
    price: Price4U64
    time_in_force: ReplaceTimeInForce
    display: Display
    inter_market_sweep_eligibility: YesNo
    cl_ord_id: Alpha14


class CancelOrder(OuchInbound, type="X", name="Cancel Order Request"):
    """Cut an order to `quantity`, the most that may execute in total; 0 cancels the rest."""

    user_ref_num: U32
    quantity: U32


class ModifyOrder(OuchInbound, type="M", name="Modify Order Request"):
    """Change side (among the sells) or cut the size; the order keeps its priority."""

    TAGS = frozenset({25, 26, 28})

    user_ref_num: U32
    side: Side
    quantity: U32


class MassCancel(OuchInbound, type="C", name="Mass Cancel Request"):
    """Cancel all orders of a firm (blank: the port's) and symbol (blank: all). Rev 1.05."""

    APPENDAGE = Appendage.REQUIRED
    TAGS = frozenset({24, 27, 28})

    user_ref_num: U32
    firm: Alpha4
    symbol: Alpha8


class DisableOrderEntry(OuchInbound, type="D", name="Disable Order Entry Request"):
    """Refuse further orders of a firm. Rev 1.05."""

    APPENDAGE = Appendage.REQUIRED

    user_ref_num: U32
    firm: Alpha4


class EnableOrderEntry(OuchInbound, type="E", name="Enable Order Entry Request"):
    """Allow orders of a firm again. Rev 1.05."""

    APPENDAGE = Appendage.REQUIRED

    user_ref_num: U32
    firm: Alpha4


class AccountQuery(OuchInbound, type="Q", name="Account Query Request"):
    """Ask for the next free UserRefNum."""


INBOUND: Final[dict[str, type[OuchInbound]]] = {cls.TYPE: cls for cls in OuchInbound.__subclasses__()}
"""Inbound message classes by type character."""
