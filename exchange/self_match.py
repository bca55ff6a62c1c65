"""Self-match prevention: the AIQ strategies of OUCH 5.0 (§5.7) as a table.

The resting order's strategy decides; where it is off or says "use the remover's", the incoming order's does; where that
is off or says the same, the two trade. A strategy looks at its scope only, and at orders of its own group.
"""

from __future__ import annotations

from exchange.orders import Order

DECREMENT_QUIETLY, DECREMENT, CANCEL_OLDEST, CANCEL_NEWEST, USE_REMOVERS = range(1, 6)
FIRM, ORGANISATION, AFFILIATE, ANY = range(1, 5)

# Rows are modes, columns scopes: OUCH 5.0 §5.7.
_CODES = {
    DECREMENT_QUIETLY: "YyZ0",
    DECREMENT: "DdE1",
    CANCEL_OLDEST: "OoP2",
    CANCEL_NEWEST: "WwX4",
    USE_REMOVERS: "RrS5",
}
OFF = "N"
PORT_DEFAULT = "*"
STRATEGIES: dict[str, tuple[int, int]] = {
    code: (mode, scope) for mode, codes in _CODES.items() for scope, code in enumerate(codes, 1)
}

# By code: the mode and the scope, 0 where the code means nothing.
_MODES = bytes(STRATEGIES[chr(code)][0] if chr(code) in STRATEGIES else 0 for code in range(128))
_SCOPES = bytes(STRATEGIES[chr(code)][1] if chr(code) in STRATEGIES else 0 for code in range(128))


def mode_of(strategy: int) -> int:
    """What a strategy does, 0 for none."""
    return _MODES[strategy]


def strategy_between(maker: Order, taker: Order) -> int:
    """The code of the strategy that forbids this trade, 0 when it may happen."""
    if maker.party is None or taker.party is None or maker.aiq_group != taker.aiq_group:
        return 0
    strategy = maker.aiq
    if strategy == 0 or mode_of(strategy) == USE_REMOVERS:
        strategy = taker.aiq
    if strategy == 0 or mode_of(strategy) == USE_REMOVERS:
        return 0
    return strategy if _related(maker, taker, _SCOPES[strategy]) else 0


def _related(maker: Order, taker: Order, scope: int) -> bool:
    one, other = maker.party, taker.party
    assert one is not None and other is not None, "the house is not subject to self-match prevention"
    if one.firm == other.firm and scope in (FIRM, ANY):
        return True
    if one.organisation and one.organisation == other.organisation and scope in (ORGANISATION, ANY):
        return True
    return one.affiliate != 0 and one.affiliate == other.affiliate and scope in (AFFILIATE, ANY)
