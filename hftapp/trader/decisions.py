"""Journals every decision of the risk gate: what was wanted, why, what the gate made of it, and when.

A decision is a `protocols.management.Decision`, laid into the journal ring. That of an order that passed is written
behind the doorbell, just after the order's own record; nothing of it stands in front. The ring keeps room for it free
(`Ring.push_last`), so an order that is journalled has its decision journalled. A refused one that finds no room is
counted in the ring's `dropped`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cython

from hftapp import records
from hftapp.feed.arbiter import Arbiter
from hftapp.ring import Ring
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order
from hftapp.trader.stages import Stages
from protocols.management import Decision

if not cython.compiled:
    from hftapp.octets import Room, copy, put16, put32, put64
    from hftapp.units import Price, Shares

    _BUY = 1

LENGTH: Final = Decision.SIZE
BOOK, TRADE, FILL, TIMER, ORDER = b"BTFCO"
"""Causes: what the strategy was told when it decided (`protocols.management.Cause`)."""
SPARE: Final = 2 * (LENGTH + 16)
"""Bytes that orders leave free in the ring: a decision, and the end of a lap that it may have to skip."""

_LENGTH, _KIND, _SELL_CODE, _BUY_CODE = LENGTH, records.DECISION, ord("S"), ord("B")
_BOOK, _TRADE = BOOK, TRADE
_MARK = ord(Decision.TYPE)


@cython.final
@cython.cclass
class Decisions:
    """Writer of decisions. `cause`: of those to come, `BOOK` unless whoever asks a strategy for another reason says so.

    `feed_venue`: whose market data was applied last; `arbiters`: the feeds by venue (none: sequence 0).
    """

    def __init__(self, ring: Ring, epoch: int, stages: Stages, arbiters: Sequence[Arbiter] = ()) -> None:
        self.cause = BOOK
        self.feed_venue = 0
        self._ring = ring
        self._epoch = epoch
        self._stages = stages
        self._arbiters = list(arbiters)
        self._store = bytearray(LENGTH)
        self._record: Room = self._store
        self._record[0] = _MARK
        ring.spare = SPARE

    def passed(self, order: Order, replaces: int, first: bool, now: int) -> bool:
        """Journal that an order passed and was sent; `first` of its tick, `replaces`: a UserRefNum or 0.

        False when there was no room, which `SPARE` rules out.
        """
        record = self._record
        self._common(0, order.instrument, order.venue, order.side, order.owner, first)
        put32(record, 16, order.ref)
        put32(record, 20, replaces)
        put32(record, 24, order.remaining)
        put64(record, 28, order.price)
        put64(record, 44, 0)
        put64(record, 52, 0)
        if first and (self.cause == _BOOK or self.cause == _TRADE):
            put32(record, 80, self._stages.passed_at - self._stages.burst_at)
            put32(record, 84, self._stages.rung_at - self._stages.burst_at)
        else:
            put64(record, 80, 0)
        return self._ring.push_last(_KIND, now + self._epoch, record, 0, _LENGTH)

    def unsent(
        self,
        code: int,
        instrument: Instrument,
        venue: int,
        side: int,
        shares: Shares,
        price: Price,
        replaces: int,
        owner: int,
        value: int,
        limit: int,
        now: int,
    ) -> bool:
        """Journal that the check `code` found `value` where the limit is `limit`; False, and counted, without room.

        Code 0: it passed, but the connection did not take it.
        """
        record = self._record
        self._common(code, instrument, venue, side, owner, not self._stages.rung)
        put32(record, 16, 0)
        put32(record, 20, replaces)
        put32(record, 24, shares)
        put64(record, 28, price)
        put64(record, 44, value)
        put64(record, 52, limit)
        put64(record, 80, 0)
        return self._ring.push_octets(_KIND, now + self._epoch, record, 0, _LENGTH)

    def _common(self, code: int, instrument: Instrument, venue: int, side: int, owner: int, first: bool) -> None:
        """What passed and refused decisions have alike. A price or size that does not fit loses its upper bits."""
        record = self._record
        stages = self._stages
        arbiter = None if self.feed_venue >= len(self._arbiters) else self._arbiters[self.feed_venue]
        sequence = 0 if arbiter is None or arbiter.next_number < 1 else arbiter.next_number - 1
        put16(record, 1, code)
        record[3] = owner & 0xFF
        record[4] = self.cause
        record[5] = venue
        record[6] = self.feed_venue
        record[7] = _BUY_CODE if side == _BUY else _SELL_CODE
        copy(record, 8, instrument.stock, 0, 8)
        put64(record, 36, sequence)
        if self.cause != _BOOK and self.cause != _TRADE:  # not in a burst: nothing to count from
            put64(record, 60, 0)
            first = False
        else:
            put64(record, 60, stages.burst_at)
        if first:
            put32(record, 68, stages.parsed_at - stages.burst_at)
            put32(record, 72, stages.booked_at - stages.burst_at)
            put32(record, 76, stages.decided_at - stages.burst_at)
        else:
            put64(record, 68, 0)
            put32(record, 76, 0)
