"""The project's own engine, called from Python like the others."""

from __future__ import annotations

from hftos.compiling import finder

finder.install()

from exchange.engine import Engine  # noqa: E402 - after the finder is installed
from exchange.orders import Order, limit_order  # noqa: E402
from exchange.sink import Sink  # noqa: E402

_CENT = 100  # price4


class _Counting(Sink):
    def __init__(self) -> None:
        self.shares = 0

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        self.shares += shares


class Hftos:
    """See `benchmarks.replay.Peer`."""

    def __init__(self, symbols: int) -> None:
        self._sink = _Counting()
        self._engine = Engine(self._sink)
        self._books = [self._engine.add_symbol(f"S{number}", number) for number in range(symbols)]
        self._now = 0

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> Order:
        """Enter."""
        self._now += 1
        engine = self._engine
        order = limit_order(self._books[symbol], buy, shares, price * _CENT, engine.next_reference(), 1)
        engine.enter(order, self._now)
        return order

    def cancel(self, symbol: int, handle: Order) -> None:
        """Cancel."""
        self._now += 1
        self._engine.cancel(handle, 0, self._now)

    def replace(self, symbol: int, handle: Order, buy: bool, price: int, shares: int) -> Order:
        """Replace."""
        self._now += 1
        engine = self._engine
        order = limit_order(self._books[symbol], buy, shares, price * _CENT, engine.next_reference(), 1)
        engine.replace(handle, order, self._now)
        return order

    def traded(self) -> int:
        """Shares traded."""
        return self._sink.shares


def written_in() -> str:
    """Whether the modules were compiled, or there was no compiler."""
    return finder.kind("exchange.engine")


def make(symbols: int) -> Hftos:
    """For `benchmarks.replay`."""
    return Hftos(symbols)
