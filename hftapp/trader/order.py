"""The words of the order state machine: sides, states, how orders end, and an order itself."""

from __future__ import annotations

from typing import Final

import cython

from hftapp.trader.instrument import Instrument
from protocols import ouch50

if not cython.compiled:
    from hftapp.octets import Room
    from hftapp.units import Notional, Price, Shares

BUY: Final = 1
SELL: Final = -1
SIDE_NAMES: Final = {BUY: "B", SELL: "S"}

PENDING, LIVE, DEAD = range(3)
"""Life of an order: sent, on the book, gone. Replaces and cancels in flight are attributes, not states."""
_PENDING = PENDING
STATES: Final = ("pending", "live", "dead")

DAY: Final = ord("0")
IOC: Final = ord("3")
"""Times in force (OUCH 5.0, Enter Order)."""
MARK_BUY, MARK_SELL, MARK_SHORT = b"BST"
"""Sides as the exchange is told them."""

ADOPTED: Final = -1
"""Owner of an order of another run."""
TOKEN: Final = 14
"""Bytes of a ClOrdID."""

OPEN, FILLED, CANCELLED, SELF_MATCH, MODIFIED, REPLACED, REJECTED, LOST, ACCEPTED_DEAD, FOREIGN, SAID = range(11)
"""How an order ended (`Order.end`); a number that belongs to it is in `Order.detail`."""

_NOWHERE = Instrument("", -1)


@cython.final
@cython.cclass
class Order:
    """One UserRefNum at one venue, taken from a pool: an order that has long been dead becomes another one.

    `remaining`: shares that may still execute, `executed`: shares of it and of everything that it replaced. `side` is
    `BUY` or `SELL`, `mark` the side as the exchange was told it, `owner` the number of the desk (`ADOPTED`: another
    run's order). `reference`: the exchange's number of it on the feed, 0 before it is accepted. `cancelling`: a cancel
    was sent and not answered, `cancel_rejected`: the last one was, and another one at once would be.

    `replaces` and `replaced_by` link an order and its replace in flight; `replaced_ref` and `heir_ref` are the numbers
    of the order it was meant to replace and of the one that replaced it, 0 if there is none. `exposed` and `counted`
    are its part of the exposure and of the open notional. `next`, `prev`: all open orders, `place`: its place in
    `Instrument.own`. `token`: the ClOrdID, 14 bytes.
    """

    def __init__(self) -> None:
        self.ref = 0
        self.price = Price(0)
        self.remaining = Shares(0)
        self.side = 0
        self.state = DEAD
        self.venue = 0
        self.mark = 0
        self.cancelling = False
        self.cancel_rejected = False
        self.iso = False
        self.tif = DAY
        self.owner = ADOPTED
        self.instrument = _NOWHERE
        self.replaces: Order | None = None
        self.replaced_by: Order | None = None
        self.executed = Shares(0)
        self.exposed = Shares(0)
        self.counted = Notional(0)
        self.reference = 0
        self.entered_at = 0
        self.next: Order | None = None
        self.prev: Order | None = None
        self.place = 0
        self.replaced_ref = 0
        self.heir_ref = 0
        self.end = OPEN
        self.detail = 0
        self.after_ref = 0
        self.said = ""
        self._token = bytearray(TOKEN)
        self.token: Room = self._token

    def busy(self) -> bool:
        """Whether an answer of the exchange is outstanding, so that nothing more should be asked of it."""
        return self.state == _PENDING or self.cancelling or self.replaced_by is not None

    @property
    def cl_ord_id(self) -> str:
        """The ClOrdID as text."""
        return self._token.decode("ascii", "replace").rstrip(" ")

    @property
    def symbol(self) -> str:
        """The symbol; empty before the order was used."""
        return self.instrument.symbol

    @property
    def reason(self) -> str:
        """How the order ended, in words; empty while it is open."""
        if self.end == OPEN:
            return ""
        text = self.said if self.end == SAID else _WORDS[self.end]
        if self.end == CANCELLED:
            text += ouch50.CANCEL_REASONS.get(chr(self.detail), chr(self.detail))
        elif self.end == REJECTED:
            text += ouch50.REJECT_REASONS.get(self.detail, f"0x{self.detail:04X}")
        elif self.end == REPLACED:
            text += str(self.detail)
        return f"replaced order {self.after_ref}: {text}" if self.after_ref else text


_WORDS = {
    FILLED: "filled",
    CANCELLED: "cancelled: ",
    SELF_MATCH: "cancelled: self-match prevention",
    MODIFIED: "modified to 0",
    REPLACED: "replaced by ",
    REJECTED: "rejected: ",
    LOST: "never answered by the exchange",
    ACCEPTED_DEAD: "accepted dead",
    FOREIGN: "its UserRefNum belongs to an order of another run",
}
