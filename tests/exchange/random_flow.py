"""Random operations for engine and oracle: few symbols, narrow prices, so that everything meets everything."""

import random
from typing import Any

from tests.exchange.duel import Duel, Operation

# Where ticks of a cent and of a hundredth of one meet, where a tick is most of the price, and an ordinary price.
PRICES = {
    "DOLL": (9_800, 9_900, 9_950, 9_999, 10_000, 10_001, 10_050, 10_100, 10_101, 10_200),
    "TINY": (1, 1, 1, 2, 2, 3, 4),
    "AAPL": (*range(1_499_500, 1_500_000, 100), 1_500_050, *range(1_500_100, 1_500_500, 100)),
}
SYMBOLS = tuple(PRICES)
SHARES = (1, 7, 50, 100, 100, 100, 200, 300)
STRATEGIES = "YyZ0DdE1OoP2WwX4RrS5"
CROWD = 100
"""Open orders above which every second order that would be entered is one cancelled instead."""


class Flow:
    """Operations for one duel, which has to apply each before the next is asked for."""

    def __init__(self, duel: Duel, seed: int) -> None:
        self.rng = random.Random(seed)
        self.duel = duel
        self._alive: list[int] = []
        self._number = 0
        self._next: list[Operation] = []

    def next(self) -> Operation:
        if self._next:
            return self._next.pop()
        rng = self.rng
        roll = rng.random()
        if roll < 0.015:
            return self._special(rng.choice(SYMBOLS))
        if roll > 0.55 or (len(self._alive) > CROWD and roll > 0.3):
            target = self._target()
            if target is not None:
                return self._change(target)
        symbol = rng.choice(SYMBOLS)
        return "enter", symbol, self._new(), self._fields(symbol)

    def _new(self) -> int:
        self._number += 1
        self._alive.append(self._number)
        return self._number

    def _target(self) -> int | None:
        """An order, now and then one that is done."""
        while self._alive:
            place = self.rng.randrange(len(self._alive))
            number = self._alive[place]
            pair = self.duel.pairs.get(number)
            if pair is not None and (pair[1].open or self.rng.random() < 0.1):
                return number
            self._alive[place] = self._alive[-1]
            self._alive.pop()
        return None

    def _change(self, target: int) -> Operation:
        rng = self.rng
        plain = self.duel.pairs[target][1]
        roll = rng.random()
        if roll < 0.45:
            return "replace", target, self._new(), self._replacement(target)
        shares = max(1, plain.open)
        if roll < 0.8:
            return "cancel", target, rng.choice((0, 0, 0, 0, shares // 2, shares - 1, shares, shares + 1))
        return "modify", target, rng.choice((1, (shares + 1) // 2, shares, shares + 1))

    def _special(self, symbol: str) -> Operation:
        """What changes the circumstances; much of it is undone a few operations later."""
        rng, prices = self.rng, PRICES[symbol]
        roll = rng.random()
        if roll < 0.5:
            lower, upper = sorted(rng.sample(prices, 2))
            off = "band", symbol, 0, 0
            return rng.choice((("band", symbol, lower, upper), ("band", symbol, 0, upper), off, off))
        if roll < 0.75:
            return "restrict", symbol, rng.random() < 0.6
        if roll < 0.8:
            self._next = [("entry", symbol, True), *(self._attempt(symbol) for _ in range(4))]
            return "entry", symbol, False
        # Most operations of the next ones are on this symbol, and some on orders it has already.
        halted = rng.random() < 0.4
        quoting = not halted or rng.random() < 0.2
        self._next = [("trading", symbol, False, False)]
        if halted and rng.random() < 0.5:
            self._next += [*(self._attempt(symbol) for _ in range(20)), ("trading", symbol, False, True)]
        self._next += [self._attempt(symbol) for _ in range(15)]
        return "trading", symbol, halted, quoting

    def _attempt(self, symbol: str) -> Operation:
        target = self._target()
        if target is not None and self.rng.random() < 0.4:
            return self._change(target)
        return "enter", symbol, self._new(), self._fields(symbol)

    def _fields(self, symbol: str) -> dict[str, Any]:
        """A new order: the overlap of buys and sells makes about half of them trade."""
        rng, prices = self.rng, PRICES[symbol]
        buy = rng.random() < 0.5
        place = int(rng.betavariate(2, 2.6) * len(prices))
        fields: dict[str, Any] = {
            "buy": buy,
            "shares": rng.choice(SHARES),
            "limit": prices[place if buy else -1 - place],
            "displayed": rng.random() < 0.75,
            "aiq_group": int(rng.random() < 0.15),
        }
        self._kind(fields)
        if rng.random() < 0.7:
            fields["party"] = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 3)
            if rng.random() < 0.7:
                fields["aiq"] = rng.choice(STRATEGIES)
        if rng.random() < 0.005:
            fields |= rng.choice(({"shares": 0}, {"shares": 1 << 32}, {"limit": 0}, {"limit": 2_000_000_001}))
        return fields

    def _kind(self, fields: dict[str, Any]) -> None:
        rng = self.rng
        fields["ioc"] = rng.random() < 0.12
        fields["post_only"] = rng.random() < 0.08
        fields["midpoint"] = rng.random() < 0.1
        fields["short_sale"] = not fields["buy"] and rng.random() < 0.3
        if rng.random() < 0.2:
            fields["max_floor"] = rng.choice((1, 20, 100))
            fields["shares"] *= rng.choice((1, 2))
        if rng.random() < (0.02 if fields["displayed"] and not fields["ioc"] and not fields["midpoint"] else 0.25):
            fields["min_quantity"] = rng.choice((1, 50, 100, 150, 400))
        if rng.random() < 0.2:
            fields["mpid"] = rng.choice((b"MMKA", b"MMKB"))

    def _replacement(self, target: int) -> dict[str, Any]:
        """Half the time the old order with another price or size, or the side's other sale; else another order."""
        rng = self.rng
        plain = self.duel.pairs[target][1]
        fields = self._fields(plain.symbol)
        del fields["buy"]
        if rng.random() < 0.6:
            for name in ("ioc", "midpoint", "displayed", "min_quantity", "max_floor", "mpid", "post_only"):
                fields[name] = getattr(plain, name)
            if rng.random() < 0.6:
                fields["limit"] = plain.limit
                fields["shares"] = max(1, plain.open - rng.choice((-10, 0, 1, 20)))
        fields["short_sale"] = not plain.buy and rng.random() < 0.3
        return fields
