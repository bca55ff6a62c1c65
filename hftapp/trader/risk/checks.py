"""The checks of the risk gate as a table: code, name, the rule each stands for, the limit it holds an order against.

Rows are in the order in which the gate walks them. A code is never given to another check: journals keep them.

Rules cited: SEC Rule 15c3-5 (17 CFR 240.15c3-5, market access), Regulation SHO (17 CFR 242.200 to 204), Regulation NMS
(17 CFR 242.600 to 614), the LULD Plan (National Market System Plan to Address Extraordinary Market Volatility), Nasdaq
and FINRA rules, OUCH 5.0.
"""

from typing import Final, NamedTuple

PASSED: Final = 0
KILL_SWITCH: Final = 1
STALE_BOOK: Final = 2
OPEN_GAP: Final = 3
HALTED: Final = 4
PERMISSION: Final = 5
RESTRICTED: Final = 6
QUANTITY: Final = 7
PRICE: Final = 8
ORDER_NOTIONAL: Final = 9
PRICE_COLLAR: Final = 10
FAT_FINGER: Final = 11
POSITION: Final = 12
LOCATE: Final = 13
SHORT_PRICE: Final = 14
SYMBOL_OPEN_NOTIONAL: Final = 15
OPEN_NOTIONAL: Final = 16
OPEN_ORDERS: Final = 17
GROSS_EXPOSURE: Final = 18
NET_EXPOSURE: Final = 19
EXECUTED_NOTIONAL: Final = 20
SELF_CROSS: Final = 21
PORT_RATE: Final = 22
SYMBOL_RATE: Final = 23
DUPLICATE: Final = 24
SIDE: Final = 25


class Check(NamedTuple):
    """One check. `key` is the limit's key in section `[risk]`, or what takes its place; `what` says what it refuses."""

    code: int
    name: str
    rule: str
    key: str
    what: str


CHECKS: Final = (
    Check(
        KILL_SWITCH,
        "kill_switch",
        "15c3-5(d): direct and exclusive control",
        "the operator's `kill`, or `max_executed_notional`",
        "everything, once the kill switch was pulled",
    ),
    Check(
        STALE_BOOK,
        "stale_book",
        "15c3-5(c)(1)(ii): erroneous orders",
        "`feed.silence_timeout_ms`",
        "everything, once messages were lost, and while the feed is silent",
    ),
    Check(
        OPEN_GAP,
        "open_gap",
        "15c3-5(c)(1)(ii): erroneous orders",
        "`feed.gap_timeout_ms`",
        "everything, while messages are known to exist that have not arrived",
    ),
    Check(
        HALTED,
        "halted",
        "15c3-5(c)(2)(i); Nasdaq Rule 4120, LULD Plan §VII (pauses), FINRA Rule 5260",
        "the feed's trading state",
        "orders in a symbol that is not in continuous trading, or under an operational halt",
    ),
    Check(
        PERMISSION,
        "permission",
        "15c3-5(c)(2)(iii): pre-approved access",
        "`permitted`",
        "orders in a symbol that is not on the list of permitted ones",
    ),
    Check(
        RESTRICTED,
        "restricted",
        "15c3-5(c)(2)(ii): securities restricted from trading",
        "`restricted`",
        "orders in a symbol on the restricted list",
    ),
    Check(
        SIDE,
        "side",
        "15c3-5(c)(1)(ii): erroneous orders; OUCH 5.0, Enter Order, Side",
        "fixed: 1 (buy) or -1 (sell)",
        "a side that is neither",
    ),
    Check(
        QUANTITY,
        "quantity",
        "15c3-5(c)(1)(ii): size of an order; OUCH 5.0, Enter Order, Quantity",
        "`max_order_shares`",
        "less than one share, or more than the limit",
    ),
    Check(
        PRICE,
        "price",
        "15c3-5(c)(2)(i); Regulation NMS Rule 612(a) and (b); OUCH 5.0, data type Price",
        "fixed: at most 199,999.99 dollars, whole cents from 1 dollar up",
        "prices that no exchange may accept",
    ),
    Check(
        ORDER_NOTIONAL,
        "order_notional",
        "15c3-5(c)(1)(ii): size of an order",
        "`max_order_notional`",
        "an order of a larger value",
    ),
    Check(
        PRICE_COLLAR,
        "price_collar",
        "15c3-5(c)(1)(ii): price of an order",
        "`price_collar_bps`",
        "prices further from the mid, else the last price; everything when there is neither",
    ),
    Check(
        FAT_FINGER,
        "fat_finger",
        "15c3-5(c)(1)(ii): price of an order",
        "`fat_finger_bps`",
        "prices that reach further through the best price of the other side",
    ),
    Check(
        POSITION,
        "position",
        "15c3-5(c)(1)(i): thresholds by security",
        "`max_position_shares`",
        "a larger position, long or short, if everything open on that side were filled",
    ),
    Check(
        LOCATE,
        "locate",
        "15c3-5(c)(2)(i); Regulation SHO Rule 203(b)(1)",
        "`borrow`",
        "selling more shares short, with every open sale filled, than have been located",
    ),
    Check(
        SHORT_PRICE,
        "short_price",
        "15c3-5(c)(2)(i); Regulation SHO Rule 201(b)(1)",
        "the feed's Reg SHO indicator",
        "short sales at or below the best bid while the price test is in effect",
    ),
    Check(
        SYMBOL_OPEN_NOTIONAL,
        "symbol_open_notional",
        "15c3-5(c)(1)(i): thresholds by security",
        "`max_symbol_open_notional`",
        "a larger value of the open orders in the symbol",
    ),
    Check(
        OPEN_NOTIONAL,
        "open_notional",
        "15c3-5(c)(1)(i): thresholds in the aggregate",
        "`max_open_notional`",
        "a larger value of all open orders",
    ),
    Check(
        OPEN_ORDERS,
        "open_orders",
        "15c3-5(c)(1)(i): thresholds in the aggregate",
        "`max_open_orders`",
        "more open orders; a replace adds none",
    ),
    Check(
        GROSS_EXPOSURE,
        "gross_exposure",
        "15c3-5(c)(1)(i): thresholds in the aggregate",
        "`max_gross_exposure`",
        "a larger value of all positions, long and short added, with all open orders filled",
    ),
    Check(
        NET_EXPOSURE,
        "net_exposure",
        "15c3-5(c)(1)(i): thresholds in the aggregate",
        "`max_net_exposure`",
        "a larger value of long less short positions on the order's side, with the value of all open orders added",
    ),
    Check(
        EXECUTED_NOTIONAL,
        "executed_notional",
        "15c3-5(c)(1)(i): thresholds in the aggregate, (c)(1)(ii): over a short period of time",
        "`max_executed_notional`",
        "everything, once more was bought and sold; trips the kill switch",
    ),
    Check(
        SELF_CROSS,
        "self_cross",
        "15c3-5(c)(2)(i); FINRA Rule 5210.02 (self-trades)",
        "the own open orders",
        "a price at which it could trade with an own order",
    ),
    Check(
        PORT_RATE,
        "port_rate",
        "15c3-5(c)(1)(ii): over a short period of time",
        "`max_orders_per_second`",
        "more orders and replaces of one order session in any second",
    ),
    Check(
        SYMBOL_RATE,
        "symbol_rate",
        "15c3-5(c)(1)(ii): over a short period of time",
        "`max_symbol_orders_per_second`",
        "more orders and replaces in one symbol in any second",
    ),
    Check(
        DUPLICATE,
        "duplicate",
        "15c3-5(c)(1)(ii): duplicative orders",
        "`duplicate_window_us`",
        "a new order of the same venue, symbol, side, price and shares as another one just before",
    ),
)

NAMES: Final = ("passed", *(check.name for check in sorted(CHECKS)))
"""Names by code."""
