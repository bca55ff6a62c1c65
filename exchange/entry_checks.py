"""What order entry refuses, and with which OUCH 5.0 reject code (§5.4).

Tables: codes for fields that do not decode, checks of single fields in the order they are made, the values of options
that this exchange takes, and combinations that contradict each other. What is refused here, the exchange does not do;
nothing is ignored: an option is good only if the exchange does what it says, or if it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from enum import IntEnum

from protocols.errors import ProtocolError
from protocols.ouch50 import (
    AIQ_STRATEGIES,
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
Options = dict[int, int | str]


class Code(IntEnum):
    """The reject codes in use, but for those of the engine, the crosses and the risk limits."""

    DESTINATION_CLOSED = 0x0002
    INVALID_DISPLAY = 0x0003
    INVALID_MAX_FLOOR = 0x0004
    ISO_NOT_ALLOWED = 0x0008
    INVALID_SIDE = 0x0009
    PROCESSING_ERROR = 0x000A
    CANCEL_PENDING = 0x000B
    FIRM_NOT_AUTHORIZED = 0x000C
    INVALID_MIN_QUANTITY = 0x000D
    OTHER = 0x000F
    PEGGING_NOT_ALLOWED = 0x0011
    INVALID_QUANTITY = 0x0013
    INVALID_CROSS_ORDER = 0x0014
    REPLACE_NOT_ALLOWED = 0x0015
    ROUTING_NOT_ALLOWED = 0x0016
    INVALID_SYMBOL = 0x0017
    RETAIL_NOT_ALLOWED = 0x001A
    INVALID_MIDPOINT_POST_ONLY = 0x001B
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

DAY, IMMEDIATE, EXTENDED, GOOD_TILL_TIME, AFTER_HOURS = "0", "3", "5", "6", "E"
CONTINUOUS = "N"
CROSSES = frozenset("OCH")
MIDPOINT = "M"
LONGEST_LIFE = 86_399
"""Seconds of a good-till-time order."""

FIRM, MIN_QUANTITY, MAX_FLOOR, PRICE_TYPE, POST_ONLY, RANDOM_RESERVES = 2, 3, 5, 6, 12, 13
EXPIRE_TIME, HANDLE_INST, GROUP, LOCATED, LOCATE_BROKER, SIDE, INDEX, AIQ, AIQ_GROUP = (
    15,
    17,
    24,
    25,
    26,
    27,
    28,
    29,
    30,
)


class _Anything:
    """Takes every value."""

    def __contains__(self, _value: object) -> bool:
        return True


# What an option may say, and the code when it says something else or is not listed. Their combinations come below.
OPTION_CODES: dict[int, tuple[Container[int | str], Code]] = {
    MIN_QUANTITY: (range(MAX_QUANTITY + 1), Code.INVALID_MIN_QUANTITY),
    4: (frozenset({"N", " "}), Code.RETAIL_NOT_ALLOWED),
    MAX_FLOOR: (range(MAX_QUANTITY + 1), Code.INVALID_MAX_FLOOR),
    PRICE_TYPE: (frozenset({"L", MIDPOINT}), Code.PEGGING_NOT_ALLOWED),
    7: (frozenset({0}), Code.PEGGING_NOT_ALLOWED),
    9: (frozenset({0}), Code.OTHER),
    10: (frozenset({"L"}), Code.OTHER),
    11: (frozenset({0}), Code.OTHER),
    POST_ONLY: (frozenset({"P", "N"}), Code.OTHER),
    RANDOM_RESERVES: (range(MAX_QUANTITY + 1), Code.INVALID_MAX_FLOOR),
    14: (frozenset({""}), Code.ROUTING_NOT_ALLOWED),
    EXPIRE_TIME: (range(LONGEST_LIFE + 1), Code.OTHER),
    16: (frozenset({"N", " "}), Code.OTHER),
    HANDLE_INST: (frozenset({" ", "I"}), Code.OTHER),
    GROUP: (range(0x1_0000), Code.OTHER),
    LOCATED: (frozenset({"Y", "N"}), Code.OTHER),
    LOCATE_BROKER: (_Anything(), Code.OTHER),
    SIDE: (frozenset(SIDES), Code.INVALID_SIDE),
    INDEX: (range(0x100), Code.OTHER),
    AIQ: (frozenset(AIQ_STRATEGIES), Code.INVALID_AIQ),
    AIQ_GROUP: (_Anything(), Code.INVALID_AIQ),
}
# HandleInst: retail values have a code of their own.
_RETAIL_INSTRUCTIONS = frozenset("OTQ")


@dataclass(frozen=True)
class Terms:
    """A decoded enter or replace request with its options by tag; ``cross`` is that of the order or of its chain."""

    request: Request
    options: Options
    cross: str

    def says(self, tag: int) -> int | str | None:
        """What an option says, None where it is missing or says nothing (0, `N`, blank)."""
        value = self.options.get(tag)
        return None if value in (0, "N", " ", "") else value

    def number(self, tag: int) -> int:
        """An option's number, 0 when it is missing."""
        value = self.options.get(tag, 0)
        return value if isinstance(value, int) else 0


def _good_price(terms: Terms) -> bool:
    price = terms.request.price
    return 1 <= price <= MAX_LIMIT_PRICE or (price in MARKET_PRICES and terms.cross in CROSSES)


def _good_expiry(terms: Terms) -> bool:
    return (terms.request.time_in_force == GOOD_TILL_TIME) == (terms.number(EXPIRE_TIME) > 0)


def _good_min_quantity(terms: Terms) -> bool:
    """Round lots (OUCH 5.0 §5.8, tag 3); an order that is displayed and stays cannot have one (docs/matching.md 1)."""
    least = terms.number(MIN_QUANTITY)
    hidden = terms.request.display == "N" or terms.request.time_in_force == IMMEDIATE
    return least == 0 or (least % 100 == 0 and least <= terms.request.quantity and hidden)


def _good_floor(terms: Terms) -> bool:
    floor, random = terms.number(MAX_FLOOR), terms.number(RANDOM_RESERVES)
    return random <= floor and (floor == 0 or terms.request.display != "N")


def _good_cross(terms: Terms) -> bool:
    """What only continuous trading has; and imbalance only, which only crosses have."""
    if terms.cross == CONTINUOUS:
        return terms.says(HANDLE_INST) != "I"
    continuous = any(terms.says(tag) for tag in (POST_ONLY, MIN_QUANTITY, MAX_FLOOR))
    timed = terms.request.time_in_force in (GOOD_TILL_TIME, AFTER_HOURS)
    return not (continuous or timed or terms.says(PRICE_TYPE) == MIDPOINT)


_FIELD_CHECKS: tuple[tuple[Code, Callable[[Terms], bool]], ...] = (
    (Code.INVALID_QUANTITY, lambda terms: 1 <= terms.request.quantity <= MAX_QUANTITY),
    (Code.INVALID_PRICE, _good_price),
    (Code.RETAIL_NOT_ALLOWED, lambda terms: terms.cross != "R"),
    (Code.INVALID_CROSS_ORDER, lambda terms: terms.cross == CONTINUOUS or terms.cross in CROSSES),
)
_COMBINATIONS: tuple[tuple[Code, Callable[[Terms], bool]], ...] = (
    (Code.OTHER, _good_expiry),
    (Code.INVALID_CROSS_ORDER, _good_cross),
    (
        Code.ISO_NOT_ALLOWED,
        lambda terms: (
            terms.request.inter_market_sweep_eligibility == "N"
            or (terms.says(POST_ONLY) is None and terms.cross == CONTINUOUS)
        ),
    ),
    (Code.INVALID_DISPLAY, lambda terms: terms.says(PRICE_TYPE) != MIDPOINT or terms.request.display == "N"),
    (
        Code.INVALID_MIDPOINT_POST_ONLY,
        lambda terms: terms.says(PRICE_TYPE) != MIDPOINT or terms.says(POST_ONLY) is None,
    ),
    (Code.INVALID_MIN_QUANTITY, _good_min_quantity),
    (Code.INVALID_MAX_FLOOR, _good_floor),
)


def options_of(request: OuchInbound) -> Options:
    """The options of a request by tag."""
    return {option.tag: option.value for option in request.appendage}


def check_terms(terms: Terms, firm: str) -> Code | None:
    """The code with which an enter or replace request of this firm must be refused, None when it is good."""
    for code, good in _FIELD_CHECKS:
        if not good(terms):
            return code
    refusal = check_options(terms.request, firm)
    if refusal is not None:
        return refusal
    return next((code for code, good in _COMBINATIONS if not good(terms)), None)


def check_options(request: OuchInbound, firm: str) -> Code | None:
    """The code with which any request must be refused for its options, None when they are good and each given once."""
    if len({option.tag for option in request.appendage}) < len(request.appendage):
        return Code.OTHER
    for option in request.appendage:
        refusal = check_option(option, firm)
        if refusal is not None:
            return refusal
    return None


def check_option(option: Option, firm: str) -> Code | None:
    """The code with which one option must be refused, None when it is good."""
    if option.tag == FIRM:
        return None if option.value in ("", firm) else Code.FIRM_NOT_AUTHORIZED
    if option.tag == HANDLE_INST and option.value in _RETAIL_INSTRUCTIONS:
        return Code.RETAIL_NOT_ALLOWED
    values, code = OPTION_CODES.get(option.tag, ((), Code.OTHER))
    return None if option.value in values else code


def check_hours(time_in_force: str, system_event: str) -> Code | None:
    """Whether an order of this time in force is taken after the last system event of the day (ITCH 5.0 `S`).

    Day orders end with market hours (`M`), after-hours ones begin then; all others are the engine's business.
    """
    if time_in_force == AFTER_HOURS:
        return None if system_event == "M" else Code.DESTINATION_CLOSED
    closed = time_in_force == DAY and system_event in ("M", "E", "C")
    return Code.DESTINATION_CLOSED if closed else None


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
