"""Price levels of every half book (one side of one stock), sorted, in one flat array.

A level has two 64-bit words: key << 32 | number of orders, and total shares. The key is the price of a bid and the
complement of the price of an ask, so keys ascend on both sides and the best level is the last. Changes cluster there:
it is where the search begins and where inserting moves least.

The levels of a half lie together in a slab; a half that needs more moves to one of twice the size and leaves its own to
others. Below the levels of a slab lie four empty ones whose key is 0 for good. So the search can look at four at a time
without asking where the levels end and without a branch for each, which no processor could predict.

Halves are numbered 2 × locate for bids, 2 × locate + 1 for asks.
"""

from __future__ import annotations

from array import array

import cython

from hftapp.book import memory

if not cython.compiled:
    from hftapp.book.lookup import higher_of_four
    from hftapp.units import Price, Shares

_LOW = 0xFFFF_FFFF
_GUARD = 8  # words of the four empty levels
_SLAB = 32  # words of the smallest slab
_SOME = 1 << 10  # halves that are set up at once
_NEAR = 4  # times four levels are looked at before the search halves what is left
SMALLEST = (_SLAB - _GUARD) // 2
"""Levels of the smallest slab."""


@cython.final
@cython.cclass
class Levels:
    """Levels of `halves` halves. Prices and the shares of an order have 32 bits, totals 64.

    `levels`: how many there is room for before the pool has to be doubled; `grown`: how often it was.
    """

    def __init__(self, halves: int, levels: int) -> None:
        if halves < 1 or levels < 1:
            raise ValueError(f"{halves} halves, {levels} levels: give at least 1 of each")
        self.halves = halves
        self.grown = 0
        # Four words a half: its first level, the word behind its last, words there is room for, one to spare.
        heads = memory.words(4 * halves, "q")
        some = memoryview(array("q", [_GUARD, _GUARD, 0, 0]) * min(halves, _SOME))
        for at in range(0, 4 * halves, len(some)):
            heads[at : at + len(some)] = some[: 4 * halves - at]
        self.heads = heads
        self.capacity = _SLAB * (levels // SMALLEST + 3)
        # Kept to the end: to give mapped memory back would be a system call, after growth in a silent trader too.
        self._mapped = memory.words(self.capacity)
        self.pool = self._mapped
        self.free = array("q", bytes(8 * 64))
        self._point()
        self.end = _SLAB  # the first slab stands for those of the halves that are empty

    def add(self, half: int, price: Price, shares: Shares) -> None:
        """An order joins its level, which is made if need be. MemoryError when the pool cannot grow."""
        key = price ^ (_LOW if half & 1 else 0)
        at = self.rows[4 * half + 1] - 2
        higher = higher_of_four(self.cells, at, key << 32 | _LOW)  # `seek`, but for a call
        at = at - 2 * higher if higher < 4 else self.seek(half, key)
        if self.cells[at] >> 32 == key and at >= self.rows[4 * half]:
            self.cells[at] += 1
            self.cells[at + 1] += shares
        else:
            self.insert(half, at + 2 - self.rows[4 * half], key, shares)

    def take(self, half: int, price: Price, shares: Shares, gone: bool) -> None:
        """Take shares off a level that is there; `gone`: with them the order that had them."""
        key = price ^ (_LOW if half & 1 else 0)
        at = self.rows[4 * half + 1] - 2
        higher = higher_of_four(self.cells, at, key << 32 | _LOW)
        at = at - 2 * higher if higher < 4 else self.seek(half, key)
        self.cells[at + 1] -= shares
        if not gone:
            return
        self.cells[at] -= 1
        if self.cells[at] & _LOW == 0:
            end = self.rows[4 * half + 1] - 2
            self.rows[4 * half + 1] = end
            while at < end:
                self.cells[at] = self.cells[at + 2]
                self.cells[at + 1] = self.cells[at + 3]
                at += 2

    def seek(self, half: int, key: int) -> int:
        """Return the word of the last level with at most this key; two before the first when there is none."""
        at = self.rows[4 * half + 1] - 2
        limit = key << 32 | _LOW
        for _ in range(_NEAR):
            higher = higher_of_four(self.cells, at, limit)
            at -= 2 * higher
            if higher < 4:
                return at
        return self.halve(self.rows[4 * half], at, limit)

    def depth(self, half: int) -> int:
        """Return the number of levels of a half."""
        return (self.heads[4 * half + 1] - self.heads[4 * half]) >> 1

    def price(self, half: int, i: int) -> Price:
        """Return the price of level `i`, the best is 0; 0 when there is none."""
        at = self.level(half, i)
        return Price(self.cells[at] >> 32 ^ (_LOW if half & 1 else 0) if at != 0 else 0)

    def shares(self, half: int, i: int) -> Shares:
        """Return the shares at level `i`, 0 when there is none."""
        at = self.level(half, i)
        return Shares(self.cells[at + 1] if at != 0 else 0)

    def orders(self, half: int, i: int) -> int:
        """Return the number of orders at level `i`, 0 when there is none."""
        at = self.level(half, i)
        return self.pool[at] & _LOW if at != 0 else 0

    def shares_at(self, half: int, price: Price) -> Shares:
        """Return the shares at a price, 0 when there is no such level."""
        key = price ^ (_LOW if half & 1 else 0)
        at = self.seek(half, key)
        return Shares(self.pool[at + 1] if self.pool[at] >> 32 == key and at >= self.heads[4 * half] else 0)

    def level(self, half: int, i: int) -> int:
        """Return the word of level `i`, 0 when there is none."""
        at = self.rows[4 * half + 1] - 2 - 2 * i
        return at if i >= 0 and at >= self.rows[4 * half] else 0

    def relieve(self) -> bool:
        """Double the pool when it is more than half full; returns whether it was. To be called off the path."""
        if 2 * self.end <= self.capacity:
            return False
        self._grow()
        return True

    def halve(self, low: int, high: int, limit: int) -> int:
        """Search the words from `low` to `high` by halves; see `seek`. Again no branch depends on what is there."""
        low -= 2  # from here on the answer is `low` or one of the `left` levels above it
        left = (high - low) >> 1
        while left > 0:
            half = (left + 1) >> 1
            low += 2 * half * (self.cells[low + 2 * half] <= limit)
            left -= half
        return low

    def insert(self, half: int, place: int, key: int, shares: Shares) -> None:
        """Make a level of one order, `place` words behind the first."""
        if self.rows[4 * half + 1] - self.rows[4 * half] == self.rows[4 * half + 2]:
            self._enlarge(half)
        at = self.rows[4 * half] + place
        i = self.rows[4 * half + 1]
        self.rows[4 * half + 1] = i + 2
        while i > at:
            self.cells[i] = self.cells[i - 2]
            self.cells[i + 1] = self.cells[i - 1]
            i -= 2
        self.cells[at] = key << 32 | 1
        self.cells[at + 1] = shares

    def _enlarge(self, half: int) -> None:
        """Move a half to a slab of twice the size, or give it its first."""
        old = self.heads[4 * half]
        used = self.heads[4 * half + 1] - old
        room = self.heads[4 * half + 2]
        size = _SLAB if room == 0 else 2 * (room + _GUARD)
        start = self._slab(size) + _GUARD
        self.heads[4 * half] = start
        self.heads[4 * half + 1] = start + used
        self.heads[4 * half + 2] = size - _GUARD
        for i in range(used):
            self.pool[start + i] = self.pool[old + i]
        if room != 0:
            rank = self._rank(room + _GUARD)
            self.pool[old] = self.free[rank]
            self.free[rank] = old - _GUARD

    def _slab(self, size: int) -> int:
        """Take a slab that someone left, or the next piece of the pool."""
        rank = self._rank(size)
        start = self.free[rank]
        if start != 0:
            self.free[rank] = self.pool[start + _GUARD]
            return start
        while self.end + size > self.capacity:
            self._grow()
        start = self.end
        self.end = start + size
        return start

    def _rank(self, size: int) -> int:
        rank = 0
        while size > _SLAB:
            size >>= 1
            rank += 1
        return rank

    def _grow(self) -> None:
        """Move everything to a pool of twice the size, on the heap: a running trader may not ask the kernel."""
        old = self.pool
        self.pool = memory.words(2 * self.capacity, mapped=False)
        for i in range(self.end):
            self.pool[i] = old[i]
        self.capacity *= 2
        self.grown += 1
        self._point()

    def _point(self) -> None:
        """Learn where the words are now."""
        self.rows = cython.address(self.heads[0]) if cython.compiled else self.heads
        self.cells = cython.address(self.pool[0]) if cython.compiled else self.pool
