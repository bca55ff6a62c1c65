"""Limit up-limit down: how far a price may go (the Plan to Address Extraordinary Market Volatility, sections I and V).

| Previous close | Tier 1 | Tier 2 |
|---|---|---|
| above $3.00 | 5 % | 10 % |
| $0.75 to $3.00 | 20 % | 20 % |
| below $0.75 | the lesser of $0.15 and 75 % | same |

The width is doubled from 9:30 to 9:45 and for the last 25 minutes, for tier 1, and for tier 2 up to $3.00. (The plan
has been amended: since 2020 it does not double at the open; before, tier 2 was doubled at every price.) Bands are
rounded to a cent. Prices are price4 integers.
"""

from __future__ import annotations

_CENT = 100
_THREE_DOLLARS = 30_000
_SEVENTY_FIVE_CENTS = 7_500
_FIFTEEN_CENTS = 1_500


def to_cent(price: int) -> int:
    """Rounded to the nearest cent, half a cent up."""
    return (price + _CENT // 2) // _CENT * _CENT


def band_width(reference: int, previous_close: int, tier: str, doubled: bool) -> int:
    """How far the bands are from the reference price; the previous close decides on the row of the table."""
    if previous_close > _THREE_DOLLARS:
        percent = 5 if tier == "1" else 10
        width = reference * percent // 100
        factor = 2 if doubled and tier == "1" else 1
    else:
        width = reference * 20 // 100
        if previous_close < _SEVENTY_FIVE_CENTS:
            width = min(_FIFTEEN_CENTS, reference * 75 // 100)
        factor = 2 if doubled else 1
    return width * factor


def price_bands(reference: int, previous_close: int, tier: str, doubled: bool) -> tuple[int, int]:
    """Lower and upper band; 0 = there is none on that side, because it would be at nothing or below."""
    width = band_width(reference, previous_close, tier, doubled)
    return max(0, to_cent(reference - width)), to_cent(reference + width)
