"""One engine with one book, for tests that spell a rule out: who enters what, and what was reported then."""

from typing import Any

from exchange.engine import Engine
from exchange.orders import Order, limit_order
from tests.exchange.recorder import Event, Executed, Recorder


class Venue:
    """The first order's reference is R, the next one's R + 1; the first match number is R, too."""

    R = 1 << 32

    def __init__(self, *, keeps_priority: bool = False, seed: int = 1) -> None:
        self.recorder = Recorder()
        self.engine = Engine(self.recorder, seed=seed, keeps_priority=keeps_priority)
        self.book = self.engine.add_symbol("AAPL", 1)
        self.now = 0
        self.events: list[Event] = []

    def order(self, buy: bool, shares: int, price: int, /, **fields: Any) -> Order:
        """An order that is not entered yet."""
        order = limit_order(self.book, buy, shares, price, self.engine.next_reference())
        for name, value in fields.items():
            setattr(order, name, value)
        return order

    def buy(self, shares: int, price: int, /, **fields: Any) -> Order:
        return self._enter(self.order(True, shares, price, **fields))

    def sell(self, shares: int, price: int, /, **fields: Any) -> Order:
        return self._enter(self.order(False, shares, price, **fields))

    def replace(self, old: Order, shares: int, price: int, /, **fields: Any) -> Order:
        new = self.order(old.buy, shares, price, **fields)
        self.engine.replace(old, new, self._later())
        self.events = self.recorder.take()
        return new

    def cancel(self, order: Order, keep: int = 0) -> int:
        taken = self.engine.cancel(order, keep, self._later())
        self.events = self.recorder.take()
        return taken

    def modify(self, order: Order, keep: int) -> bool:
        done = self.engine.modify(order, keep, self._later())
        self.events = self.recorder.take()
        return done

    def band(self, lower: int, upper: int) -> None:
        self.engine.set_band(self.book, lower, upper, self._later())
        self.events = self.recorder.take()

    def trading(self, *, halted: bool = False, quoting: bool = False) -> None:
        self.engine.set_trading(self.book, halted, quoting, self._later())
        self.events = self.recorder.take()

    def trades(self) -> list[tuple[int, int, int]]:
        """Maker's reference, shares and price of each trade of the last operation."""
        return [(event.maker, event.shares, event.price) for event in self.events if isinstance(event, Executed)]

    def _enter(self, order: Order) -> Order:
        self.engine.enter(order, self._later())
        self.events = self.recorder.take()
        return order

    def _later(self) -> int:
        self.now += 1
        return self.now
