"""Drives the matching engine from compiled code, as the exchange does; and as the peers are driven, from Python.

The operations are laid out before the measurement: what is measured is making the order, entering, matching, events.
"""

from __future__ import annotations

import array
from typing import Any

import cython

from benchmarks.operations import Operations
from exchange.engine import Engine
from exchange.orders import Order, limit_order
from exchange.sink import Sink

if not cython.compiled:
    from time import perf_counter_ns  # compiled: Cython's of the same name, without a Python call

_WIDTH = 7  # columns of a row
_CANCEL = 1  # benchmarks.operations.CANCEL, REPLACE
_REPLACE = 2
_CENT = 100  # price4
_OWNER = 1


class CountingSink(Sink):
    """Takes every event and counts what traded."""

    def __init__(self) -> None:
        self.shares = 0

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """A trade."""
        self.shares += shares


class EngineDriver:
    """A runner (`benchmarks.replay.Runner`) for the operations of one file."""

    def __init__(self, made: Operations) -> None:
        self._sink = CountingSink()
        self._engine = Engine(self._sink)
        self._books = [self._engine.add_symbol(f"S{number}", number) for number in range(made.symbols)]
        self._rows = made.rows
        self._orders: list[Any] = [None] * made.orders
        self._now = 0

    def whole(self, first: int, last: int) -> int:
        """Carry out rows first to last; ns for all."""
        started = perf_counter_ns()
        for row in range(first, last):
            self._carry_out(row * _WIDTH)
        return perf_counter_ns() - started

    def each(self, first: int, last: int) -> array.array[int]:
        """Carry out rows first to last; ns for each."""
        made = array.array("q", bytes(8 * (last - first)))
        took = made
        for row in range(first, last):
            started = perf_counter_ns()
            self._carry_out(row * _WIDTH)
            took[row - first] = perf_counter_ns() - started
        return made

    def clock(self) -> int:
        """What two readings of this clock show when nothing lies between them: the median of many, ns."""
        made = array.array("q", bytes(8 * 10_001))
        took = made
        for at in range(10_001):
            started = perf_counter_ns()
            took[at] = perf_counter_ns() - started
        return sorted(made)[5_000]

    def traded(self) -> int:
        """Shares traded so far."""
        return self._sink.shares

    def _carry_out(self, at: int) -> None:
        rows = self._rows
        kind = rows[at]
        self._now += 1
        if kind == _CANCEL:
            old = self._orders[rows[at + 3]]
            self._engine.cancel(old, 0, self._now)
            return
        book = self._books[rows[at + 1]]
        number = rows[at + 2]
        reference = self._engine.next_reference()
        new = limit_order(book, rows[at + 4] == 1, rows[at + 6], rows[at + 5] * _CENT, reference, _OWNER, number)
        self._orders[number] = new
        if kind == _REPLACE:
            old = self._orders[rows[at + 3]]
            self._engine.replace(old, new, self._now)
        else:
            self._engine.enter(new, self._now)
