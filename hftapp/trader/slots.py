"""A list of a fixed length as an array of references: a place is read and written without a call.

The list itself has to be kept, and must never grow or shrink.
"""

from __future__ import annotations

from typing import Any

from hftapp.trader.instrument import Instrument


def places_of(items: list[Any]) -> list[Any]:
    """Return the places of a list."""
    return items


def instrument_at(places: list[Any], i: int) -> Any:
    """Return what is in place `i`, which must exist and hold an instrument or None."""
    return places[i]


def put_instrument(places: list[Any], i: int, item: Instrument) -> None:
    """Put an instrument in place `i`, which must exist."""
    places[i] = item
