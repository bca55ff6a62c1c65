"""Names of the risk gate's checks by code, as decisions carry them (`management.Decision.code`).

Whoever reads a journal needs them, also where there is no trader. A code is never given to another check; what each
check does is in `docs/risk.md`.
"""

from typing import Final

NAMES: Final = (
    *("passed", "kill_switch", "stale_book", "open_gap", "halted", "permission", "restricted", "quantity", "price"),
    *("order_notional", "price_collar", "fat_finger", "position", "locate", "short_price", "symbol_open_notional"),
    *("open_notional", "open_orders", "gross_exposure", "net_exposure", "executed_notional", "self_cross"),
    *("port_rate", "symbol_rate", "duplicate", "side"),
)


def name_of(code: int) -> str:
    """The name of a check; a code that this version does not have keeps its number."""
    return NAMES[code] if code < len(NAMES) else f"check {code}"


WALK: Final = (1, 2, 3, 4, 5, 6, 25, *range(7, 25))
"""Codes in the order in which the gate walks them: those before the one that refused have passed."""
