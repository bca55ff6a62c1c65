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
    """Implements the strategy's context. After a refusal or reject a side rests: no strategy can flood the gate."""

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
        self.strategy = KINDS[config.kind](self, config.params)

    def follows(self, instrument: Instrument) -> bool:
        """Whether the strategy trades a symbol; with `*` it takes up active two-sided ones, up to its maximum."""
        if instrument.symbol in self._symbols:
            return True
        if not self._all or len(self._symbols) >= self._max_symbols or instrument.updates < CLAIM_UPDATES:
            return False
        if not instrument.mid():
            return False
        self._symbols.add(instrument.symbol)
        return True

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
        if self.now < self._rest.get(key, 0):
            return
        if order is None:
            new = self._gateway.enter(instrument, side, shares, price, self.now, owner=self.number)
        else:
            new = self._gateway.replace(instrument, order, shares, price, self.now)
        if new is None:
            self._rest[key] = self.now + REFUSED_PAUSE
        else:
            self._quotes[key] = new

    def take(self, instrument: Instrument, side: str, shares: int, price: int) -> bool:
        """See `Context.take`."""
        key = (instrument.symbol, side)
        if self.now < self._rest.get(key, 0):
            return False
        order = self._gateway.enter(instrument, side, shares, price, self.now, tif=IOC, owner=self.number)
        if order is None:
            self._rest[key] = self.now + REFUSED_PAUSE
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

    def filled(self, instrument: Instrument, order: Order, shares: int, price: int) -> None:
        """An order of this desk was executed."""
        signed = shares if order.side == BUY else -shares
        self._inventory[order.symbol] = self._inventory.get(order.symbol, 0) + signed
        self.strategy.on_fill(instrument, order, shares, price)

    def rejected(self, order: Order) -> None:
        """The exchange rejected an order of this desk: that side rests."""
        self._rest[order.symbol, order.side] = self.now + REJECTED_PAUSE

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
