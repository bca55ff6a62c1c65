"""One strategy's place in the trader: the symbols it follows, its quotes, its inventory."""

from hftapp.config import ALL_SYMBOLS, StrategyConfig
from hftapp.trader.gateway import OrderGateway
from hftapp.trader.market import Instrument
from hftapp.trader.order import BUY, IOC, SELL, Order, State
from hftapp.trader.strategy import KINDS

MS = 1_000_000
REFUSED_PAUSE = 100 * MS
REJECTED_PAUSE = 1000 * MS
CLAIM_UPDATES = 10
"""Book changes a symbol must have shown before a strategy with `symbols = ["*"]` takes it up."""


class Desk:
    """Implements the strategy's context. After a refusal or reject a side rests: no strategy can flood the gate.

    A quote that is refused its new price does not stay at the old one: it is cancelled.
    """

    def __init__(self, number: int, config: StrategyConfig, gateway: OrderGateway) -> None:
        self.number = number
        self.now = 0
        self._gateway = gateway
        self._all = ALL_SYMBOLS in config.symbols
        self._max_symbols = config.max_symbols if self._all else len(config.symbols)
        self._symbols: set[str] = set() if self._all else set(config.symbols)
        self._quotes: dict[tuple[str, str], Order] = {}
        self._rest: dict[tuple[str, str], int] = {}
        self._inventory: dict[str, int] = {}
        self._again: dict[tuple[str, str], Instrument] = {}
        self.strategy = KINDS[config.kind](self, config.params)

    def follows(self, instrument: Instrument) -> bool:
        """Whether the strategy trades a symbol.

        With `*` it takes up active two-sided ones, up to its maximum, and whatever it has a position in.
        """
        if instrument.symbol in self._symbols:
            return True
        if not self._all:
            return False
        wanted = len(self._symbols) < self._max_symbols and instrument.updates >= CLAIM_UPDATES
        if not instrument.mid() or not (wanted or self.inventory(instrument)):
            return False
        self._symbols.add(instrument.symbol)
        return True

    def inherits(self, symbol: str, *, named: bool) -> bool:
        """Whether it answers for what another run left in a symbol: desks that name it come before those with `*`."""
        return (self._all and not named) or symbol in self._symbols

    def quote(self, instrument: Instrument, side: str, shares: int, price: int, min_move: int) -> None:
        """See `Context.quote`."""
        key = (instrument.symbol, side)
        order = self._resting(key)
        if order is not None and order.busy:
            return
        if shares <= 0:
            if order is not None:
                self._gateway.cancel(order, self.now)
            return
        if order is not None and abs(order.price - price) < min_move and 2 * order.remaining >= shares:
            return
        if order is not None:
            self._move(instrument, order, shares, price)
            return
        if self.now < self._rest.get(key, 0):
            self._again[key] = instrument
            return
        new = self._gateway.enter(instrument, side, shares, price, self.now, owner=self.number)
        if new is None:
            self._pause(instrument, side, REFUSED_PAUSE)
        else:
            self._quotes[key] = new

    def _move(self, instrument: Instrument, order: Order, shares: int, price: int) -> None:
        """Replace a quote. One that cannot move to where it belongs is taken off: its price is wrong."""
        key = (instrument.symbol, order.side)
        if not self._gateway.orders.replaceable(order, shares):
            self._gateway.cancel(order, self.now)
            return
        resting = self.now < self._rest.get(key, 0)
        new = None if resting else self._gateway.replace(instrument, order, shares, price, self.now)
        if new is not None:
            self._quotes[key] = new
            return
        if not resting:
            self._pause(instrument, order.side, REFUSED_PAUSE)
        self._again[key] = instrument
        self._gateway.cancel(order, self.now)

    def take(self, instrument: Instrument, side: str, shares: int, price: int) -> bool:
        """See `Context.take`."""
        key = (instrument.symbol, side)
        if self.now < self._rest.get(key, 0):
            return False
        order = self._gateway.enter(instrument, side, shares, price, self.now, tif=IOC, owner=self.number)
        if order is None:
            self._pause(instrument, side, REFUSED_PAUSE)
        return order is not None

    def cancel(self, order: Order) -> None:
        """See `Context.cancel`."""
        self._gateway.cancel(order, self.now)

    def pull(self, instrument: Instrument) -> None:
        """See `Context.pull`."""
        for side in (BUY, SELL):
            order = self._resting((instrument.symbol, side))
            if order is not None and not order.cancelling:
                self._gateway.cancel(order, self.now)

    def inventory(self, instrument: Instrument) -> int:
        """See `Context.inventory`."""
        return self._inventory.get(instrument.symbol, 0)

    def best_without_own(self, instrument: Instrument, side: str) -> tuple[int, int] | None:
        """See `Context.best_without_own`. Own orders are known by the exchange's reference numbers."""
        best = instrument.book.best_bid() if side == BUY else instrument.book.best_ask()
        if best is None:
            return None
        own = [order for order in self._gateway.orders.open_orders(instrument.symbol) if order.side == side]
        if not any(order.price == best[0] for order in own):
            return best[0], best[1]
        references = {order.reference for order in own}
        for price, _, _ in instrument.book.levels(side, len(own) + 1):
            others = sum(
                shares for reference, shares in instrument.book.orders(side, price) if reference not in references
            )
            if others:
                return price, others
        return None

    def filled(self, instrument: Instrument | None, order: Order, shares: int, price: int) -> None:
        """An order this desk answers for was executed; `instrument` is None before the feed has named the symbol."""
        signed = shares if order.side == BUY else -shares
        self._inventory[order.symbol] = self._inventory.get(order.symbol, 0) + signed
        if instrument is not None and order.owner == self.number:
            self.strategy.on_fill(instrument, order, shares, price)

    def rejected(self, instrument: Instrument, order: Order) -> None:
        """The exchange rejected an order of this desk: that side rests."""
        self._pause(instrument, order.side, REJECTED_PAUSE)

    def on_timer(self, now: int) -> None:
        """About every 100 ms: the strategy's own timer, and another look at the sides that have rested."""
        self.now = now
        self.strategy.on_timer()
        due = {key: instrument for key, instrument in self._again.items() if now >= self._rest.get(key, 0)}
        for key in due:
            del self._again[key]
        for instrument in {instrument.symbol: instrument for instrument in due.values()}.values():
            self.strategy.on_book(instrument)

    def _pause(self, instrument: Instrument, side: str, pause: int) -> None:
        """Let a side rest for `pause` ns; the timer looks at it again."""
        key = (instrument.symbol, side)
        self._rest[key] = self.now + pause
        self._again[key] = instrument

    def _resting(self, key: tuple[str, str]) -> Order | None:
        """The quote of a side that may still be on the book. A rejected replace leaves the old order there."""
        order = self._quotes.get(key)
        while order is not None and order.state is State.DEAD:
            order = order.replaces
        if order is None:
            self._quotes.pop(key, None)
        else:
            self._quotes[key] = order
        return order
