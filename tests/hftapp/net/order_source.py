"""Writes a given number of Enter Orders, each with its own number, where a channel makes room for them."""

from __future__ import annotations

import hashlib

import cython

from hftapp.channel import Channel
from hftapp.octets import Room

if not cython.compiled:
    from hftapp.octets import copy, put32

# SoupBinTCP 3.00 §3: length, type U. OUCH 5.0 §2.1: type O, UserRefNum (patched), side, quantity, symbol, price, time
# in force, display, capacity, sweep, cross type, ClOrdID, no appendage.
ORDER = (
    bytes.fromhex("0030 55 4f 00000000 42 00000064")
    + b"AAPL    "
    + (1_850_100).to_bytes(8, "big")
    + b"0YPNN"
    + b"ORDER         "
    + b"\0\0"
)
SIZE = 50


class OrderSource:
    """Sends `count` orders. `sent` so far; `at_once`: those that were built in the frame itself."""

    def __init__(self, count: int) -> None:
        self.sent = self.at_once = 0
        self._count = count
        self._store = bytearray(ORDER)
        self._order: Room = self._store

    def pump(self, channel: Channel, now: int, burst: int) -> bool:
        """Send up to `burst` orders, as many as the channel takes; False when none is left."""
        while burst > 0 and self.sent < self._count and channel.reserve(50, now):
            burst -= 1
            put32(self._order, 4, self.sent)
            copy(channel.out, channel.out_at, self._order, 0, 50)
            if channel.out_at != 0:
                self.at_once += 1
            channel.commit(50, now)
            self.sent += 1
        return self.sent < self._count


def digest(count: int) -> str:
    """The SHA-256 of the bytes of that many orders."""
    found = hashlib.sha256()
    for first in range(0, count, 1000):
        orders = (
            ORDER[:4] + number.to_bytes(4, "big") + ORDER[8:] for number in range(first, min(first + 1000, count))
        )
        found.update(b"".join(orders))
    return found.hexdigest()
