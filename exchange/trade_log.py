"""Who traded in which match, so that an execution can be broken later in the day.

28 bytes a match and 12 a participant of a cross, in temporary files: memory stays flat however long the day is. Orders
are told by owner and token (the owner's own number of the order); by what other names a client knows its order is its
account's business. Matches that are not of this market's engine (messages of a replayed file) cannot be broken.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from exchange.market import Market
from exchange.orders import HOUSE, Order
from exchange.record_spool import RecordSpool
from protocols.itch50 import BrokenTrade
from protocols.ouch50_codes import BROKEN_TRADE_REASONS

# Locate (0: no trade), state; maker's owner and token, taker's owner and token. Of a cross: 0 and the number of its
# first part, count of the parts and 0.
_MATCH = struct.Struct(">HBxIqIq")
_PART = struct.Struct(">Iq")
_TRADE, _CROSS, _BROKEN = 0, 1, 2


class TradeError(ValueError):
    """A trade that cannot be broken; the text says why."""


class TradeLog:
    """The matches of one market, which tells them here."""

    def __init__(self, market: Market, folder: str | Path | None = None) -> None:
        self._market = market
        self._last = market.engine.last_match
        self._matches = RecordSpool(_MATCH.size, folder)
        self._parts = RecordSpool(_PART.size, folder)
        market.trades = self

    def executed(self, maker: Order, taker: Order, match: int) -> None:
        """Note a trade of two orders; match numbers rise by one."""
        self._skip_to(match)
        self._matches.append(_MATCH.pack(maker.book.locate, _TRADE, maker.owner, maker.token, taker.owner, taker.token))

    def auctioned(self, order: Order, match: int) -> None:
        """Note one order's part in a cross; all parts of a cross come one after the other."""
        number = match - self._last - 1
        if self._matches.count <= number:
            self._skip_to(match)
            self._matches.append(_MATCH.pack(order.book.locate, _CROSS, 0, self._parts.count, 0, 0))
        if order.owner == HOUSE:
            return
        self._parts.append(_PART.pack(order.owner, order.token))
        locate, state, _, first, count, _ = _MATCH.unpack(self._matches.read(number))
        self._matches.overwrite(number, _MATCH.pack(locate, state, 0, first, count + 1, 0))

    def break_trade(self, match: int, reason: str, now: int) -> int:
        """Void a match: ITCH `B`, and every client in it is told. Returns how many orders of clients were in it.

        ``reason``: a code of OUCH 5.0 `B`. The books do not change (ITCH 5.0 `B`): what was executed stays off them.
        TradeError: no such match, broken already, or no such reason.
        """
        if reason not in BROKEN_TRADE_REASONS:
            raise TradeError(f"reason {reason!r} is none of {', '.join(BROKEN_TRADE_REASONS)}")
        number = match - self._last - 1
        if not 0 <= number < self._matches.count:
            raise TradeError(
                f"no match {match}: this market's go from {self._last + 1} to {self._market.engine.last_match}"
            )
        record = self._matches.read(number)
        locate, state, *rest = _MATCH.unpack(record)
        if not locate:
            raise TradeError(f"match {match} traded nothing: it is an empty cross, or none of this market's")
        if state & _BROKEN:
            raise TradeError(f"match {match} is broken already")
        self._matches.overwrite(number, _MATCH.pack(locate, state | _BROKEN, *rest))
        time = self._market.stamp(now)
        message = BrokenTrade(stock_locate=locate, tracking_number=0, timestamp=time, match_number=match)
        self._market.publisher.publish(message.encode())
        told = 0
        for owner, token in self._sides(record):
            self._market.participant(owner).broken(token, match, reason, time)
            told += 1
        return told

    def close(self) -> None:
        """Let go of the files."""
        self._matches.close()
        self._parts.close()

    def _skip_to(self, match: int) -> None:
        """A cross without executions has used up a number."""
        while self._matches.count < match - self._last - 1:
            self._matches.append(_MATCH.pack(0, _TRADE, 0, 0, 0, 0))

    def _sides(self, record: bytes) -> Iterator[tuple[int, int]]:
        _, state, first_owner, first, second_owner, second = _MATCH.unpack(record)
        if state == _CROSS:
            for number in range(first, first + second_owner):
                owner, token = _PART.unpack(self._parts.read(number))
                yield owner, token
            return
        for owner, token in ((first_owner, first), (second_owner, second)):
            if owner != HOUSE:
                yield owner, token
