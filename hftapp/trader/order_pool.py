"""Where orders come from, how they are found by UserRefNum, and when they are forgotten.

Orders are made before trading begins. A dead one is remembered until `max_dead` more have died, so that late messages
about it are still understood; then it becomes a new order. UserRefNums of a venue grow by one, so a ring indexed by
their low bits finds them; an order that is still remembered when the ring comes round is kept in a dictionary.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.trader.order import Order

RING: Final = 65_536
"""Slots of each venue's ring: a power of 2, larger than the number of orders that are remembered."""

_RING = RING
_MASK = RING - 1


@cython.final
@cython.cclass
class OrderPool:
    """Orders of `venues` venues. `grown`: orders made while trading, because more than `size` were open."""

    def __init__(self, venues: int, max_dead: int, size: int) -> None:
        if max_dead < 1 or size < 1:
            raise ValueError(f"an order pool needs room for orders, not max_dead={max_dead}, size={size}")
        self.venues = venues
        self.grown = 0
        self._ring: list[Order | None] = [None] * (RING * venues)
        self._elsewhere: dict[tuple[int, int], Order] = {}
        self._free: list[Order] = [Order() for _ in range(max_dead + size)]
        self._free_count = len(self._free)
        self._dead: list[Order | None] = [None] * max_dead
        self._dead_at = 0
        self._max_dead = max_dead

    def take(self) -> Order:
        """An order that nobody uses; every field still as it was left."""
        if self._free_count == 0:
            self.grown += 1
            self._free.append(Order())  # room for it when it is given back
            return Order()
        self._free_count -= 1
        return self._free[self._free_count]

    def add(self, order: Order) -> None:
        """Make an order findable; one with the same venue and number is no longer found."""
        place = order.venue * _RING + (order.ref & _MASK)
        held = self._ring[place]
        if held is not None and held.ref != order.ref:
            self._aside(held)
        self._ring[place] = order

    def find(self, venue: int, ref: int) -> Order | None:
        """The order of a number that is not forgotten, None if there is none."""
        order = self._ring[venue * _RING + (ref & _MASK)]
        if order is not None and order.ref == ref:
            return order
        if self._elsewhere:
            return self._elsewhere.get((venue, ref))
        return None

    def bury(self, order: Order) -> None:
        """Remember an order that has died for a while, and another one no longer."""
        old = self._dead[self._dead_at]
        self._dead[self._dead_at] = order
        self._dead_at += 1
        if self._dead_at == self._max_dead:
            self._dead_at = 0
        if old is not None:
            self._forget(old)

    def _forget(self, order: Order) -> None:
        place = order.venue * _RING + (order.ref & _MASK)
        held = self._ring[place]
        if held is order:
            self._ring[place] = None
        elif self._elsewhere and self._elsewhere.get((order.venue, order.ref)) is order:
            del self._elsewhere[order.venue, order.ref]
        self._free[self._free_count] = order
        self._free_count += 1

    def _aside(self, order: Order) -> None:
        self._elsewhere[order.venue, order.ref] = order
