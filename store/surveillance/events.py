"""What surveillance is told, one event at a time, in the order of time.

Times are ns since midnight of the exchange, prices price4, sides `B` and `S`. Events of one moment come in the order in
which the exchange worked them off: the order, its executions, what was taken off it, then the new best prices.
"""

from __future__ import annotations

from typing import Final, NamedTuple, get_type_hints

ENTERED: Final = "entered"
"""An order was accepted: `shares` at `price`."""
REPLACED: Final = "replaced"
"""The order `replaces` is gone, `ref` has taken its place: `shares` at `price`."""
REDUCED: Final = "reduced"
"""`shares` were taken off the order: by its owner (`reason` `U`), or for another reason of OUCH 5.0 §5.5."""
EXECUTED: Final = "executed"
"""`shares` traded at `price` in the match `match`; `aggressive` when the order took liquidity."""
REJECTED: Final = "rejected"
"""A request was refused; there is no order."""
KINDS: Final = (ENTERED, REPLACED, REDUCED, EXECUTED, REJECTED)

BY_OWNER: Final = "U"
"""The reason of a cancel that the order's owner asked for."""


class OrderEvent(NamedTuple):
    """What happened to one order. ``account`` sent it, ``owner`` is the beneficial owner of that account.

    ``ref``: the exchange's reference number, unique within ``venue``.
    """

    t: int
    event: str
    venue: str
    symbol: str
    account: str
    owner: str
    ref: int
    side: str = ""
    price: int = 0
    shares: int = 0
    match: int = 0
    replaces: int = 0
    aggressive: bool = False
    reason: str = BY_OWNER


class Quote(NamedTuple):
    """The best prices of a symbol and the shares there, after they changed; 0 where a side is empty."""

    t: int
    symbol: str
    bid: int
    bid_shares: int
    ask: int
    ask_shares: int

    @property
    def twice_mid(self) -> int:
        """Bid plus ask (2 x price4), 0 while a side is empty."""
        return self.bid + self.ask if self.bid and self.ask else 0


class Trade(NamedTuple):
    """A trade of the market, whoever traded."""

    t: int
    symbol: str
    price: int
    shares: int
    match: int


Event = OrderEvent | Quote | Trade

LIMIT: Final = 1 << 64
"""Numbers are smaller, and not negative; references and matches have all 64 bits."""
_SIDES: Final = ("B", "S", "")
_TYPES: Final = {kind: tuple(get_type_hints(kind).values()) for kind in (OrderEvent, Quote, Trade)}


def is_sound(event: Event) -> bool:
    """Whether an event made from data of others has what its class says: types, ranges, text that can be written."""
    if tuple(type(value) for value in event) != _TYPES[type(event)]:
        return False
    if isinstance(event, OrderEvent) and (event.event not in KINDS or event.side not in _SIDES):
        return False
    for value in event:
        if isinstance(value, int) and not 0 <= value < LIMIT:
            return False
        if isinstance(value, str) and not value.isascii() and not can_be_written(value):
            return False
    return True


def can_be_written(text: str) -> bool:
    """Whether a text has a form in UTF-8: JSON can say halves of characters, which have none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
