"""Price levels against a dictionary of prices: both sides, slabs that outgrow their size, and slabs used again."""

from __future__ import annotations

import random

import pytest

from hftapp.book.levels import SMALLEST, Levels
from hftapp.units import Price, Shares


class Half:
    """What one half should hold: shares and orders by price."""

    def __init__(self, levels: Levels, number: int) -> None:
        self.levels = levels
        self.number = number
        self.orders: list[tuple[int, int]] = []

    def add(self, price: int, shares: int) -> None:
        self.levels.add(self.number, Price(price), Shares(shares))
        self.orders.append((price, shares))

    def remove(self, rng: random.Random) -> None:
        price, shares = self.orders.pop(rng.randrange(len(self.orders)))
        part = rng.randrange(shares)
        self.levels.take(self.number, Price(price), Shares(part), False)
        self.levels.take(self.number, Price(price), Shares(shares - part), True)

    def check(self) -> None:
        prices = sorted({price for price, _ in self.orders}, reverse=self.number % 2 == 0)
        levels = self.levels
        assert levels.depth(self.number) == len(prices)
        for i, price in enumerate(prices):
            there = [shares for at, shares in self.orders if at == price]
            assert levels.price(self.number, i) == price
            assert levels.shares(self.number, i) == levels.shares_at(self.number, Price(price)) == sum(there)
            assert levels.orders(self.number, i) == len(there)
            assert levels.shares_at(self.number, Price(price + 1)) == 0 or price + 1 in prices
        for beyond in (-1, len(prices)):
            assert levels.price(self.number, beyond) == 0
            assert levels.shares(self.number, beyond) == 0
            assert levels.orders(self.number, beyond) == 0


@pytest.mark.parametrize("seed", range(10))
def test_levels_are_sorted_and_sums_right(seed: int) -> None:
    rng = random.Random(seed)
    levels = Levels(6, 8)
    halves = [Half(levels, number) for number in range(6)]
    for step in range(3000):
        half = rng.choice(halves)
        if rng.random() < (0.6 if step < 1500 else 0.3) or not half.orders:
            price = rng.choice((rng.randrange(20), rng.randrange(1000), (1 << 32) - 1 - rng.randrange(5)))
            half.add(price, rng.randrange(1, 1 << 32))
        else:
            half.remove(rng)
        if step % 50 == 0:
            half.check()
    for half in halves:
        half.check()
    assert levels.grown > 0


def test_the_extreme_prices_of_both_sides() -> None:
    levels = Levels(2, 8)
    for number in (0, 1):
        half = Half(levels, number)
        for price in (0, (1 << 32) - 1, 1 << 31):
            half.add(price, 5)
        half.check()


def test_a_slab_that_was_outgrown_is_used_again() -> None:
    levels = Levels(3, 8 * SMALLEST)
    for price in range(SMALLEST + 1):
        levels.add(0, Price(price), Shares(1))
    end = levels.end
    levels.add(1, Price(7), Shares(5))
    assert levels.end == end
    assert (levels.depth(1), levels.shares(1, 0)) == (1, 5)
    levels.add(2, Price(7), Shares(5))
    assert levels.end > end


def test_totals_beyond_32_bits() -> None:
    levels = Levels(1, 8)
    for _ in range(3):
        levels.add(0, Price(7), Shares((1 << 32) - 1))
    assert levels.shares(0, 0) == 3 * ((1 << 32) - 1)


def test_room_is_made_in_time() -> None:
    levels = Levels(64, 1)
    for half in range(8):
        levels.add(half, Price(half), Shares(half + 1))
    assert levels.relieve()
    assert [levels.price(half, 0) for half in range(8)] == list(range(8))
    assert not levels.relieve()


def test_bad_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="0 halves"):
        Levels(0, 8)
    with pytest.raises(ValueError, match="0 levels"):
        Levels(1, 0)
