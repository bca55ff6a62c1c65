"""A list of a fixed length as a row of references: a place is read without a call, and nothing is counted.

The list itself has to be kept, and must never grow or shrink. It is written as a list only.
"""

from __future__ import annotations

from typing import Any


def places_of(items: list[Any]) -> list[Any]:
    """Return the places of a list."""
    return items
