"""Integer types that must not be mixed up: a price is no number of shares, and neither is a value.

Interpreted they are plain integers that the type checker tells apart; compiled they are the C types of `units.pxd`.
"""

from typing import NewType

Price = NewType("Price", int)
"""1/10,000 dollar (price4)."""
Shares = NewType("Shares", int)
"""Whole shares."""
Notional = NewType("Notional", int)
"""Price times shares: 1/10,000 dollar."""
