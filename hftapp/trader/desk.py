"""One strategy's place in the trader: the symbols it follows, its quotes, its inventory."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import cython

from hftapp import reasons
from hftapp.clock import Clock
from hftapp.config import ALL_SYMBOLS, StrategyConfig
from hftapp.histogram import Histogram
from hftapp.trader import decisions
from hftapp.trader.gateway import OrderGateway
from hftapp.trader.instrument import Instrument
from hftapp.trader.market import Market
from hftapp.trader.order import BUY, DAY, DEAD, IOC, SELL, Order
from hftapp.trader.router import Router
from hftapp.trader.session import JournalOverflowError
from hftapp.trader.strategy import loading
from hftapp.trader.strategy.base import Context

MS = 1_000_000
REFUSED_PAUSE = 100 * MS
REJECTED_PAUSE = 1000 * MS
CLAIM_UPDATES = 10
"""Book changes a symbol must have shown before a strategy with `symbols = ["*"]` takes it up."""
SYMBOLS = 1 << 14
"""Instruments there is room for at first."""

_DEAD, _DAY, _IOC = DEAD, DAY, IOC
_BOOK, _TRADE, _FILL, _TIMER = decisions.BOOK, decisions.TRADE, decisions.FILL, decisions.TIMER
_REFUSED_PAUSE, _REJECTED_PAUSE, _CLAIM_UPDATES = REFUSED_PAUSE, REJECTED_PAUSE, CLAIM_UPDATES
_NOWHERE = Instrument("", -1)

if not cython.compiled:
    from hftapp.lean import borrowed
    from hftapp.units import Price, Shares

    _BUY, _SELL = BUY, SELL
    _UNKNOWN, _FOLLOWS, _IGNORES = range(3)
    _raised: list[Exception] = []

    def _nth(instruments: list[Instrument], i: int) -> Instrument:
        return instruments[i]

    def _ticks(desk: Desk) -> int:
        return desk._clock.ticks()

    def _asked(desk: Desk, instrument: Instrument) -> int:
        """Let the strategy look at a book; -1 when it raises, and `_raise` goes on with that."""
        try:
            desk.strategy.on_book(instrument)
        except Exception as error:
            _raised.append(error)
            return -1
        return 0

    def _raise() -> None:
        raise _raised.pop()

    def _given(instrument: Instrument) -> None:
        """Refuse what a strategy may pass by mistake. Raises TypeError."""
        if instrument is None:
            _nothing()

    def _sided(instrument: Instrument, side: int) -> None:
        """As `_given`, and the side as well. Raises ValueError for one that is none."""
        _given(instrument)
        if side not in (_BUY, _SELL):
            _no_side(side)


def _nothing() -> int:
    raise TypeError("argument instrument is None: give the one that on_book, on_trade or on_fill was called with")


def _no_side(side: int) -> int:
    raise ValueError(f"argument side is {side}: give BUY (1) or SELL (-1)")


@cython.final
@cython.cclass
class Desk(Context):
    """Implements the strategy's context. After a refusal or reject a side rests: no strategy can flood the gate.

    A quote that is refused its new price does not stay at the old one: it is cancelled. What is kept of a side is at
    2 * index of its instrument, sells one further: `UserRefNum` and venue of its quote, when its rest ends, whether the
    timer has to look at it again.

    A strategy that raises is not called again, and its orders are pulled: `enabled` is False then, `failure` tells why.
    `runs` is "Cython" or "Python"; `cost` holds what its `on_book` took, orders included, in ticks of the clock.
    """

    def __init__(
        self,
        number: int,
        config: StrategyConfig,
        gateway: OrderGateway,
        router: Router,
        market: Market,
        clock: Clock,
        cost: Histogram,
        say: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.number = number
        self.kind = config.kind
        self.enabled = True
        self.failure = ""
        self.cost = cost
        self._gateway = gateway
        self._decisions = gateway.decisions
        self._router = router
        self._market = market
        self._clock = clock
        self._tsc = clock.tsc
        self._say = say
        self._all = ALL_SYMBOLS in config.symbols
        self._names: set[str] = set() if self._all else set(config.symbols)
        self._max_symbols = config.max_symbols if self._all else len(config.symbols)
        self._followed = 0
        self._capacity = SYMBOLS
        self._follows = array("b", bytes(SYMBOLS))
        self._listed = array("b", bytes(SYMBOLS))
        self._inventory = array("q", bytes(8 * SYMBOLS))
        self._quote_ref = array("q", bytes(16 * SYMBOLS))
        self._quote_venue = array("q", bytes(16 * SYMBOLS))
        self._rest = array("q", bytes(16 * SYMBOLS))
        self._again = array("b", bytes(2 * SYMBOLS))
        self._instruments: list[Instrument] = [_NOWHERE] * SYMBOLS
        self._instrument_count = 0
        loaded = loading.load(config.kind, config.params)
        self.runs = loaded.runs
        self.strategy = loading.make(config.kind, loaded, self)

    def follows(self, instrument: Instrument) -> bool:
        """Whether the strategy trades a symbol.

        With `*` it takes up active two-sided ones, up to its maximum, and whatever it has a position in.
        """
        index = instrument.index
        if index >= self._capacity:
            self._grow(index)
        if self._follows[index] == _FOLLOWS:
            return True
        if self._follows[index] == _IGNORES:
            return False
        return self._claims(instrument)

    def inherits(self, symbol: str, *, named: bool) -> bool:
        """Whether it answers for what another run left in a symbol: desks that name it come before those with `*`."""
        if not named:
            return self._all or symbol in self._names
        instrument = self._market.instrument(symbol)
        if instrument is not None and instrument.index < self._capacity and self._follows[instrument.index] == _FOLLOWS:
            return True
        return symbol in self._names

    def show(self, touched: int, now: int) -> int:
        """The market's prints and the first `touched` of its changed books, as far as the strategy follows them."""
        self.now = now
        if self._market.trade_count > 0:
            self._prints()
        for i in range(touched):
            index = cython.cast(Instrument, self._market.touched[i]).index
            if (index >= self._capacity or self._follows[index] != _FOLLOWS) and not self.follows(
                cython.cast(Instrument, self._market.touched[i])
            ):
                continue
            # What `book` does, without the call.
            if self.enabled:
                started = _ticks(self)
                if _asked(self, self._market.touched[i]) < 0:
                    self._caught()
                self.cost.record(_ticks(self) - started)
        return 0

    def _prints(self) -> int:
        market = self._market
        for i in range(market.trade_count):
            instrument = _nth(market.trade_instrument, i)
            if self.follows(instrument):
                self.trade(instrument, Price(market.trade_price[i]), Shares(market.trade_shares[i]))
        return 0

    def book(self, instrument: Instrument) -> None:
        """A followed book changed, or an own order in it did."""
        if not self.enabled:
            return
        started = _ticks(self)
        if _asked(self, borrowed(instrument)) < 0:
            self._caught()
        self.cost.record(_ticks(self) - started)

    def trade(self, instrument: Instrument, price: Price, shares: Shares) -> None:
        """A trade was printed in a followed symbol."""
        if not self.enabled:
            return
        before = self._because(_TRADE)
        try:
            self.strategy.on_trade(instrument, price, shares)
        except Exception as error:
            self._failed(error)
        self._decisions.cause = before

    def filled(self, instrument: Instrument, order: Order, shares: Shares, price: Price) -> None:
        """An order this desk answers for was executed (negative shares: an execution was broken)."""
        index = instrument.index
        if index >= self._capacity:
            self._grow(index)
        self._inventory[index] += shares if order.side == _BUY else -shares
        if self._follows[index] == _IGNORES and self._all:
            self._follows[index] = _UNKNOWN
        if not self.enabled or order.owner != self.number:
            return
        before = self._because(_FILL)
        try:
            self.strategy.on_fill(instrument, order, shares, price)
        except Exception as error:
            self._failed(error)
        self._decisions.cause = before

    def rejected(self, instrument: Instrument, order: Order) -> None:
        """The exchange rejected an order of this desk, or its cancel: that side rests."""
        self._pause(self._slot(instrument, order.side), _REJECTED_PAUSE)

    def timer(self, now: int) -> None:
        """About every 100 ms: the strategy's own timer, and another look at the sides that have rested."""
        self.now = now
        if not self.enabled:
            self._pull_all()
            return
        before = self._because(_TIMER)
        try:
            self.strategy.on_timer(now)
        except Exception as error:
            self._failed(error)
        for i in range(self._instrument_count):
            instrument = self._instruments[i]
            slot = 2 * instrument.index
            # Looked up also where nothing is due: an order is forgotten some time after its end, its successor not.
            self._resting(slot)
            self._resting(slot + 1)
            if self._due(slot) | self._due(slot + 1):
                self.book(instrument)
        self._decisions.cause = before

    def quote(self, instrument: Instrument, side: int, shares: Shares, price: Price, min_move: Price) -> None:
        """See `Context.quote`."""
        _sided(instrument, side)
        slot = self._slot(instrument, side)
        order = self._resting(slot)
        if order is None:
            if shares > 0:
                self._enter(instrument, slot, side, shares, price)
            return
        if order.busy():
            return
        if shares <= 0:
            self._take_off(slot, order)
            return
        distance = order.price - price
        if distance < 0:
            distance = -distance
        if distance >= min_move or 2 * order.remaining < shares:
            self._move(instrument, slot, order, shares, price)

    def take(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> bool:
        """See `Context.take`."""
        _sided(instrument, side)
        index = instrument.index
        if index >= self._capacity:
            self._grow(index)
        slot = 2 * index
        if side != _BUY:
            slot += 1
        if self.now < self._rest[slot]:
            return False
        if self._router.venues > 1:
            return self._route(instrument, side, shares, price)
        order = self._gateway.enter(instrument, 0, side, shares, price, self.now, _IOC, self.number, False)
        if order is None:
            self._pause(self._slot(instrument, side), _REFUSED_PAUSE)
            return False
        return True

    def _children(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> int:
        """Cut an order into children that can be sent; returns their number.

        A sweep trades through better quotes because it takes them too (Rule 611(b)(6)), so all of it is sent or none.
        Where a venue's child cannot be, the order is cut again without that venue, and ends at its price.
        """
        router = self._router
        without = 0
        while True:
            if router.take(instrument, side, shares, price, without) == 0 or router.iso[0] == 0:
                return router.count
            refused = self._refusing(instrument, side)
            if refused < 0:
                return router.count
            without |= 1 << refused

    def _refusing(self, instrument: Instrument, side: int) -> int:
        """The venue of the first child that could not be sent together with those before it; -1: all can."""
        gateway = self._gateway
        router = self._router
        refused = -1
        supposed = 0
        for i in range(router.count):
            shares, price = Shares(router.shares[i]), Price(router.price[i])
            if not gateway.takes(instrument, router.venue[i], side, shares, price, self.number, self.now):
                refused = router.venue[i]
                break
            gateway.risk.suppose(instrument, side, shares, price, 1)
            supposed += 1
        for i in range(supposed):
            gateway.risk.suppose(instrument, side, Shares(router.shares[i]), Price(router.price[i]), -1)
        return refused

    def _route(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> bool:
        """Take at several venues, where the router sends the order."""
        router = self._router
        sent = 0
        for i in range(self._children(instrument, side, shares, price)):
            order = self._gateway.enter(
                instrument,
                router.venue[i],
                side,
                Shares(router.shares[i]),
                Price(router.price[i]),
                self.now,
                _IOC,
                self.number,
                router.iso[i] != 0,
            )
            if order is None:
                break
            sent += 1
        if sent == 0:
            self._pause(self._slot(instrument, side), _REFUSED_PAUSE)
        return sent > 0

    def cancel(self, order: Order) -> None:
        """See `Context.cancel`."""
        if order is None:
            raise TypeError("argument order is None: give the order that on_fill was called with")
        if order.owner != self.number:
            raise ValueError(f"order {order.ref} is not this strategy's: an Order is only valid during its on_fill")
        self._gateway.cancel(order, self.now)

    def pull(self, instrument: Instrument) -> None:
        """See `Context.pull`."""
        _given(instrument)
        slot = self._slot(instrument, _BUY)
        for i in range(slot, slot + 2):
            order = self._resting(i)
            if order is not None and not order.cancelling:
                self._take_off(i, order)

    def inventory(self, instrument: Instrument) -> Shares:
        """See `Context.inventory`."""
        _given(instrument)
        index = instrument.index
        return Shares(self._inventory[index] if index < self._capacity else 0)

    def open_shares(self, instrument: Instrument, side: int) -> Shares:
        """See `Context.open_shares`. Of an order and its replace in flight the larger counts, as for the risk gate."""
        _sided(instrument, side)
        shares = Shares(0)
        own = instrument.own
        for i in range(instrument.own_count):
            order = own[i]
            if order.side == side and order.owner == self.number:
                shares += order.exposed
        return shares

    def best_without_own(self, instrument: Instrument, side: int) -> bool:
        """See `Context.best_without_own`. Own orders are known by the exchange's reference numbers."""
        _sided(instrument, side)
        if side == _BUY:
            price, shares = instrument.bid, instrument.bid_shares
        else:
            price, shares = instrument.ask, instrument.ask_shares
        if instrument.own_count > 0:
            own = instrument.own
            for i in range(instrument.own_count):
                order = own[i]
                if order.price == price and order.side == side:
                    return self._look_through(instrument, side)
        self.best_price = price
        self.best_shares = shares
        return price != 0

    def _look_through(self, instrument: Instrument, side: int) -> bool:
        """The best level of all venues that trade that is not made of own orders alone."""
        self.best_price = Price(0)
        self.best_shares = Shares(0)
        market = self._market
        for venue in range(market.venue_count):
            locate = market.locate_of(instrument, venue)
            if locate < 0 or market.shut >> venue & 1 != 0:
                continue
            books = market.books[venue]
            for level in range(books.depth(locate, side)):
                price = books.level_price(locate, side, level)
                if self.best_price != 0 and (price - self.best_price) * side < 0:
                    break
                shares = books.level_shares(locate, side, level)
                own = instrument.own
                for i in range(instrument.own_count):
                    order = own[i]
                    if (
                        order.venue == venue
                        and order.side == side
                        and order.reference != 0
                        and books.order_price(order.reference) == price
                    ):
                        shares -= books.order_shares(order.reference)
                if shares > 0:
                    if price == self.best_price:
                        shares += self.best_shares
                    self.best_price = price
                    self.best_shares = shares
                    break
        return self.best_price != 0

    def _claims(self, instrument: Instrument) -> bool:
        """Whether a symbol that was not looked at before is taken up."""
        index = instrument.index
        if not self._all:
            self._follows[index] = _FOLLOWS if instrument.symbol in self._names else _IGNORES
            return self._follows[index] == _FOLLOWS
        full = self._followed >= self._max_symbols
        if self._inventory[index] == 0:
            if full:
                self._follows[index] = _IGNORES
                return False
            if instrument.updates < _CLAIM_UPDATES:
                return False
        if instrument.bid == 0 or instrument.ask == 0:
            return False
        self._follows[index] = _FOLLOWS
        self._followed += 1
        return True

    def _enter(self, instrument: Instrument, slot: int, side: int, shares: Shares, price: Price) -> None:
        """A new quote, at the venue that the router names."""
        if self.now < self._rest[slot]:
            self._again[slot] = 1
            return
        router = self._router
        order = None
        if router.rest(instrument, side, shares, price) > 0:
            order = self._gateway.enter(
                instrument,
                router.venue[0],
                side,
                Shares(router.shares[0]),
                Price(router.price[0]),
                self.now,
                _DAY,
                self.number,
                False,
            )
        if order is None:
            self._pause(slot, _REFUSED_PAUSE)
            return
        self._quote_ref[slot] = order.ref
        self._quote_venue[slot] = order.venue

    def _move(self, instrument: Instrument, slot: int, order: Order, shares: Shares, price: Price) -> None:
        """Replace a quote. One that cannot move to where it belongs is taken off: its price is wrong."""
        gateway = self._gateway
        if not gateway.orders.replaceable(order, shares):
            self._take_off(slot, order)
            return
        refused = False
        if self.now >= self._rest[slot]:
            router = self._router
            # A replace stays at its venue; the router may know a better one, or that none may show this price.
            if router.rest(instrument, order.side, shares, price) > 0 and router.venue[0] == order.venue:
                new = gateway.replace(order, Shares(router.shares[0]), Price(router.price[0]), self.now)
                if new is not None:
                    self._quote_ref[slot] = new.ref
                    return
            refused = True
        self._again[slot] = 1
        self._take_off(slot, order)
        if refused:
            self._rest[slot] = self.now + _REFUSED_PAUSE

    def _slot(self, instrument: Instrument, side: int) -> int:
        """Where what is kept of a side is."""
        index = instrument.index
        if index >= self._capacity:
            self._grow(index)
        if self._listed[index] == 0:
            self._list(instrument)
        return 2 * index if side == _BUY else 2 * index + 1

    def _list(self, instrument: Instrument) -> None:
        self._listed[instrument.index] = 1
        if self._instrument_count == len(self._instruments):
            self._instruments.append(_NOWHERE)
        self._instruments[self._instrument_count] = instrument
        self._instrument_count += 1

    def _resting(self, slot: int) -> Order | None:
        """The quote of a side that may still be on the book. A rejected replace leaves the old order there."""
        ref = self._quote_ref[slot]
        while ref != 0:
            order = self._gateway.orders.find(self._quote_venue[slot], ref)
            if order is None:
                break
            if order.state != _DEAD:
                self._quote_ref[slot] = ref
                return order
            ref = order.replaced_ref
        self._quote_ref[slot] = 0
        return None

    def _because(self, cause: int) -> int:
        """The strategy is asked for another reason than a book that changed; returns the reason there was before."""
        before = self._decisions.cause
        if before == _BOOK or cause == _FILL:
            self._decisions.cause = cause
        return before

    def _pause(self, slot: int, pause: int) -> None:
        """Let a side rest for `pause` ns; the timer looks at it again."""
        self._rest[slot] = self.now + pause
        self._again[slot] = 1

    def _take_off(self, slot: int, order: Order) -> None:
        """Cancel a quote; one whose cancel was rejected not before its side has rested."""
        if not order.cancel_rejected or self.now >= self._rest[slot]:
            self._gateway.cancel(order, self.now)

    def _due(self, slot: int) -> bool:
        """Whether a side that rested is to be looked at again."""
        if self._again[slot] == 0 or self.now < self._rest[slot]:
            return False
        self._again[slot] = 0
        return True

    def _caught(self) -> None:
        """The strategy raised in `_asked`."""
        try:
            _raise()
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """The strategy raised: it is over for it. What ends the whole trader goes on."""
        if isinstance(error, JournalOverflowError):
            raise error
        self.enabled = False
        self.failure = reasons.text(error)
        self._say(f"strategy {self.number} ({self.kind}) is disabled, its orders are pulled: {self.failure}")
        self._pull_all()

    def _pull_all(self) -> None:
        """Cancel every order of the strategy that is not being cancelled or replaced."""
        for order in self._gateway.orders.open_orders():
            if order.owner == self.number and not order.cancelling and order.replaced_by is None:
                self._gateway.cancel(order, self.now)

    def _grow(self, index: int) -> None:
        """Make room for an instrument; off the path, unless there are more than `SYMBOLS`."""
        more = self._capacity
        while self._capacity + more <= index:
            more *= 2
        self._follows = array("b", bytes(self._follows) + bytes(more))
        self._listed = array("b", bytes(self._listed) + bytes(more))
        self._again = array("b", bytes(self._again) + bytes(2 * more))
        self._inventory = array("q", bytes(self._inventory) + bytes(8 * more))
        self._quote_ref = array("q", bytes(self._quote_ref) + bytes(16 * more))
        self._quote_venue = array("q", bytes(self._quote_venue) + bytes(16 * more))
        self._rest = array("q", bytes(self._rest) + bytes(16 * more))
        self._capacity += more
