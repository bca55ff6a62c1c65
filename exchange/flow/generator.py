"""Seeded order flow, calibrated to the message mix of a real day (MSFT, 2019-12-30).

House participants quote around a reference price that walks, cancel and replace, and send marketable orders that
trade with whoever stands first, clients included. The same seed over the same market gives the same messages to the
byte, however late the process is: every action happens at its own scheduled time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchange.clock import SECOND
from exchange.flow.alias import AliasTable
from exchange.flow.bursts import Bursts
from exchange.flow.house import House
from exchange.flow.instrument import Instrument
from exchange.flow.mix import ACTION_WEIGHTS, MIX, fractions
from exchange.flow.patterns import PATTERNS
from exchange.flow.random64 import Random64
from exchange.market import Market

__all__ = ["MIX", "Generator"]

# Paced, because a burst of whole books overruns the receive buffers of slow hosts.
_SEED_EVERY = SECOND // 5000
# Books that stand before the first action. Those of a whole universe would take a minute: the rest are filled while
# the flow runs, most active symbols first.
_SEEDED_FIRST = 32
_WALK = 0.03
# News moves a price by half a per cent to five.
_LEAST_JUMP, _JUMP_RANGE = 0.005, 0.045


class Generator:
    """House participants over the given symbols, most active first; ``rate`` messages per second in all.

    ``pattern`` (`patterns.PATTERNS`) says how activity is spread over time; with "day" the rate is the mean of the
    trading day. ValueError: a pattern that does not exist. KeyError: a symbol that is not listed.
    """

    def __init__(self, market: Market, symbols: Sequence[str], rate: float, seed: int, pattern: str = "bursty") -> None:
        if pattern not in PATTERNS:
            raise ValueError(f"unknown pattern {pattern!r}: give one of {', '.join(PATTERNS)}")
        self._market = market
        self._rng = Random64(seed)
        self._house = House(market, self._rng)
        self._menu = AliasTable(ACTION_WEIGHTS)
        self._instruments: list[Instrument] = []
        for rank, symbol in enumerate(symbols):
            instrument = Instrument(market.book(symbol), market.directory.listings[symbol].price, rank)
            self._house.take_on(instrument)
            self._instruments.append(instrument)
        self._ranks = {symbol: rank for rank, symbol in enumerate(symbols)}
        weights = [instrument.weight for instrument in self._instruments]
        self._bursts = Bursts(weights, rate, PATTERNS[pattern], Random64(seed ^ 0x5DEECE66D))
        self._started = False
        self._begin = 0
        self._time = 0
        self._seed_time = 0
        self._seeding = 0
        self._seed_turn = 0
        self._seeded = 0
        self._actions = 0
        self._news = 0

    def start(self, now: int) -> None:
        """Schedule the opening books, an order every 200 µs, and the first action after the most active of them."""
        self._started = True
        self._seed_time = now
        first = sum(instrument.target for instrument in self._instruments[:_SEEDED_FIRST])
        self._begin = now + first * _SEED_EVERY
        self._bursts.start(self._begin / SECOND)
        self._draw()

    def next_time(self) -> int | None:
        """When the next action is due."""
        if not self._started:
            return None
        return self._seed_time if self._seed_due() else self._time

    def step(self) -> None:
        """Do one action: fill an opening book, or the drawn one."""
        if self._seed_due():
            self._seed()
            return
        instrument: Instrument = self._instruments[self._bursts.item]
        rng = self._rng
        if self._bursts.news:
            size = _LEAST_JUMP + _JUMP_RANGE * rng.random()
            self._house.reprice(instrument, size if rng.random() < 0.5 else -size, self._time)
            self._news += 1
        else:
            if rng.random() < _WALK:
                instrument.walk(rng)
            self._house.act(self._menu.pick(rng), instrument, self._time)
            self._actions += 1
        self._draw()

    def excite(self, symbol: str) -> None:
        """Let a symbol's activity jump and decay, as when it opens again after a halt."""
        self._bursts.excite(self._ranks[symbol])

    def counters(self) -> dict[str, Any]:
        """Actions done, messages they gave, and the measured mix (fractions by type) after the opening books."""
        counts = self._house.counts
        return {
            "seeded": self._seeded,
            "actions": self._actions,
            "news": self._news,
            "messages": sum(counts.values()),
            "mix": fractions(counts),
            "resting": sum(instrument.resting() for instrument in self._instruments),
        }

    def _draw(self) -> None:
        self._bursts.advance()
        self._time = self._begin + int(self._bursts.time * SECOND)

    def _seed_due(self) -> bool:
        return self._seeding < len(self._instruments) and self._seed_time <= self._time

    def _seed(self) -> None:
        """Add one order to the book that is being filled, to both sides in turn."""
        instrument: Instrument = self._instruments[self._seeding]
        before = instrument.resting()
        self._house.seed(instrument, self._seed_turn % 2 == 0, self._seed_time)
        self._seeded += instrument.resting() - before
        self._seed_turn += 1
        if self._seed_turn >= instrument.target:
            self._seeding += 1
            self._seed_turn = 0
        self._seed_time += _SEED_EVERY
