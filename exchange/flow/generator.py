"""Seeded order flow, calibrated to the message mix of a real day (MSFT, 2019-12-30).

House participants quote around a reference price that walks, cancel and replace, and send marketable orders that
trade with whoever stands first, clients included. The same seed over the same market gives the same messages to the
byte, however late the process is: every action happens at its own scheduled time.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from exchange.clock import SECOND
from exchange.events import Cancelled, Event, Executed, Replaced, Rested
from exchange.flow.instrument import Instrument
from exchange.market import Market
from exchange.orders import Order

# Share of each message type in the feed. `C` (0.05 %) needs executions away from the display price, which continuous
# matching does not have; it is counted to the executions.
MIX: dict[str, float] = {"A": 0.4699, "D": 0.4495, "U": 0.0449, "E": 0.0289, "P": 0.0041, "F": 0.0018, "X": 0.0007}

# Messages that one marketable order gives on average, because it may sweep several orders of the touch.
_EXECUTIONS_A_TAKE = 1.8
_SEED_ORDERS_A_SIDE = 40
# Paced, because a burst of whole books overruns the receive buffers of slow hosts.
_SEED_EVERY = SECOND // 5000
_TARGET_ORDERS = 80
_ROOM = 0.2
_WALK = 0.03
_SWEEP = 0.3
_FOLLOW = 0.75
_MPIDS = ("MMKA", "MMKB", "MMKC")


class Generator:
    """House participants over the given symbols, ``rate`` messages per second in all."""

    def __init__(self, market: Market, symbols: Sequence[str], rate: float, seed: int) -> None:
        self._market = market
        self._symbols = list(symbols)
        self._rate = rate
        self._rng = Random(seed)
        self._instruments: dict[str, Instrument] = {}
        self._time: int = 0
        self._mix: Counter[str] = Counter()
        self._seeded: int = 0
        self._to_seed: deque[tuple[Instrument, bool]] = deque()
        self._actions: int = 0
        self._owner = market.join(self)
        self._menu: list[tuple[float, Callable[[Instrument], bool]]] = [
            (MIX["A"], self._add),
            (MIX["D"], self._delete),
            (MIX["U"], self._replace),
            (MIX["E"] / _EXECUTIONS_A_TAKE, self._take),
            (MIX["P"], self._trade_hidden),
            (MIX["F"], self._add_attributed),
            (MIX["X"], self._reduce),
        ]
        self._total = sum(weight for weight, _ in self._menu)

    def start(self, now: int) -> None:
        """Schedule the opening books, an order every 200 µs, and the first action after them."""
        self._time = now
        for symbol in self._symbols:
            price = self._market.directory.listings[symbol].price
            instrument = self._instruments[symbol] = Instrument(self._market.book(symbol), price)
            self._to_seed += [(instrument, True), (instrument, False)] * _SEED_ORDERS_A_SIDE

    def next_time(self) -> int | None:
        """When the next action is due."""
        return self._time if self._instruments else None

    def step(self) -> None:
        """Do one action: the drawn one, or an add where that is not possible."""
        if self._to_seed:
            self._seed()
            return
        rng = self._rng
        instrument = self._instruments[self._symbols[int(rng.random() * len(self._symbols))]]
        if rng.random() < _WALK:
            instrument.walk(rng)
        first = len(self._market.publisher.messages)
        if not self._draw(instrument)(instrument):
            self._add(instrument)
        self._actions += 1
        self._mix.update(chr(message[0]) for message in self._market.publisher.messages[first:])
        self._schedule()

    def counters(self) -> dict[str, Any]:
        """Actions done, messages they gave, and the measured mix (fractions by type) after the opening books."""
        messages = self._mix.total()
        mix = {kind: round(count / messages, 4) for kind, count in sorted(self._mix.items())}
        resting = {symbol: instrument.orders for symbol, instrument in self._instruments.items()}
        return {
            "seeded": self._seeded,
            "actions": self._actions,
            "messages": messages,
            "mix": mix,
            "resting": sum(resting.values()),
        }

    def on_event(self, event: Event) -> None:
        """Keep track of which of the house's orders rest."""
        if isinstance(event, Rested):
            self._instruments[event.order.symbol].pool(event.order.buy).add(event.order.ref)
        elif isinstance(event, Executed):
            if not event.remaining:
                self._forget(event.maker)
        elif isinstance(event, Cancelled):
            if not event.remaining:
                self._forget(event.order)
        elif isinstance(event, Replaced):
            self._forget(event.old)

    def on_system_event(self, code: str, now: int) -> None:
        """System events do not concern the house: the session script ends its flow."""

    def _forget(self, order: Order) -> None:
        self._instruments[order.symbol].pool(order.buy).discard(order.ref)

    def _seed(self) -> None:
        first = self._market.publisher.next_sequence
        self._quote(*self._to_seed.popleft())
        self._seeded += self._market.publisher.next_sequence - first
        if self._to_seed:
            self._time += _SEED_EVERY
        else:
            self._schedule()

    def _schedule(self) -> None:
        self._time += 1 + int(self._rng.expovariate(self._rate) * SECOND)

    def _draw(self, instrument: Instrument) -> Callable[[Instrument], bool]:
        """Draw an action by the mix; adds and deletes stand in for each other where a book grows or empties."""
        draw = self._rng.random() * self._total
        action = self._menu[-1][1]
        for weight, candidate in self._menu:
            if draw < weight:
                action = candidate
                break
            draw -= weight
        if action == self._add and instrument.orders > _TARGET_ORDERS * (1 + _ROOM):
            return self._delete
        if action == self._delete and instrument.orders < _TARGET_ORDERS * (1 - _ROOM):
            return self._add
        return action

    def _size(self) -> int:
        draw = self._rng.random()
        if draw < 0.6:
            return 100
        if draw < 0.85:
            return 100 * (2 + int(self._rng.random() * 4))
        return 1 + int(self._rng.random() * 99)

    def _order(self, instrument: Instrument, buy: bool, shares: int, price: int, **kind: Any) -> Order:
        ref = self._market.engine.next_reference()
        return Order(ref, instrument.book.symbol, buy, shares, price, self._owner, **kind)

    def _quote(self, instrument: Instrument, buy: bool, attribution: str = "") -> bool:
        price = instrument.passive_price(buy, self._rng)
        if price is None:
            return False
        order = self._order(instrument, buy, self._size(), price, attribution=attribution)
        self._market.enter(order, self._time)
        return True

    def _thin_side(self, instrument: Instrument) -> bool:
        """A random side (True = buy), more often the one with fewer orders."""
        likely = 0.6 if len(instrument.bids) < len(instrument.asks) else 0.4
        return self._rng.random() < likely

    def _add(self, instrument: Instrument) -> bool:
        return self._quote(instrument, self._thin_side(instrument))

    def _add_attributed(self, instrument: Instrument) -> bool:
        mpid = _MPIDS[int(self._rng.random() * len(_MPIDS))]
        return self._quote(instrument, self._thin_side(instrument), mpid)

    def _pick(self, instrument: Instrument) -> Order | None:
        """A random resting order of the house, every one as likely as the next."""
        if not instrument.orders:
            return None
        buy = self._rng.random() * instrument.orders < len(instrument.bids)
        return self._market.engine.orders[instrument.pool(buy).choose(self._rng)]

    def _delete(self, instrument: Instrument) -> bool:
        order = self._pick(instrument)
        return order is not None and bool(self._market.cancel(order.ref, 0, self._time))

    def _reduce(self, instrument: Instrument) -> bool:
        order = self._pick(instrument)
        if order is None or order.shares < 2:
            return False
        return bool(self._market.cancel(order.ref, order.shares // 2, self._time))

    def _replace(self, instrument: Instrument) -> bool:
        old = self._pick(instrument)
        price = None if old is None else instrument.passive_price(old.buy, self._rng)
        if old is None or price is None:
            return False
        new = self._order(instrument, old.buy, self._size(), price, attribution=old.attribution)
        return bool(self._market.replace(old.ref, new, self._time))

    def _take(self, instrument: Instrument) -> bool:
        """A marketable order at the touch; some sweep all that is displayed there, others hit the first order."""
        touch = instrument.touch()
        if touch is None:
            return False
        bid, ask = touch
        rising = 2 * instrument.reference > bid + ask
        buy = rising == (self._rng.random() < _FOLLOW)
        level = instrument.book.side(not buy).best_displayed()
        if level is None:
            return False
        sweep = self._rng.random() < _SWEEP
        first = level.first()
        small = level.shares if first is None else first.shares
        shares = level.shares if sweep else 1 + int(self._rng.random() * small)
        self._market.enter(self._order(instrument, buy, shares, level.price, ioc=True), self._time)
        return True

    def _trade_hidden(self, instrument: Instrument) -> bool:
        """A hidden order between bid and ask that is hit at once: a trade the displayed book does not show."""
        touch = instrument.touch()
        if touch is None or touch[1] - touch[0] < 2:
            return False
        price, buy, shares = sum(touch) // 2, self._rng.random() < 0.5, self._size()
        hidden = self._order(instrument, buy, shares, price, displayed=False)
        self._market.enter(hidden, self._time)
        self._market.enter(self._order(instrument, not buy, shares, price, ioc=True), self._time)
        self._market.cancel(hidden.ref, 0, self._time)
        return True
