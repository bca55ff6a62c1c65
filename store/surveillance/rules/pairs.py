"""Both sides of a match that one owner had."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from store.surveillance.events import EXECUTED, OrderEvent
from store.surveillance.orders import Live

_WAITING: Final = 4_096


class Pair(NamedTuple):
    """A match with the resting order and the one that took it, of one owner."""

    maker: Live
    taker: Live
    shares: int
    match: int


class Pairs:
    """Joins executions by match number. The two sides of a match are told one after the other."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[str, int], tuple[Live, bool]] = OrderedDict()

    def look(self, event: OrderEvent, order: Live | None) -> Pair | None:
        """Take an event; gives the pair once the second side is there and its owner is the first one's."""
        if event.event != EXECUTED or order is None:
            return None
        key = event.venue, event.match
        other = self._waiting.pop(key, None)
        if other is None:
            self._waiting[key] = order, event.aggressive
            if len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
            return None
        first, first_took = other
        if first.owner != order.owner:
            return None
        maker, taker = (order, first) if first_took else (first, order)
        return Pair(maker, taker, event.shares, event.match)
