"""References that nobody counts, which spares the path ten instructions for each.

An object that is kept by somebody else for as long as the trader runs need not be counted each time it is looked at.
Compiled, `Borrowed` is a bare pointer, and `cython.cast(Type, pointer)` looks at what is behind it; the functions are
inlined from `lean.pxd`. Whoever borrows says in a comment who keeps the object.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Borrowed: TypeAlias = Any
"""An object that somebody else keeps."""
Places: TypeAlias = list[Any]
"""A row of them, of a fixed length."""


def borrowed(thing: object) -> Borrowed:
    """Return the object, not counted."""
    return thing


def row(store: list[Any]) -> Places:
    """Return the row that `store_for` made; keep the store."""
    return store


def store_for(count: int) -> list[Any]:
    """Return memory for a row of `count` objects, none of which is kept by it."""
    return [None] * count
