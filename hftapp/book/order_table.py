"""Displayed orders by reference number: an open-addressing hash table in one flat array.

A slot has four 64-bit words, half a cache line: the reference, price << 32 | remaining shares (0: an empty slot, for no
order has 0 shares), the half of the book it rests on, and one to spare. Linear probing; a removal shifts back what
follows, so there are no tombstones and a table that lives all day does not get slower.

Exchanges number orders in sequence and most die young. So four neighbouring references share one home, a group of
eight slots, and only the groups are scattered: what was added last is still in the cache when it is deleted.
"""

from __future__ import annotations

import cython

from hftapp.book import memory

if not cython.compiled:
    from hftapp.book.lookup import home_of
    from hftapp.units import Price, Shares

MIN_CAPACITY = 16
_LOW = 0xFFFF_FFFF
_NOT_FOUND = -1
_WORDS = 4
_GROUP = 8


@cython.final
@cython.cclass
class OrderTable:
    """Orders with unique references (64 bits), prices and shares (32 bits each, shares not 0).

    `capacity`: slots, a power of two. `count`: orders in it. `grown`: how often it had to be doubled.
    """

    def __init__(self, capacity: int = 1 << 16) -> None:
        if capacity < MIN_CAPACITY or capacity & (capacity - 1):
            raise ValueError(f"capacity {capacity} of an order table: give a power of two, at least {MIN_CAPACITY}")
        self.count = 0
        self.capacity = capacity
        self.grown = 0
        self.mask = capacity - 1
        self.shift = 64 - (capacity // _GROUP).bit_length() + 1
        # Kept to the end: to give mapped memory back would be a system call, after growth in a silent trader too.
        self._mapped = memory.words(_WORDS * capacity)
        self.words = self._mapped
        self._point()

    def home(self, reference: int) -> int:
        """Return the slot in which the search for a reference starts."""
        return home_of(reference, self.shift)

    def find(self, reference: int) -> int:
        """Return the slot of an order, -1 when it is not in the table."""
        i = home_of(reference, self.shift)
        while self.cells[4 * i + 1] != 0:
            if self.cells[4 * i] == reference:
                return i
            i = (i + 1) & self.mask
        return _NOT_FOUND

    def insert(self, reference: int, price: Price, shares: Shares, half: int) -> int:
        """Enter an order; returns its slot, -1 when the reference is in use. MemoryError when it cannot grow."""
        if self.count >= self.limit:
            self._grow()
        i = home_of(reference, self.shift)
        while self.cells[4 * i + 1] != 0:
            if self.cells[4 * i] == reference:
                return _NOT_FOUND
            i = (i + 1) & self.mask
        self.cells[4 * i] = reference
        self.cells[4 * i + 1] = price << 32 | shares
        self.cells[4 * i + 2] = half
        self.count += 1
        return i

    def remove(self, slot: int) -> None:
        """Take out the order of a slot, and move back those behind it that would no longer be found."""
        hole = i = slot
        while True:
            i = (i + 1) & self.mask
            if self.words[4 * i + 1] == 0:
                break
            # An order may fill the hole if that lies between its home and its place, going round the end.
            if (i - self.home(self.words[4 * i])) & self.mask >= (i - hole) & self.mask:
                self.words[4 * hole] = self.words[4 * i]
                self.words[4 * hole + 1] = self.words[4 * i + 1]
                self.words[4 * hole + 2] = self.words[4 * i + 2]
                hole = i
        self.words[4 * hole + 1] = 0
        self.count -= 1

    def relieve(self) -> bool:
        """Double the table when it is more than half full; returns whether it was. To be called off the path."""
        if 2 * self.count <= self.capacity:
            return False
        self._grow()
        return True

    def holds(self, reference: int) -> bool:
        """Return whether an order is in the table."""
        return self.find(reference) >= 0

    def price(self, reference: int) -> Price:
        """Return the price of an order, 0 when it is not in the table."""
        i = self.find(reference)
        return Price(self.words[4 * i + 1] >> 32 if i >= 0 else 0)

    def shares(self, reference: int) -> Shares:
        """Return what remains of an order, 0 when it is not in the table."""
        i = self.find(reference)
        return Shares(self.words[4 * i + 1] & _LOW if i >= 0 else 0)

    def _grow(self) -> None:
        """Move everything to a table of twice the size, on the heap: a running trader may not ask the kernel."""
        old = self.words
        slots = self.capacity
        self.words = memory.words(_WORDS * 2 * slots, mapped=False)
        self.capacity = 2 * slots
        self.mask = self.capacity - 1
        self.shift -= 1
        self.grown += 1
        self._point()
        for at in range(slots):
            if old[4 * at + 1] != 0:
                i = self.home(old[4 * at])
                while self.words[4 * i + 1] != 0:
                    i = (i + 1) & self.mask
                self.words[4 * i] = old[4 * at]
                self.words[4 * i + 1] = old[4 * at + 1]
                self.words[4 * i + 2] = old[4 * at + 2]

    def _point(self) -> None:
        """Learn where the words are now, and when it gets too full: three quarters."""
        self.cells = cython.address(self.words[0]) if cython.compiled else self.words
        self.limit = self.capacity - self.capacity // 4
