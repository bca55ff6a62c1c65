"""What an exchange says again: a trader that comes back wants its session from message 1, and journals all of it anew.

An order is known by its server or login, its venue and its UserRefNum. The exchange's timestamp tells a repetition from
the same number of another day. Pure.
"""

from dataclasses import dataclass
from typing import Any, Final

from protocols import ouch50

MAX_ORDERS: Final = 200_000
MAX_ONCE: Final = 1_000_000
"""Of so many orders, and so many executions, a repetition is known; the oldest are forgotten."""
_ENTRIES: Final = ouch50.OrderAccepted | ouch50.OrderReplaced
_ONCE: Final = ouch50.OrderExecuted | ouch50.Rejected
"""Of these there are no two alike. Of others there may be: two cancels for the same shares at the same time."""
_NUMBERS: Final = ("match_number", "order_reference_number", "decrement_shares", "quantity", "reason")

Key = tuple[Any, ...]
_Said = tuple[str, int, int | str]
"""Type, the exchange's timestamp, and the first of ``_NUMBERS`` that the type has."""


@dataclass(slots=True)
class _Life:
    """How often each message about an order was taken, and how often it has come since the order was entered last."""

    taken: dict[_Said, int]
    passing: dict[_Said, int]

    def again(self, said: _Said) -> bool:
        before = self.taken.get(said, 0)
        count = self.passing[said] = self.passing.get(said, 0) + 1
        if count <= before:
            return True
        self.taken[said] = count
        return False


class Repeats:
    """Remembers what was said about each order."""

    def __init__(self, orders: int = MAX_ORDERS, once: int = MAX_ONCE) -> None:
        self._limits = orders, once
        self._orders: dict[Key, _Life] = {}
        self._once: dict[tuple[Key, _Said], None] = {}

    def again(self, of: Key, message: ouch50.OuchOutbound) -> bool:
        """Whether a message was taken before. `of`: server or login, and venue."""
        reference = getattr(message, "user_ref_num", None)
        if reference is None:
            return False
        key, said = (*of, reference), _said(message)
        if isinstance(message, _ONCE):
            if (key, said) in self._once:
                return True
            self._once[key, said] = None
            _trim(self._once, self._limits[1])
            return False
        entered = isinstance(message, _ENTRIES)
        life = self._orders.get(key)
        if life is None or (entered and said not in life.taken):
            # Seen once, the two counts are one; they part when the order is entered again.
            counts: dict[_Said, int] = {}
            self._orders.pop(key, None)
            life = self._orders[key] = _Life(counts, counts)
            _trim(self._orders, self._limits[0])
        elif entered:
            life.passing = {}
        return life.again(said)

    def forget(self, first: Any) -> None:
        """Forget the orders of a server or login."""
        self._orders = {key: life for key, life in self._orders.items() if key[0] != first}
        self._once = {known: None for known in self._once if known[0][0] != first}

    def __len__(self) -> int:
        return len(self._orders) + len(self._once)


def _said(message: ouch50.OuchOutbound) -> _Said:
    number = next((getattr(message, name) for name in _NUMBERS if hasattr(message, name)), 0)
    return message.TYPE, message.timestamp, number


def _trim(known: dict[Any, Any], limit: int) -> None:
    if len(known) > limit:
        del known[next(iter(known))]
