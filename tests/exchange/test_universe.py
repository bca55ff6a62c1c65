"""The generated symbols: plausible, all different, and as unevenly active as real ones."""

from collections import Counter
from statistics import median

import pytest

from exchange.directory import DEFAULT_PRICES, Directory
from exchange.flow.alias import AliasTable
from exchange.flow.random64 import Random64, scattered
from exchange.flow.universe import MAX_PRICE, MIN_PRICE, traits, universe

# As many as on a real day: 8,907 on 2019-12-30.
N = 9000


def test_nine_thousand_symbols_can_be_listed() -> None:
    symbols = universe(N, 1)
    directory = Directory()
    for symbol in symbols:
        directory.add(symbol.symbol, price=symbol.price)
    assert len(directory.listings) == N
    assert [(s.symbol, s.price) for s in symbols[:12]] == list(DEFAULT_PRICES.items())
    assert all(1 <= len(s.symbol) <= 5 and s.symbol.isalpha() for s in symbols)


def test_a_seed_gives_the_same_symbols_again_and_a_smaller_universe_is_the_top_of_a_larger_one() -> None:
    assert universe(500, 7) == universe(500, 7)
    assert universe(500, 7) != universe(500, 8)
    assert universe(2000, 7)[:500] == universe(500, 7)
    assert universe(3, 7) == universe(12, 7)[:3]


def test_prices_are_whole_cents_around_a_few_tens_of_dollars() -> None:
    prices = [symbol.price for symbol in universe(N, 2)]
    assert all(MIN_PRICE <= price <= MAX_PRICE and price % 100 == 0 for price in prices)
    assert 200_000 < median(prices) < 400_000
    assert min(prices) < 20_000
    assert max(prices) > 10_000_000


def test_activity_is_concentrated_as_on_real_days() -> None:
    weights = [traits(rank, 1_000_000).weight for rank in range(N)]
    total = sum(weights)
    assert 1 / 3 < sum(weights[: N // 100]) / total < 1 / 2, "the top 1 % of symbols"
    assert weights[0] / total < 0.03, "the most active symbol"
    assert sum(weights[N // 2 :]) / total < 0.10, "the quieter half"


def test_spreads_widen_and_books_thin_out_with_rank() -> None:
    busy, quiet = traits(0, 1_000_000), traits(N - 1, 1_000_000)
    assert (busy.half_spread, quiet.half_spread) == (1, 30), "2 and 60 basis points of $100"
    assert busy.orders > quiet.orders
    assert traits(0, 20_000).half_spread == 1, "a tick at least"
    assert (traits(5, 9_999).tick, traits(5, 10_000).tick) == (1, 100)


@pytest.mark.parametrize("n", [0, -1, 65_536])
def test_a_number_that_locates_cannot_count(n: int) -> None:
    with pytest.raises(ValueError, match=rf"^{n} symbols: give 1 to 65535"):
        universe(n, 1)


def test_the_generator_is_xorshift64_star() -> None:
    # By hand from the definition, from state 1: x ^= x>>12, x ^= x<<25, x ^= x>>27, times the multiplier.
    rng = Random64(0)
    rng.state = 1
    assert rng.bits() == 33_554_433 * 0x2545_F491_4F6C_DD1D % 2**64
    assert rng.state == 33_554_433


def test_seeds_are_scattered_by_splitmix64() -> None:
    # The first output of the reference implementation for seed 0.
    assert scattered(0) == 0xE220_A839_7B1D_CDAF
    assert scattered(2**64) == scattered(0), "a seed has 64 bits"


def test_the_alias_table_keeps_the_proportions() -> None:
    weights = [1.0, 2.0, 5.0, 0.5]
    table, rng = AliasTable(weights), Random64(3)
    draws = Counter(table.pick(rng) for _ in range(20_000))
    for index, weight in enumerate(weights):
        assert draws[index] / 20_000 == pytest.approx(weight / sum(weights), abs=0.01)


@pytest.mark.parametrize("weights", [[], [1.0, 0.0], [1.0, -2.0]])
def test_weights_that_cannot_be_drawn_from(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="each above 0"):
        AliasTable(weights)
