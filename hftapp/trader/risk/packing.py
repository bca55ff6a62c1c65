"""An order's terms as two integers, so that comparing orders is comparing numbers.

Interpreted these functions run; compiled they are inlined from `packing.pxd`, and this module is not compiled.
"""

from typing import Final

from hftapp.units import Price, Shares

MAX_INSTRUMENTS: Final = 1 << 18
"""Instruments of one trader: the stock locates (ITCH 5.0: 2 bytes each) of four venues."""
MAX_SESSIONS: Final = 4
"""Venues that fit the 2 bits beside the instrument in a place."""
_HASH = 0x5851_F42D


def place_of(index: int, venue: int) -> int:
    """Instrument and venue; `index` is below `MAX_INSTRUMENTS`, `venue` below `MAX_SESSIONS`."""
    return index << 2 | venue


def terms_of(side: int, shares: Shares, price: Price) -> int:
    """Side (1 or -1), shares (at most 20 bits) and price4 (at most 31 bits), as in OUCH; never negative."""
    return price << 22 | shares << 2 | (side + 1)


def chain_of(place: int, terms: int) -> int:
    """A hash of both; whoever keeps chains takes as many of its low bits as it has chains."""
    return (terms ^ place * _HASH) * _HASH >> 32
