"""Full-depth books of one venue by Stock Locate, aggregated by price, from raw ITCH 5.0 messages (§4.1).

Executions and cancels take shares from what remains of an order; at zero the order is gone, no delete follows. A
replace removes the old order and adds the new one. Which book an order belongs to is what its add said; the locate of
later messages only serves to fetch memory early.

Hostile or incomplete input never breaks a book; it is counted (`COUNTERS`), by the rules of `protocols.order_book`,
which tests hold against this. Malformed messages are refused whole, by the tables of `protocols.itch50`.
"""

from __future__ import annotations

from array import array

import cython

from hftapp.book.depth import Depth
from hftapp.book.order_table import OrderTable
from hftapp.feed.itch_rules import ItchRules

if not cython.compiled:
    from hftapp.book.lookup import home_of
    from hftapp.book.prefetch import prefetch
    from hftapp.feed.itch_types import (
        ADD,
        ADD_MPID,
        CANCEL,
        CROSS,
        DELETE,
        EXECUTED,
        EXECUTED_WITH_PRICE,
        LULD_COLLAR,
        NOII,
        REG_SHO,
        REPLACE,
        STOCK_DIRECTORY,
        TRADE,
        TRADING_ACTION,
    )
    from hftapp.octets import Octets, be16, be32, be64
    from hftapp.units import Price, Shares

    _UNKNOWN, _ORPHAN, _DUPLICATE, _EMPTY, _OVER, _FOREIGN = range(6)
    _BUY, _SELL = ord("B"), ord("S")

NO_CHANGE = -1
"""What `Books.apply` returns when no book changed."""
MALFORMED = -2
"""What `Books.apply` returns for bytes that are no ITCH message."""
MAX_LOCATES = 1 << 16
COUNTERS = (
    "unknown_references",
    "orphan_references",
    "duplicate_references",
    "empty_orders",
    "over_executions",
    "foreign_locates",
)
"""Names of `Books.counts`: messages about orders that no message introduced; the same about orders introduced by the
replace of an unknown order, whose side nobody knows; adds whose reference is in use; adds of zero shares; more taken
than remained; adds for a locate beyond `max_locates`."""
_NO_CHANGE = NO_CHANGE
_MALFORMED = MALFORMED
_LOW = 0xFFFF_FFFF
_NOT_ASCII = 0x8080_8080 << 32 | 0x8080_8080
_YES, _NO = ord("Y"), ord("N")
_SHORTEST = 19  # bytes of an Order Delete, the shortest message that changes a book
_FEW = 8192  # orders that stay in the cache: nothing is fetched ahead of its time
NEAR, FAR = 6, 16
"""Messages ahead of the one that `Books.apply_all` applies: levels are fetched, orders are fetched."""
_NEAR, _FAR = NEAR, FAR


@cython.final
@cython.cclass
class Books(Depth):
    """Books of the locates 0 to `max_locates` - 1, and how messages change them; `Depth` says what they can be asked.

    `max_orders`: orders on all books before the table has to grow (`relieve`); `max_levels`: the same for price levels.
    `counts`: an array of `len(COUNTERS)` 64-bit integers to count in, by default its own.
    """

    def __init__(
        self,
        max_orders: int = 1 << 14,
        max_locates: int = MAX_LOCATES,
        max_levels: int = 1 << 14,
        counts: array[int] | memoryview | None = None,
    ) -> None:
        if not 1 <= max_locates <= MAX_LOCATES:
            raise ValueError(f"max_locates {max_locates}: give 1 to {MAX_LOCATES}")
        if max_orders < 1:
            raise ValueError(f"max_orders {max_orders}: give at least 1")
        super().__init__(max_orders, max_locates, max_levels)
        self.orphans = OrderTable(1 << 10)
        self.counts = array("q", bytes(8 * len(COUNTERS))) if counts is None else counts
        self.price = Price(0)
        self._rules = ItchRules()

    def apply_message(self, message: bytes) -> int:
        """Apply one message; see `apply`."""
        return self.apply(message, 0, len(message))

    def apply(self, data: Octets, at: int, length: int) -> int:
        """Apply one message; returns the Stock Locate whose book changed, `NO_CHANGE` or `MALFORMED`.

        After an Order Executed `price` is that of the order, 0 when it is unknown.
        """
        if length < 1 or self._rules.sizes[data[at]] != length:
            return _MALFORMED
        kind = data[at]
        if kind == ADD:
            return self.add(data, at)
        if cython.compiled and self.orders.count > _FEW and length >= _SHORTEST:
            # While the order is looked up, fetch the best levels of both sides: it will probably be on one of them.
            locate = be16(data, at + 1)
            if locate < self.max_locates:
                rows, cells = self.levels.rows, self.levels.cells
                prefetch(cython.address(cells[rows[8 * locate + 1] - 2]))
                prefetch(cython.address(cells[rows[8 * locate + 5] - 2]))
            if kind == REPLACE:
                prefetch(cython.address(self.orders.cells[4 * home_of(be64(data, at + 19), self.orders.shift)]))
        changed = _MALFORMED
        if kind == DELETE:
            changed = self._delete(be64(data, at + 11))
        elif kind == REPLACE:
            changed = self._replace(
                be64(data, at + 11), be64(data, at + 19), Shares(be32(data, at + 27)), Price(be32(data, at + 31))
            )
        elif kind in (EXECUTED, CANCEL):
            changed = self._reduce(be64(data, at + 11), Shares(be32(data, at + 19)))
        elif kind == ADD_MPID:
            if be32(data, at + 36) & _NOT_ASCII == 0:
                changed = self.add(data, at)
        elif kind == EXECUTED_WITH_PRICE:
            if data[at + 31] in (_YES, _NO):
                changed = self._reduce(be64(data, at + 11), Shares(be32(data, at + 19)))
        else:
            changed = self._other(kind, data, at, length)
        return changed

    def apply_all(self, data: Octets, at: int, end: int) -> int:
        """Apply messages with a 2-byte length before each (BinaryFILE §3.6, MoldUDP64 blocks); returns how many.

        Ends at `end`, at a length of 0, or before a message that goes beyond the end.
        """
        count = 0
        far = near = at
        while at + 2 <= end:
            length = be16(data, at)
            if length == 0 or at + 2 + length > end:
                break
            if self.orders.count > _FEW:
                if far <= at:  # the first of many orders: get ahead
                    far = near = at
                    for _ in range(_FAR):
                        far = self.look_ahead(data, far, end, False)
                    for _ in range(_NEAR):
                        near = self.look_ahead(data, near, end, True)
                far = self.look_ahead(data, far, end, False)
                near = self.look_ahead(data, near, end, True)
            self.apply(data, at + 2, length)
            count += 1
            at += 2 + length
        return count

    def look_ahead(self, data: Octets, at: int, end: int, levels: bool) -> int:
        """Ask for what the message at a length field will need; returns where the next one is."""
        if at + 2 > end:
            return at
        length = be16(data, at)
        if length == 0 or at + 2 + length > end:
            return at
        if levels:
            self.foresee_levels(data, at + 2, length)
        else:
            self.foresee(data, at + 2, length)
        return at + 2 + length

    def foresee(self, data: Octets, at: int, length: int) -> None:
        """Ask for the memory that a message will need; whatever it says, nothing happens but that."""
        if cython.compiled and length >= _SHORTEST and self.orders.count > _FEW:
            if be16(data, at + 1) < self.max_locates:
                prefetch(cython.address(self.levels.heads[8 * be16(data, at + 1)]))
            prefetch(cython.address(self.orders.words[4 * self.orders.home(be64(data, at + 11))]))

    def foresee_levels(self, data: Octets, at: int, length: int) -> None:
        """Ask for the best levels of the half that a message will change; to be called some time after `foresee`."""
        if cython.compiled and length >= _SHORTEST:
            half = 2 * be16(data, at + 1)
            if data[at] == ADD and length > _SHORTEST:
                half += data[at + 19] == _SELL
            else:
                slot = self.orders.home(be64(data, at + 11))
                half += self.orders.words[4 * slot + 2] & 1
            if half < self.levels.halves:
                place = self.levels.heads[4 * half + 1]
                prefetch(cython.address(self.levels.pool[place - 2]))
                prefetch(cython.address(self.levels.pool[place - 8]))

    def add(self, data: Octets, at: int) -> int:
        """Apply an Add Order, with or without MPID, of the right length; returns what `apply` does.

        Most messages are this one, and most are at the best level or better it: that much is written out here.
        """
        locate = be16(data, at + 1)
        side = data[at + 19]
        shares = Shares(be32(data, at + 20))
        if (
            locate >= self.max_locates
            or self.stocks.names[locate] != be64(data, at + 24)
            or (side != _BUY and side != _SELL)
            or shares == 0
            or self.orders.count >= self.orders.limit
        ):
            return self._add(data, at)
        half = 2 * locate + (side == _SELL)
        reference = be64(data, at + 11)
        price = Price(be32(data, at + 32))
        cells = self.orders.cells
        slot = home_of(reference, self.orders.shift)
        while cells[4 * slot + 1] != 0:
            if cells[4 * slot] == reference:
                self.counts[_DUPLICATE] += 1
                return _NO_CHANGE
            slot = (slot + 1) & self.orders.mask
        cells[4 * slot] = reference
        cells[4 * slot + 1] = price << 32 | shares
        cells[4 * slot + 2] = half
        self.orders.count += 1
        key = price ^ (_LOW if side == _SELL else 0)
        rows, cells = self.levels.rows, self.levels.cells
        end = rows[4 * half + 1]
        best = cells[end - 2] >> 32
        if best > key or end - rows[4 * half] >= rows[4 * half + 2]:  # further from the market, or no room
            self.levels.add(half, price, shares)
        elif best == key and end != rows[4 * half]:
            cells[end - 2] += 1
            cells[end - 1] += shares
        else:
            rows[4 * half + 1] = end + 2
            cells[end] = key << 32 | 1
            cells[end + 1] = shares
        return locate

    def _add(self, data: Octets, at: int) -> int:
        """The same for every add, be it the first of its symbol, of no shares, or not allowed."""
        stock = be64(data, at + 24)
        side = data[at + 19]
        if (side != _BUY and side != _SELL) or stock & _NOT_ASCII != 0:
            return _MALFORMED
        locate = be16(data, at + 1)
        if locate >= self.max_locates:
            self.counts[_FOREIGN] += 1
            return _NO_CHANGE
        if self.stocks.names[locate] != stock:
            self.stocks.name(locate, stock)
        return self._enter(
            2 * locate + (side == _SELL),
            be64(data, at + 11),
            Shares(be32(data, at + 20)),
            Price(be32(data, at + 32)),
        )

    def _enter(self, half: int, reference: int, shares: Shares, price: Price) -> int:
        if shares == 0:
            self.counts[_DUPLICATE if self.orders.find(reference) >= 0 else _EMPTY] += 1
            return _NO_CHANGE
        if self.orders.insert(reference, price, shares, half) < 0:
            self.counts[_DUPLICATE] += 1
            return _NO_CHANGE
        self.levels.add(half, price, shares)
        return half >> 1

    def _reduce(self, reference: int, shares: Shares) -> int:
        """Take shares, at most what remains, from an order; at zero it leaves the book."""
        slot = self.orders.find(reference)
        if slot < 0:
            self.price = Price(0)
            return self._unknown(reference)
        state = self.orders.cells[4 * slot + 1]
        half = self.orders.cells[4 * slot + 2]
        self.price = Price(state >> 32)
        if shares < state & _LOW:
            self.orders.cells[4 * slot + 1] = state - shares
            self.levels.take(half, Price(state >> 32), shares, False)
            return half >> 1
        if shares > state & _LOW:
            self.counts[_OVER] += 1
        self.levels.take(half, Price(state >> 32), Shares(state & _LOW), True)
        self.orders.remove(slot)
        return half >> 1

    def _delete(self, reference: int) -> int:
        slot = self.orders.find(reference)
        if slot < 0:
            self._unknown(reference)
            self._forget(reference)
            return _NO_CHANGE
        return self._drop(slot) >> 1

    def _replace(self, old: int, new: int, shares: Shares, price: Price) -> int:
        slot = self.orders.find(old)
        if slot < 0:
            self._unknown(old)
            self._forget(old)
            self.orphans.insert(new, Price(0), Shares(1), 0)
            return _NO_CHANGE
        half = self._drop(slot)
        self._enter(half, new, shares, price)
        return half >> 1

    def _drop(self, slot: int) -> int:
        """Take an order off its book; returns the half it rested on."""
        state = self.orders.cells[4 * slot + 1]
        half = self.orders.cells[4 * slot + 2]
        self.levels.take(half, Price(state >> 32), Shares(state & _LOW), True)
        self.orders.remove(slot)
        return half

    def _unknown(self, reference: int) -> int:
        self.counts[_ORPHAN if self.orphans.find(reference) >= 0 else _UNKNOWN] += 1
        return _NO_CHANGE

    def _forget(self, orphan: int) -> None:
        slot = self.orphans.find(orphan)
        if slot >= 0:
            self.orphans.remove(slot)

    def _other(self, kind: int, data: Octets, at: int, length: int) -> int:
        """Messages that change no book, but may name a stock."""
        if not self._rules.valid(data, at, length):
            return _MALFORMED
        if kind == TRADE:
            place = 24
        elif kind == NOII:
            place = 28
        elif kind == CROSS:
            place = 19
        elif kind in (STOCK_DIRECTORY, TRADING_ACTION, REG_SHO, LULD_COLLAR):
            place = 11
        else:
            return _NO_CHANGE
        locate, stock = be16(data, at + 1), be64(data, at + place)
        if locate < self.max_locates and self.stocks.names[locate] != stock:
            self.stocks.name(locate, stock)
        return _NO_CHANGE

    def relieve(self) -> bool:
        """Make room where more than half is used; returns whether anything grew. To be called off the path."""
        orders, levels = self.orders.relieve(), self.levels.relieve()
        return self.orphans.relieve() or orders or levels

    def counters(self) -> dict[str, int]:
        """Return the counts by name, with `grown` (tables doubled) and `symbol_conflicts`."""
        found = dict(zip(COUNTERS, self.counts, strict=True))
        found["symbol_conflicts"] = self.stocks.conflicts
        found["grown"] = self.orders.grown + self.orphans.grown + self.levels.grown
        return found
