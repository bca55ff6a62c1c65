"""Codes of OUCH 5.0 fields with their meanings (§5.2 to §5.8): the union of the 2023 text and rev 1.05."""

from typing import Final

SIDES: Final = {"B": "buy", "S": "sell", "T": "sell short", "E": "sell short exempt"}

REPLACE_TIMES_IN_FORCE: Final = {"0": "day", "3": "immediate or cancel", "5": "extended hours", "6": "good till time"}
TIMES_IN_FORCE: Final = {**REPLACE_TIMES_IN_FORCE, "E": "after hours"}

DISPLAYS: Final = {"Y": "visible", "N": "hidden", "A": "attributable"}
OUTBOUND_DISPLAYS: Final = {**DISPLAYS, "Z": "conformant"}

CAPACITIES: Final = {"A": "agency", "P": "principal", "R": "riskless", "O": "other"}

CROSS_TYPES: Final = {
    "N": "continuous market",
    "O": "opening cross",
    "C": "closing cross",
    "H": "halt or IPO cross",
    "S": "supplemental",
    "R": "retail",
    "E": "extended life",
    "A": "after-hours close",
}

ORDER_STATES: Final = {"L": "live", "D": "dead"}
EVENT_CODES: Final = {"S": "start of day", "E": "end of day"}
AIQ_CANCEL_REASONS: Final = {"Q": "self-match prevention"}
BROKEN_TRADE_REASONS: Final = {"E": "erroneous", "C": "consent", "S": "supervisory", "X": "external"}
RESTATED_REASONS: Final = {"R": "display refreshed", "P": "displayed price updated"}

CANCEL_REASONS: Final = {
    "C": "cross cancelled",  # in one dissector only
    "D": "regulatory restriction",
    "E": "closed",
    "F": "post-only would be slid for NMS",
    "G": "post-only would be slid by a displayed contra order",
    "H": "on-open order, still halted after the opening cross",
    "I": "immediate or cancel",
    "K": "market collars",
    "Q": "self-match prevention",
    "S": "supervisory",
    "T": "time in force over",
    "U": "user request",
    "X": "open protection",
    "Z": "system",
    "e": "direct-listing shares exceeded",
}

LIQUIDITY_FLAGS: Final = {
    "A": "added",
    "R": "removed",
    "J": "non-displayed added",
    "k": "midpoint added",
    "m": "midpoint removed",
    "u": "reserve, non-displayed part added",
    "7": "displayed, improves the NBBO",
    "8": "displayed, sets the QBBO while joining the NBBO",
    "O": "opening cross",
    "M": "opening cross, imbalance only",
    "C": "closing cross",
    "L": "closing cross, imbalance only",
    "H": "halt or IPO cross",
    "K": "halt cross",
    "i": "after-hours closing cross",
    "N": "passive midpoint",
    "n": "midpoint extended life",
    "0": "supplemental",
    "e": "retail added displayed",
    "j": "RPI provides, with RPII",  # BX
    "1": "RPI provides, without RPII",  # BX
    "p": "retail or price-improving removal",  # BX
    "q": "retail or price-improving removal",  # BX
    "r": "retail or price-improving removal",  # BX
    "t": "retail or price-improving removal",  # BX
    "2": "pre-market added",  # rev 1.05
    "3": "pre-market removed",  # rev 1.05
    "5": "pre-market, improves the NBBO",  # rev 1.05
    "9": "pre-market non-displayed added",  # rev 1.05
}
ADDED_FLAGS: Final = frozenset("AJku78Nnej1259")
"""Liquidity flags of executions of orders that stood in the book."""
REMOVED_FLAGS: Final = frozenset("Rmpqrt3")
"""Liquidity flags of executions of orders that took what stood there."""

_AIQ_ACTIONS: Final = {
    "decrement both, no details": "YyZ0",
    "decrement both": "DdE1",
    "cancel oldest": "OoP2",
    "cancel newest": "WwX4",
    "use the remover's setting": "RrS5",
}
_AIQ_SCOPES: Final = ("same firm", "same organisation", "affiliate", "any")

AIQ_STRATEGIES: Final = {
    **{
        code: f"{action}, {scope}"
        for action, codes in _AIQ_ACTIONS.items()
        for code, scope in zip(codes, _AIQ_SCOPES, strict=True)
    },
    "N": "off",
    "*": "port default",
}
"""Self-match prevention, rev 1.05."""

REJECT_REASONS: Final = {
    0x0001: "Quote unavailable",
    0x0002: "Destination closed",
    0x0003: "Invalid display",
    0x0004: "Invalid max floor",
    0x0005: "Invalid peg type",
    0x0006: "Fat finger",
    0x0007: "Halted",
    0x0008: "ISO not allowed",
    0x0009: "Invalid side",
    0x000A: "Processing error",
    0x000B: "Cancel pending",
    0x000C: "Firm not authorized",
    0x000D: "Invalid min quantity",
    0x000E: "No closing reference price",
    0x000F: "Other",
    0x0010: "Cancel not allowed",
    0x0011: "Pegging not allowed",
    0x0012: "Crossed market",
    0x0013: "Invalid quantity",
    0x0014: "Invalid cross order",
    0x0015: "Replace not allowed",
    0x0016: "Routing not allowed",
    0x0017: "Invalid symbol",
    0x0018: "Test",
    0x0019: "Late LOC too aggressive",
    0x001A: "Retail not allowed",
    0x001B: "Invalid midpoint post-only price",
    0x001C: "Invalid destination",
    0x001D: "Invalid price",
    0x001E: "Shares exceed threshold",
    0x001F: "Exceeds maximum allowed notional value",
    0x0020: "Risk: aggregate exposure exceeded",
    0x0021: "Risk: market impact",
    0x0022: "Risk: restricted stock",
    0x0023: "Risk: short sell restricted",
    0x0024: "Risk: order type restricted (2023), ISO not allowed (rev 1.05)",
    0x0025: "Risk: exceeds ADV limit",
    0x0026: "Risk: fat finger",
    0x0027: "Risk: locate required",
    0x0028: "Risk: symbol message rate restriction",
    0x0029: "Risk: port message rate restriction",
    0x002A: "Risk: duplicate message rate restriction",
    # From here on rev 1.05 only.
    0x002B: "Risk: short sell not allowed",
    0x002C: "Risk: market order not allowed",
    0x002D: "Risk: pre-market not allowed",
    0x002E: "Risk: post-market not allowed",
    0x002F: "Risk: short sell exempt not allowed",
    0x0030: "Risk: single order notional exceeded",
    0x0031: "Risk: max quantity exceeded",
    0x0032: "Reg SHO state not available",
    0x0033: "Risk: IPO market buy not allowed",
    0x0040: "Invalid AIQ",
}
"""Reasons of Rejected; an unknown code still decodes, for a reject must never be lost."""

CUSTOMER_TYPES: Final = {"R": "retail", "N": "not retail", " ": "port default"}
PRICE_TYPES: Final = {
    "L": "limit",
    "P": "market peg",
    "M": "midpoint peg",
    "R": "primary peg",
    "Q": "market maker peg",
    "m": "midpoint",
}
DISCRETION_PRICE_TYPES: Final = {"L": "limit", "P": "market peg", "M": "midpoint peg", "R": "primary peg"}
POST_ONLY: Final = {"P": "post only", "N": "not post only"}
TRADE_NOW: Final = {"Y": "yes", "N": "no", " ": "port default"}
HANDLE_INSTRUCTIONS: Final = {
    "I": "imbalance only",
    "O": "retail order 1",
    "T": "retail order 2",
    "Q": "retail price improving",
    "B": "extended life and continuous",
    "D": "direct listing with capital raise",
    "R": "2023 only",
    " ": "none",
}
BBO_WEIGHTS: Final = {
    "0": "0 to 0.2 %",
    "1": "0.2 to 1 %",
    "2": "1 to 2 %",
    "3": "above 2 %",
    "S": "sets the QBBO while joining the NBBO",
    "N": "improves the NBBO",
    " ": "not specified",
}
SHARES_LOCATED: Final = {"Y": "yes", "N": "no"}
