"""The house: participants without a login who quote, cancel, replace and take, one action at a time."""

# ruff: noqa: ARG002 - a sink is told more than it needs

from __future__ import annotations

from exchange.book import Level
from exchange.flow.instrument import Instrument
from exchange.flow.mix import ADD, ATTRIBUTED, DELETE, HIDDEN, MIX, REDUCE, REPLACE, TAKE
from exchange.flow.random64 import Random64
from exchange.market import Market
from exchange.orders import Order, limit_order
from exchange.participant import Participant

_SWEEP = 0.3
_FOLLOW = 0.75
HOUSE_MPIDS = ("MMKA", "MMKB", "MMKC")
_MPIDS = tuple(mpid.encode() for mpid in HOUSE_MPIDS)
_NOBODY = b""
# How far from its target a book's number of orders may be before adds and deletes stand in for each other.
_ROOM = 0.2


class House(Participant):
    """Acts for the house at times it is given, and counts the messages of its own actions by type.

    It counts only while it acts: what clients do to its orders is not part of the flow's mix.
    """

    def __init__(self, market: Market, rng: Random64) -> None:
        self.counts: dict[str, int] = dict.fromkeys(MIX, 0)
        self._market = market
        self._rng = rng
        self._now = 0
        self._acting = False
        self._last_match = 0
        self._by_locate: list[Instrument | None] = []
        self._owner = market.join(self)

    def take_on(self, instrument: Instrument) -> None:
        """Trade a symbol from now on."""
        missing = instrument.book.locate + 1 - len(self._by_locate)
        if missing > 0:
            self._by_locate.extend([None] * missing)
        self._by_locate[instrument.book.locate] = instrument

    def act(self, action: int, instrument: Instrument, now: int) -> None:
        """Do the action, or an add where it is not possible; the book stays near its number of orders."""
        self._now = now
        self._acting = True
        resting = instrument.resting()
        if action == ADD and resting > instrument.target * (1 + _ROOM):
            action = DELETE
        elif action == DELETE and resting < instrument.target * (1 - _ROOM):
            action = ADD
        if not self._do(action, instrument):
            self._quote(instrument, self._thin_side(instrument), _NOBODY)
        self._acting = False

    def seed(self, instrument: Instrument, buy: bool, now: int) -> None:
        """Add one order to an opening book; it does not count into the mix."""
        self._now = now
        self._quote(instrument, buy, _NOBODY)

    def reprice(self, instrument: Instrument, fraction: float, now: int) -> None:
        """News: the reference jumps, and whoever stands beyond it is taken by those who knew first."""
        self._now = now
        instrument.jump(fraction)
        buy = fraction > 0
        stale = 0
        levels = instrument.book.side(not buy).levels
        i = len(levels) - 1
        while i >= 0:
            level: Level = levels[i]
            if (level.price >= instrument.reference) if buy else (level.price <= instrument.reference):
                break
            stale += level.shares
            i -= 1
        if stale:
            self._acting = True
            self._enter(instrument, buy, stale, instrument.reference, ioc=True)
            self._acting = False

    def rested(self, order: Order, replaces: int) -> None:
        """`A`, `F` or `U`."""
        if not order.displayed:
            return
        self._pool(order)
        if self._acting:
            self._count("U" if replaces else "F" if order.mpid else "A")

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """`E`, or `P` for a hidden maker."""
        if maker.owner == self._owner and maker.shares == 0:
            self._forget(maker)
        # Told twice or once when both are the house's: the match is one message.
        if self._acting and match != self._last_match:
            self._count("E" if maker.displayed else "P")
        self._last_match = match

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        """`D` or `X` for what was displayed."""
        self._gone(order)
        if self._acting and shown:
            self._count("X" if order.shares else "D")

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        """`D` when the replacement does not show as `U`; it may have taken its place already."""
        self._forget(old)
        if new.level is not None:
            self._pool(new)
        if self._acting and withdrawn:
            self._count("D")

    def shrunk(self, order: Order, shown: int) -> None:
        """`X`: a replacement that took its place."""
        if self._acting:
            self._count("X")

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        """A cross."""
        self._gone(order)

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        """Self-match prevention of the other side."""
        self._gone(order)

    def _count(self, kind: str) -> None:
        self.counts[kind] += 1

    def _pool(self, order: Order) -> None:
        instrument = self._by_locate[order.book.locate]
        assert instrument is not None, f"the house has no {order.book.symbol}"
        (instrument.bids if order.buy else instrument.asks).add(order)

    def _forget(self, order: Order) -> None:
        instrument = self._by_locate[order.book.locate]
        assert instrument is not None, f"the house has no {order.book.symbol}"
        (instrument.bids if order.buy else instrument.asks).discard(order)

    def _gone(self, order: Order) -> None:
        if order.shares == 0:
            self._forget(order)

    def _do(self, action: int, instrument: Instrument) -> bool:
        if action == ADD:
            return self._quote(instrument, self._thin_side(instrument), _NOBODY)
        if action == DELETE:
            order = self._pick(instrument)
            return order is not None and self._market.cancel(order, 0, self._now) > 0
        if action == REPLACE:
            return self._replace(instrument)
        if action == TAKE:
            return self._take(instrument)
        if action == HIDDEN:
            return self._trade_hidden(instrument)
        if action == ATTRIBUTED:
            mpid = _MPIDS[self._rng.below(len(_MPIDS))]
            return self._quote(instrument, self._thin_side(instrument), mpid)
        return action == REDUCE and self._reduce(instrument)

    def _size(self) -> int:
        draw = self._rng.random()
        if draw < 0.6:
            return 100
        if draw < 0.85:
            return 100 * (2 + self._rng.below(4))
        return 1 + self._rng.below(99)

    def _order(self, instrument: Instrument, buy: bool, shares: int, price: int) -> Order:
        return limit_order(instrument.book, buy, shares, price, self._market.engine.next_reference(), self._owner, -1)

    def _enter(self, instrument: Instrument, buy: bool, shares: int, price: int, ioc: bool) -> Order:
        order = self._order(instrument, buy, shares, price)
        order.ioc = ioc
        self._market.enter(order, self._now)
        return order

    def _quote(self, instrument: Instrument, buy: bool, mpid: bytes) -> bool:
        price = instrument.passive_price(buy, self._rng)
        if price == 0:
            return False
        order = self._order(instrument, buy, self._size(), price)
        order.mpid = mpid
        self._market.enter(order, self._now)
        return True

    def _thin_side(self, instrument: Instrument) -> bool:
        """A random side (True = buy), more often the one with fewer orders."""
        likely = 0.6 if len(instrument.bids.orders) < len(instrument.asks.orders) else 0.4
        return self._rng.random() < likely

    def _pick(self, instrument: Instrument) -> Order | None:
        """A random resting order of the house, every one as likely as the next."""
        resting = instrument.resting()
        if not resting:
            return None
        buy = self._rng.below(resting) < len(instrument.bids.orders)
        return (instrument.bids if buy else instrument.asks).choose(self._rng)

    def _reduce(self, instrument: Instrument) -> bool:
        order = self._pick(instrument)
        if order is None or order.shares < 2:
            return False
        return self._market.cancel(order, order.shares >> 1, self._now) > 0

    def _replace(self, instrument: Instrument) -> bool:
        old = self._pick(instrument)
        price = 0 if old is None else instrument.passive_price(old.buy, self._rng)
        if old is None or price == 0:
            return False
        new = self._order(instrument, old.buy, self._size(), price)
        new.mpid = old.mpid
        return self._market.replace(old, new, self._now)

    def _take(self, instrument: Instrument) -> bool:
        """A marketable order at the touch; some sweep all that is displayed there, others hit the first order."""
        bid = instrument.book.bids.best_displayed()
        ask = instrument.book.asks.best_displayed()
        if bid is None or ask is None:
            return False
        rising = 2 * instrument.reference > bid.price + ask.price
        buy = rising == (self._rng.random() < _FOLLOW)
        level = ask if buy else bid
        first = level.head
        shares = level.shares
        if self._rng.random() >= _SWEEP and first is not None:
            shares = 1 + self._rng.below(first.shares)
        self._enter(instrument, buy, shares, level.price, ioc=True)
        return True

    def _trade_hidden(self, instrument: Instrument) -> bool:
        """A hidden order between bid and ask that is hit at once: a trade the displayed book does not show."""
        bid = instrument.book.bids.best_displayed()
        ask = instrument.book.asks.best_displayed()
        if bid is None or ask is None or ask.price - bid.price < 2:
            return False
        price = (bid.price + ask.price) >> 1
        buy, shares = self._rng.random() < 0.5, self._size()
        hidden = self._order(instrument, buy, shares, price)
        hidden.displayed = False
        self._market.enter(hidden, self._now)
        self._enter(instrument, not buy, shares, price, ioc=True)
        self._market.cancel(hidden, 0, self._now)
        return True
