"""What order entry refuses, and with which OUCH 5.0 reject code (§5.4).

Three tables: codes for fields that do not decode, checks of decoded messages in the order they are made, and the
values of options that this exchange takes. Features it does not have yet are refused here, never ignored: an option
is good only if this exchange does what it says, or if it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from enum import IntEnum
from typing import TypeVar, cast

from protocols.errors import ProtocolError
from protocols.ouch50 import (
    MARKET_PRICES,
    MAX_LIMIT_PRICE,
    MAX_QUANTITY,
    SIDES,
    EnterOrder,
    Option,
    OuchInbound,
    ReplaceOrder,
)

Request = EnterOrder | ReplaceOrder
Value = TypeVar("Value", int, str)


class Code(IntEnum):
    """The reject codes in use."""

    DESTINATION_CLOSED = 0x0002
    INVALID_DISPLAY = 0x0003
    INVALID_MAX_FLOOR = 0x0004
    ISO_NOT_ALLOWED = 0x0008
    INVALID_SIDE = 0x0009
    PROCESSING_ERROR = 0x000A
    FIRM_NOT_AUTHORIZED = 0x000C
    INVALID_MIN_QUANTITY = 0x000D
    OTHER = 0x000F
    PEGGING_NOT_ALLOWED = 0x0011
    INVALID_QUANTITY = 0x0013
    INVALID_CROSS_ORDER = 0x0014
    ROUTING_NOT_ALLOWED = 0x0016
    INVALID_SYMBOL = 0x0017
    RETAIL_NOT_ALLOWED = 0x001A
    INVALID_PRICE = 0x001D
    INVALID_AIQ = 0x0040


# A field whose code or text is not in the protocol's tables.
FIELD_CODES: dict[str, Code] = {
    "side": Code.INVALID_SIDE,
    "symbol": Code.INVALID_SYMBOL,
    "time_in_force": Code.OTHER,
    "display": Code.INVALID_DISPLAY,
    "capacity": Code.OTHER,
    "inter_market_sweep_eligibility": Code.ISO_NOT_ALLOWED,
    "cross_type": Code.INVALID_CROSS_ORDER,
    "cl_ord_id": Code.OTHER,
    "firm": Code.FIRM_NOT_AUTHORIZED,
}

# Day orders and extended-hours ones live for the session; the session has no after-hours period and no timers yet.
TAKEN_TIMES = frozenset("035")
IMMEDIATE = "3"
POST_ONLY = Option(12, "P")
FIRM_TAG = 2
GROUP_TAG = 24
SIDE_TAG = 27
INDEX_TAG = 28

# What an option may say, and the code when it says something else or is not listed.
OPTION_CODES: dict[int, tuple[Container[int | str], Code]] = {
    3: (frozenset({0}), Code.INVALID_MIN_QUANTITY),
    4: (frozenset({"N", " "}), Code.RETAIL_NOT_ALLOWED),
    5: (frozenset({0}), Code.INVALID_MAX_FLOOR),
    6: (frozenset({"L"}), Code.PEGGING_NOT_ALLOWED),
    7: (frozenset({0}), Code.PEGGING_NOT_ALLOWED),
    9: (frozenset({0}), Code.OTHER),
    10: (frozenset({"L"}), Code.OTHER),
    11: (frozenset({0}), Code.OTHER),
    12: (frozenset({"P", "N"}), Code.OTHER),
    13: (frozenset({0}), Code.INVALID_MAX_FLOOR),
    14: (frozenset({""}), Code.ROUTING_NOT_ALLOWED),
    15: (frozenset({0}), Code.OTHER),
    16: (frozenset({"N", " "}), Code.OTHER),
    17: (frozenset({" "}), Code.OTHER),
    GROUP_TAG: (range(0x1_0000), Code.OTHER),
    25: (frozenset({"N"}), Code.OTHER),
    26: (frozenset({""}), Code.OTHER),
    SIDE_TAG: (frozenset(SIDES), Code.INVALID_SIDE),
    INDEX_TAG: (frozenset({0}), Code.OTHER),
    29: (frozenset({"N", "*"}), Code.INVALID_AIQ),
    30: (frozenset({"**"}), Code.INVALID_AIQ),
}

_CHECKS: tuple[tuple[Code, Callable[[Request], bool]], ...] = (
    (Code.INVALID_QUANTITY, lambda request: 1 <= request.quantity <= MAX_QUANTITY),
    (
        Code.INVALID_PRICE,
        lambda request: 1 <= request.price <= MAX_LIMIT_PRICE and request.price not in MARKET_PRICES,
    ),
    (Code.OTHER, lambda request: request.time_in_force in TAKEN_TIMES),
)


def check_request(request: Request, firm: str) -> Code | None:
    """The code with which an enter or replace request of this firm must be refused, None when it is good."""
    for code, good in _CHECKS:
        if not good(request):
            return code
    if isinstance(request, EnterOrder) and request.cross_type != "N":
        return Code.RETAIL_NOT_ALLOWED if request.cross_type == "R" else Code.INVALID_CROSS_ORDER
    return check_options(request, firm)


def check_options(request: OuchInbound, firm: str) -> Code | None:
    """The code with which any request must be refused for its options, None when they are good and each given once."""
    if len({option.tag for option in request.appendage}) < len(request.appendage):
        return Code.OTHER
    for option in request.appendage:
        refusal = check_option(option, firm)
        if refusal is not None:
            return refusal
    return None


def option_value(request: OuchInbound, tag: int, default: Value) -> Value:
    """The value of an option, ``default`` (which is of its type) when it is not given."""
    return next((cast("Value", option.value) for option in request.appendage if option.tag == tag), default)


def check_option(option: Option, firm: str) -> Code | None:
    """The code with which one option must be refused, None when it is good."""
    if option.tag == FIRM_TAG:
        return None if option.value in ("", firm) else Code.FIRM_NOT_AUTHORIZED
    values, code = OPTION_CODES.get(option.tag, ((), Code.OTHER))
    return None if option.value in values else code


def code_for(error: ProtocolError, request: type[OuchInbound], data: bytes) -> Code:
    """The code for a request whose fixed fields are complete but that does not decode."""
    offset = error.offset
    if offset is None:
        return Code.PROCESSING_ERROR
    for field in request.FIELDS:
        if field.offset <= offset < field.offset + field.size:
            return FIELD_CODES.get(field.name, Code.PROCESSING_ERROR)
    if isinstance(error.value, str) and offset > request.SIZE:
        # A code of an option that is not in its list stands right behind the option's tag.
        return OPTION_CODES.get(data[offset - 1], ((), Code.PROCESSING_ERROR))[1]
    return Code.PROCESSING_ERROR
