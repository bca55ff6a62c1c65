"""ITCH messages as plain operations, for packages that have books but no ITCH decoder. Standard library only."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.native.contest import messages

ADD, UPDATE, DELETE = range(3)

_ADD = struct.Struct(">xHxxxxxxxxQcI8sI")
_REDUCE = struct.Struct(">QI")
_REPLACE = struct.Struct(">QQII")
_KINDS = frozenset(b"AFECXDU")


class Operation(NamedTuple):
    """One change of an order: `shares` are what it has afterwards, 0 for DELETE. Price price4."""

    kind: int
    locate: int
    reference: int
    buy: bool
    price: int
    shares: int


def operations(data: bytes) -> Iterator[Operation]:
    """The operations of a BinaryFILE; a replace is a delete and an add, messages about nothing known give none."""
    orders: dict[int, Operation] = {}
    for message in messages(data):
        kind = message[0]
        if kind not in _KINDS:
            continue
        if kind in b"AF":
            locate, reference, side, shares, _, price = _ADD.unpack_from(message)
            made = orders[reference] = Operation(ADD, locate, reference, side == b"B", price, shares)
            yield made
            continue
        reference = int.from_bytes(message[11:19], "big")
        old = orders.pop(reference, None)
        if old is None:
            continue
        left = 0
        if kind in b"ECX":
            left = max(0, old.shares - _REDUCE.unpack_from(message, 11)[1])
        if left:
            yield orders.setdefault(reference, old._replace(kind=UPDATE, shares=left))
            continue
        yield old._replace(kind=DELETE, shares=0)
        if kind == ord("U"):
            _, new, shares, price = _REPLACE.unpack_from(message, 11)
            made = orders[new] = Operation(ADD, old.locate, new, old.buy, price, shares)
            yield made
