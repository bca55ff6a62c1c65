"""Nasdaq TotalView-ITCH 5.0: the 23 messages of the market data feed.

The length comes from the carrier (MoldUDP64 block, SoupBinTCP packet, BinaryFILE record) and must equal the table.
Timestamps are ns since midnight New York time, price4 is 1/10,000 dollar. Enumerations hold the codes of every known
revision of the specification (2015 to 2026).
"""

import struct
from typing import Annotated, Final

from protocols.errors import ProtocolError, TruncatedError, UnknownTypeError
from protocols.fields import (
    U16,
    U32,
    U48,
    U64,
    Alpha2,
    Alpha4,
    Alpha8,
    AnyChar,
    Buffer,
    Char,
    Price4,
    Price8,
    YesNo,
)
from protocols.itch50_codes import (
    AUTHENTICITY,
    CROSS_TYPES,
    EVENT_CODES,
    FINANCIAL_STATUS,
    IMBALANCE_DIRECTIONS,
    INTEREST_FLAGS,
    IPO_FLAGS,
    ISSUE_CLASSIFICATIONS,
    LULD_TIERS,
    MARKET_CATEGORIES,
    MARKET_CODES,
    MARKET_MAKER_MODES,
    NOII_CROSS_TYPES,
    OPERATIONAL_HALT_ACTIONS,
    PARTICIPANT_STATES,
    PRICE_VARIATIONS,
    REG_SHO_ACTIONS,
    RELEASE_QUALIFIERS,
    SIDES,
    TRADING_STATES,
    YES_NO_BLANK,
)
from protocols.wire import Message, dispatch


class ItchMessage(Message):
    """Any ITCH message: type, then this header (§4.2). Stock Locate is 0 where no stock applies."""

    stock_locate: U16
    tracking_number: U16
    timestamp: U48


class SystemEvent(ItchMessage, type="S"):
    """Start and end of messages, system hours and market hours."""

    event_code: Annotated[str, Char(EVENT_CODES)]


class StockDirectory(ItchMessage, type="R"):
    """A stock of the day and its Stock Locate."""

    stock: Alpha8
    market_category: Annotated[str, Char(MARKET_CATEGORIES)]
    financial_status_indicator: Annotated[str, Char(FINANCIAL_STATUS)]
    round_lot_size: U32
    round_lots_only: YesNo
    issue_classification: Annotated[str, Char(ISSUE_CLASSIFICATIONS)]
    issue_sub_type: Alpha2
    authenticity: Annotated[str, Char(AUTHENTICITY)]
    short_sale_threshold_indicator: Annotated[str, Char(YES_NO_BLANK)]
    ipo_flag: Annotated[str, Char(IPO_FLAGS)]
    luld_reference_price_tier: Annotated[str, Char(LULD_TIERS)]
    etp_flag: Annotated[str, Char(YES_NO_BLANK)]
    etp_leverage_factor: U32
    inverse_indicator: YesNo


class StockTradingAction(ItchMessage, type="H"):
    """Halts, pauses and resumptions; `reason` is explained by `itch50_codes.TRADING_ACTION_REASONS`."""

    stock: Alpha8
    trading_state: Annotated[str, Char(TRADING_STATES)]
    reserved: AnyChar
    reason: Alpha4


class RegShoShortSalePriceTestRestrictedIndicator(
    ItchMessage, type="Y", name="Reg SHO Short Sale Price Test Restricted Indicator"
):
    """Short sale price test in force for a stock."""

    stock: Alpha8
    reg_sho_action: Annotated[str, Char(REG_SHO_ACTIONS)]


class MarketParticipantPosition(ItchMessage, type="L"):
    """A market participant's standing in a stock."""

    mpid: Alpha4
    stock: Alpha8
    primary_market_maker: YesNo
    market_maker_mode: Annotated[str, Char(MARKET_MAKER_MODES)]
    market_participant_state: Annotated[str, Char(PARTICIPANT_STATES)]


class MwcbDeclineLevel(ItchMessage, type="V", name="MWCB Decline Level"):
    """The day's three market-wide circuit breaker levels."""

    level_1: Price8
    level_2: Price8
    level_3: Price8


class MwcbStatus(ItchMessage, type="W", name="MWCB Status"):
    """A market-wide circuit breaker level was breached."""

    breached_level: Annotated[str, Char({"1": "level 1", "2": "level 2", "3": "level 3"})]


class IpoQuotingPeriodUpdate(ItchMessage, type="K", name="IPO Quoting Period Update"):
    """When an IPO's quotation period ends; the release time is in seconds since midnight."""

    stock: Alpha8
    ipo_quotation_release_time: U32
    ipo_quotation_release_qualifier: Annotated[str, Char(RELEASE_QUALIFIERS)]
    ipo_price: Price4


class LuldAuctionCollar(ItchMessage, type="J", name="LULD Auction Collar"):
    """Collar of the auction that ends a volatility pause."""

    stock: Alpha8
    auction_collar_reference_price: Price4
    upper_auction_collar_price: Price4
    lower_auction_collar_price: Price4
    auction_collar_extension: U32


class OperationalHalt(ItchMessage, type="h"):
    """A halt on one of Nasdaq's markets only."""

    stock: Alpha8
    market_code: Annotated[str, Char(MARKET_CODES)]
    operational_halt_action: Annotated[str, Char(OPERATIONAL_HALT_ACTIONS)]


class AddOrder(ItchMessage, type="A", name="Add Order - No MPID Attribution"):
    """A displayed order enters the book."""

    order_reference_number: U64
    buy_sell_indicator: Annotated[str, Char(SIDES)]
    shares: U32
    stock: Alpha8
    price: Price4


class AddOrderMpid(ItchMessage, type="F", name="Add Order - MPID Attribution"):
    """A displayed order enters the book under its participant's name."""

    order_reference_number: U64
    buy_sell_indicator: Annotated[str, Char(SIDES)]
    shares: U32
    stock: Alpha8
    price: Price4
    attribution: Alpha4


class OrderExecuted(ItchMessage, type="E"):
    """Shares of a displayed order were executed at its price."""

    order_reference_number: U64
    executed_shares: U32
    match_number: U64


class OrderExecutedWithPrice(ItchMessage, type="C"):
    """Shares of a displayed order were executed at another price; not printable = part of a later bulk print."""

    order_reference_number: U64
    executed_shares: U32
    match_number: U64
    printable: YesNo
    execution_price: Price4


class OrderCancel(ItchMessage, type="X"):
    """Shares of a displayed order were cancelled; the rest stays."""

    order_reference_number: U64
    cancelled_shares: U32


class OrderDelete(ItchMessage, type="D"):
    """A displayed order is gone."""

    order_reference_number: U64


class OrderReplace(ItchMessage, type="U"):
    """A displayed order gives way to a new one of the same side and stock, at the back of the queue."""

    original_order_reference_number: U64
    new_order_reference_number: U64
    shares: U32
    price: Price4


class Trade(ItchMessage, type="P", name="Trade (Non-Cross)"):
    """An execution against a non-displayed order; the book does not change. The side says nothing (always `B`)."""

    order_reference_number: U64
    buy_sell_indicator: Annotated[str, Char(SIDES)]
    shares: U32
    stock: Alpha8
    price: Price4
    match_number: U64


class CrossTrade(ItchMessage, type="Q"):
    """The bulk print of a cross; shares are 64 bits wide here."""

    shares: U64
    stock: Alpha8
    cross_price: Price4
    match_number: U64
    cross_type: Annotated[str, Char(CROSS_TYPES)]


class BrokenTrade(ItchMessage, type="B", name="Broken Trade / Order Execution"):
    """An earlier execution is void; the book does not change."""

    match_number: U64


class Noii(ItchMessage, type="I", name="Net Order Imbalance Indicator (NOII)"):
    """Imbalance and indicative prices ahead of a cross; a price of 0 means none."""

    paired_shares: U64
    imbalance_shares: U64
    imbalance_direction: Annotated[str, Char(IMBALANCE_DIRECTIONS)]
    stock: Alpha8
    far_price: Price4
    near_price: Price4
    current_reference_price: Price4
    cross_type: Annotated[str, Char(NOII_CROSS_TYPES)]
    price_variation_indicator: Annotated[str, Char(PRICE_VARIATIONS)]


class Rpii(ItchMessage, type="N", name="Retail Price Improvement Indicator (RPII)"):
    """On which sides retail price improving interest rests."""

    stock: Alpha8
    interest_flag: Annotated[str, Char(INTEREST_FLAGS)]


class Dlcr(ItchMessage, type="O", name="Direct Listing with Capital Raise Price Discovery (DLCR)"):
    """Price discovery of a direct listing with capital raise."""

    stock: Alpha8
    open_eligibility_status: YesNo
    minimum_allowable_price: Price4
    maximum_allowable_price: Price4
    near_execution_price: Price4
    near_execution_time: U64
    lower_price_range_collar: Price4
    upper_price_range_collar: Price4


MESSAGES: Final[dict[str, type[ItchMessage]]] = {cls.TYPE: cls for cls in ItchMessage.__subclasses__()}
"""Message classes by type character."""

_PARSERS: Final = dispatch(MESSAGES)


def decode(data: Buffer) -> ItchMessage:
    """Decode one ITCH message that fills `data`; any fault is a ProtocolError with offset and value."""
    try:
        message: ItchMessage = _PARSERS[data[0]](data)
        return message
    except (KeyError, IndexError, struct.error, UnicodeDecodeError):
        raise explain(bytes(data)) from None


def explain(data: bytes) -> ProtocolError:
    """Say which typed error bytes refused by `decode` deserve."""
    if not data:
        return TruncatedError("an ITCH message has at least its type byte", 0, 0)
    cls = MESSAGES.get(chr(data[0]))
    if cls is None:
        return UnknownTypeError("no such ITCH 5.0 message type", 0, chr(data[0]))
    return cls.explain(data)
