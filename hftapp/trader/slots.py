"""A list of a fixed length as an array of references: a place is read and written without a call."""

from __future__ import annotations

from hftapp.trader.instrument import Instrument


def instrument_at(items: list[Instrument | None], i: int) -> Instrument | None:
    """Return what is in place `i`, which must exist and hold an instrument or None."""
    return items[i]


def put_instrument(items: list[Instrument], i: int, item: Instrument) -> None:
    """Put an instrument in place `i`, which must exist."""
    items[i] = item
