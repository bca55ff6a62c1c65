"""The collars of the auction after a pause."""

from exchange.cross_price import Clearing
from exchange.luld_collar import Collar


def test_a_real_collar() -> None:
    """PROTOCOLS §9.1: ZXZZT, stuck at its upper band of $13.34, collar $10.92 to $14.01."""
    collar = Collar(109_200, 133_400, stuck_at_upper=True)
    assert (collar.reference, collar.lower, collar.upper, collar.extensions) == (133_400, 109_200, 140_100, 0)


def test_stuck_at_the_lower_band_it_goes_5_per_cent_further_down() -> None:
    collar = Collar(100_000, 120_000, stuck_at_upper=False)
    assert (collar.reference, collar.lower, collar.upper) == (100_000, 95_000, 120_000)


def test_up_to_3_dollars_it_goes_15_cents_further() -> None:
    collar = Collar(20_000, 30_000, stuck_at_upper=True)
    assert collar.upper == 31_500
    assert Collar(1_000, 2_000, stuck_at_upper=False).lower == 0


def at(price: int) -> Clearing:
    return Clearing(price, 100, 0, "N")


def test_a_cross_within_it_may_go_ahead_and_so_may_one_of_nothing() -> None:
    collar = Collar(100_000, 120_000, stuck_at_upper=True)
    for clearing in (at(100_000), at(126_000), None):
        assert not collar.holds_back(clearing, 0)
    assert collar.extensions == 0


def test_one_outside_it_must_wait_and_finds_a_wider_one() -> None:
    collar = Collar(100_000, 120_000, stuck_at_upper=True)
    assert collar.holds_back(at(126_100), 0)
    assert (collar.lower, collar.upper, collar.extensions) == (100_000, 132_000, 1)
    assert not collar.holds_back(at(132_000), 0)
    assert collar.holds_back(at(99_900), 0)
    assert (collar.lower, collar.upper, collar.extensions) == (94_000, 132_000, 2)


def test_one_that_leaves_market_orders_must_wait() -> None:
    collar = Collar(100_000, 120_000, stuck_at_upper=True)
    assert collar.holds_back(at(110_000), 5)
    assert collar.holds_back(None, -5)
    assert (collar.lower, collar.upper, collar.extensions) == (94_000, 132_000, 2)
