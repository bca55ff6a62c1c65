"""The widths of price bands, row by row, and a real pair of bands."""

import pytest

from exchange.luld_bands import band_width, price_bands, to_cent


@pytest.mark.parametrize(
    ("previous_close", "tier", "doubled", "width"),
    [
        (30_100, "1", False, 5_000),
        (30_100, "1", True, 10_000),
        (30_100, "2", False, 10_000),
        (30_100, "2", True, 10_000),
        (30_000, "1", False, 20_000),
        (30_000, "2", True, 40_000),
        (7_500, "1", False, 20_000),
        (7_499, "1", False, 1_500),
        (7_499, "2", True, 3_000),
    ],
)
def test_the_table_at_a_reference_price_of_10_dollars(
    previous_close: int, tier: str, doubled: bool, width: int
) -> None:
    assert band_width(100_000, previous_close, tier, doubled) == width


def test_below_75_cents_the_lesser_of_15_cents_and_75_per_cent() -> None:
    assert band_width(1_000, 1_000, "1", False) == 750
    assert band_width(2_000, 1_000, "1", False) == 1_500


def test_bands_are_whole_cents_and_none_is_below_nothing() -> None:
    assert [to_cent(price) for price in (12_349, 12_350, 12_300)] == [12_300, 12_400, 12_300]
    assert price_bands(1_000, 1_000, "1", True) == (0, 2_500)


def test_the_bands_of_a_real_pause() -> None:
    """PROTOCOLS §9.1, `J` of ZXZZT: the bands around $12.13 of a tier 2 stock are what its collar started from."""
    assert price_bands(121_300, 121_300, "2", False) == (109_200, 133_400)
