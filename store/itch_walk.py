"""From ITCH 5.0 messages where they lie to rows of columns: events, changes of the best bid and offer, trades.

The books are those of `protocols.order_book`, with the same answers to incomplete input, but no object is made of a
message, and of a level only its shares are kept: the store needs best prices, not queues. The offsets are those of
`protocols.itch50`; a test compares both with that module, message by message.
"""

from __future__ import annotations

from bisect import bisect_left

import cython
import numpy as np

from store.words import Int64s, Octets

if not cython.compiled:
    from store.words import be16, be32, be48, be64, pointer, text

    _A, _B, _C, _D, _E, _F, _H, _N, _P, _Q, _R, _S, _U, _X, _Y, _SPACE = b"ABCDEFHNPQRSUXY "

SIZES = {"A": 36, "F": 40, "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "R": 39, "H": 25, "Y": 20}
"""Bytes of the messages that are read here."""


@cython.final
@cython.cclass
class Resting:
    """An order on a book: `shares` is what remains of it."""

    def __init__(self, book: SymbolBook, side: int, price: int, shares: int) -> None:
        self.book = book
        self.side = side
        self.price = price
        self.shares = shares


@cython.final
@cython.cclass
class SymbolBook:
    """Shares by price of both sides, and the best of each when last looked at. Keys: price, of asks minus price."""

    def __init__(self, locate: int) -> None:
        self.locate = locate
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bid_keys: list[int] = []
        self.ask_keys: list[int] = []
        self.bid = self.bid_shares = self.ask = self.ask_shares = 0

    def add(self, side: int, price: int, shares: int) -> None:
        """Put shares on a level."""
        buy = side == _B
        levels = self.bids if buy else self.asks
        key = price if buy else -price
        there = levels.get(key)
        if there is None:
            keys = self.bid_keys if buy else self.ask_keys
            keys.insert(bisect_left(keys, key), key)
            levels[key] = shares
        else:
            levels[key] = there + shares

    def take(self, side: int, price: int, shares: int) -> None:
        """Take shares off a level; it is gone when none are left."""
        buy = side == _B
        levels = self.bids if buy else self.asks
        key = price if buy else -price
        left = levels[key] - shares
        if left:
            levels[key] = left
        else:
            del levels[key]
            keys = self.bid_keys if buy else self.ask_keys
            del keys[bisect_left(keys, key)]

    def changed(self) -> bool:
        """Whether a best price or its shares are others than when this was last asked."""
        # Compiled, indices do not wrap around: the last one is named.
        bid = self.bid_keys[len(self.bid_keys) - 1] if self.bid_keys else 0
        ask = -self.ask_keys[len(self.ask_keys) - 1] if self.ask_keys else 0
        bid_shares = self.bids[bid] if self.bid_keys else 0
        ask_shares = self.asks[-ask] if self.ask_keys else 0
        if bid == self.bid and ask == self.ask and bid_shares == self.bid_shares and ask_shares == self.ask_shares:
            return False
        self.bid, self.bid_shares, self.ask, self.ask_shares = bid, bid_shares, ask, ask_shares
        return True


@cython.final
@cython.cclass
class ItchWalk:
    """The books of one feed, and the rows that a batch of messages makes. `room`: messages of a batch at most.

    After `walk` the first `events` places of the arrays `e_...`, `quotes` of `q_...` and `trades` of `t_...` are
    filled; `..._row` is the message's place in the batch. `symbols`: by Stock Locate, `named`: the place of the message
    in the batch that first named it. `malformed`: messages of a known
    type and another length, `unknown`: about orders that no message introduced, `duplicates`: adds of known ones.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.events = self.quotes = self.trades = 0
        self.malformed = self.unknown = self.duplicates = 0
        self.symbols: dict[int, str] = {}
        self.named: dict[int, int] = {}
        self._orders: dict[int, Resting] = {}
        self._books: dict[int, SymbolBook] = {}
        self.e_row, self.q_row, self.t_row = (np.zeros(room, np.int64) for _ in range(3))
        self.e_locate, self.q_locate, self.t_locate = (np.zeros(room, np.uint16) for _ in range(3))
        self.e_kind, self.e_side, self.t_side = (np.zeros(room, np.uint8) for _ in range(3))
        self.e_price, self.q_bid, self.q_ask, self.t_price = (np.zeros(room, np.uint32) for _ in range(4))
        self.e_time, self.e_reference, self.e_replacement = (np.zeros(room, np.uint64) for _ in range(3))
        self.e_shares, self.e_match, self.t_shares, self.t_match = (np.zeros(room, np.uint64) for _ in range(4))
        self.q_bid_shares, self.q_ask_shares = (np.zeros(room, np.uint64) for _ in range(2))

    @property
    def open_orders(self) -> int:
        """Number of orders on all books."""
        return len(self._orders)

    def walk(self, data: Octets, starts: Int64s, lengths: Int64s) -> None:
        """Take a batch of messages in the order of the feed; ValueError for more than there is room for.

        The caller vouches that they lie in `data`.
        """
        count = len(starts)
        if count != len(lengths):
            raise ValueError(f"{count} places and {len(lengths)} lengths")
        if count > self.room:
            raise ValueError(f"a batch of {count} messages, there is room for {self.room}")
        memory = pointer(data)
        self.events = self.quotes = self.trades = 0
        self.named.clear()
        for row in range(count):
            self._message(memory, starts[row], lengths[row], row)

    def _message(self, data: Octets, at: int, length: int, row: int) -> None:
        if length < 11:
            self.malformed += 1
            return
        kind = data[at]
        if kind in (_A, _F):
            if self._sized(length, 36 if kind == _A else 40):
                self._add(data, at, row)
        elif kind in (_E, _C):
            if self._sized(length, 31 if kind == _E else 36):
                self._execute(data, at, row)
        elif kind == _X:
            if self._sized(length, 23):
                self._cancel(data, at, row)
        elif kind == _D:
            if self._sized(length, 19):
                self._delete(data, at, row)
        elif kind == _U:
            if self._sized(length, 35):
                self._replace(data, at, row)
        elif kind in (_P, _Q):
            if self._sized(length, 44 if kind == _P else 40):
                self._print(data, at, row)
        elif (kind == _R and length == 39) or (kind == _H and length == 25) or (kind == _Y and length == 20):
            self._name(data, be16(data, at + 1), at + 11, row)

    def _sized(self, length: int, wanted: int) -> bool:
        if length == wanted:
            return True
        self.malformed += 1
        return False

    def _name(self, data: Octets, locate: int, at: int, row: int) -> None:
        """Learn the symbol of a locate; the first name holds, because locates are fixed for the day (§4.1)."""
        if locate not in self.symbols:
            self.symbols[locate] = text(data, at, 8).decode("ascii", "replace").rstrip(" ")
            self.named[locate] = row

    def _event(
        self, data: Octets, at: int, row: int, side: int, price: int, shares: int, match: int, replacement: int
    ) -> None:
        place = self.events
        self.e_row[place] = row
        self.e_kind[place] = data[at]
        self.e_locate[place] = be16(data, at + 1)
        self.e_time[place] = be48(data, at + 5)
        self.e_reference[place] = 0 if data[at] == _Q else be64(data, at + 11)
        self.e_replacement[place] = replacement
        self.e_side[place] = side
        self.e_price[place] = price
        self.e_shares[place] = shares
        self.e_match[place] = match
        self.events = place + 1

    def _quote(self, book: SymbolBook, row: int) -> None:
        if not book.changed():
            return
        place = self.quotes
        self.q_row[place] = row
        self.q_locate[place] = book.locate
        self.q_bid[place] = book.bid
        self.q_bid_shares[place] = book.bid_shares
        self.q_ask[place] = book.ask
        self.q_ask_shares[place] = book.ask_shares
        self.quotes = place + 1

    def _trade(self, data: Octets, at: int, row: int, side: int, price: int, shares: int, match: int) -> None:
        place = self.trades
        self.t_row[place] = row
        self.t_locate[place] = be16(data, at + 1)
        self.t_side[place] = side
        self.t_price[place] = price
        self.t_shares[place] = shares
        self.t_match[place] = match
        self.trades = place + 1

    def _enter(self, book: SymbolBook, reference: int, side: int, price: int, shares: int) -> None:
        if reference in self._orders:
            self.duplicates += 1
        elif shares:
            self._orders[reference] = Resting(book, side, price, shares)
            book.add(side, price, shares)

    def _add(self, data: Octets, at: int, row: int) -> None:
        side = data[at + 19]
        if side not in (_B, _S):
            self.malformed += 1
            return
        locate = be16(data, at + 1)
        self._name(data, locate, at + 24, row)
        book = self._books.get(locate)
        if book is None:
            book = self._books[locate] = SymbolBook(locate)
        shares, price = be32(data, at + 20), be32(data, at + 32)
        self._event(data, at, row, side, price, shares, 0, 0)
        self._enter(book, be64(data, at + 11), side, price, shares)
        self._quote(book, row)

    def _reduce(self, reference: int, order: Resting, shares: int) -> None:
        if shares >= order.shares:
            shares = order.shares
            del self._orders[reference]
        order.shares -= shares
        if shares:
            order.book.take(order.side, order.price, shares)

    def _execute(self, data: Octets, at: int, row: int) -> None:
        reference, shares, match = be64(data, at + 11), be32(data, at + 19), be64(data, at + 23)
        order = self._orders.get(reference)
        priced = data[at] == _C
        if order is None:
            self.unknown += 1
            price = be32(data, at + 32) if priced else 0
            self._event(data, at, row, _SPACE, price, shares, match, 0)
            if priced and data[at + 31] != _N:
                self._trade(data, at, row, _SPACE, price, shares, match)
            return
        price = be32(data, at + 32) if priced else order.price
        self._event(data, at, row, order.side, price, shares, match, 0)
        if not priced or data[at + 31] != _N:
            self._trade(data, at, row, _S if order.side == _B else _B, price, shares, match)
        self._reduce(reference, order, shares)
        self._quote(order.book, row)

    def _cancel(self, data: Octets, at: int, row: int) -> None:
        reference, shares = be64(data, at + 11), be32(data, at + 19)
        order = self._orders.get(reference)
        if order is None:
            self.unknown += 1
            self._event(data, at, row, _SPACE, 0, shares, 0, 0)
            return
        self._event(data, at, row, order.side, order.price, shares, 0, 0)
        self._reduce(reference, order, shares)
        self._quote(order.book, row)

    def _delete(self, data: Octets, at: int, row: int) -> None:
        reference = be64(data, at + 11)
        order = self._orders.get(reference)
        if order is None:
            self.unknown += 1
            self._event(data, at, row, _SPACE, 0, 0, 0, 0)
            return
        self._event(data, at, row, order.side, order.price, order.shares, 0, 0)
        self._reduce(reference, order, order.shares)
        self._quote(order.book, row)

    def _replace(self, data: Octets, at: int, row: int) -> None:
        reference, replacement = be64(data, at + 11), be64(data, at + 19)
        shares, price = be32(data, at + 27), be32(data, at + 31)
        order = self._orders.get(reference)
        if order is None:
            self.unknown += 1
            self._event(data, at, row, _SPACE, price, shares, 0, replacement)
            return
        self._event(data, at, row, order.side, price, shares, 0, replacement)
        self._reduce(reference, order, order.shares)
        self._enter(order.book, replacement, order.side, price, shares)
        self._quote(order.book, row)

    def _print(self, data: Octets, at: int, row: int) -> None:
        """A trade that changes no book: its side says nothing (P), or it has none (Q)."""
        if data[at] == _P:
            self._name(data, be16(data, at + 1), at + 24, row)
            shares, price, match = be32(data, at + 20), be32(data, at + 32), be64(data, at + 36)
        else:
            self._name(data, be16(data, at + 1), at + 19, row)
            shares, price, match = be64(data, at + 11), be32(data, at + 27), be64(data, at + 31)
        self._event(data, at, row, _SPACE, price, shares, match, 0)
        if shares:
            self._trade(data, at, row, _SPACE, price, shares, match)
