"""Fees by liquidity flag: whole units, signs, and a table that is checked key by key."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.ouch50 import LIQUIDITY_FLAGS
from store import fees
from store.errors import StoreError
from store.fees import Fees


def test_the_default_takes_for_removing_and_gives_for_adding() -> None:
    table = fees.read()
    assert table.of("R", 100) == 3_000, "100 shares at 0.0030 dollar are 0.30 dollar"
    assert table.of("A", 100) == -2_000
    assert table.of("J", 1_000_000) == 0
    assert table.of("?", 1) == 30, "a flag that the table does not name"
    assert set(table.rates) <= set(LIQUIDITY_FLAGS)


@given(st.integers(-1_000_000, 1_000_000), st.integers(0, 1_000_000))
def test_a_fee_is_the_exact_product_rounded_half_away_from_zero(rate: int, shares: int) -> None:
    exact = Decimal(rate) * shares / 100
    found = Fees({"A": rate}, 0).of("A", shares)
    assert abs(found - exact) <= Decimal("0.5")
    assert found == int(exact.quantize(Decimal(1), "ROUND_HALF_UP"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('other = "0.0030', "is no TOML"),
        ('rest = "0.1"', "rest is no key: there are `other` and the table `flags`"),
        ("flags = 3", "flags must be a table, not 3"),
        ('[flags]\nAB = "0.1"', r"flags\.AB: a liquidity flag is one character"),
        ("[flags]\nA = 0.003", r'flags\.A must be dollars a share as text .* like "0.0030", not 0.003'),
        ('[flags]\nA = "0.00000001"', r"flags\.A must be .* not '0.00000001'"),
        ('other = "NaN"', "other must be .* not 'NaN'"),
        ('other = "2"', "other must be .* not '2'"),
        ('other = "much"', "other must be .* not 'much'"),
    ],
)
def test_a_wrong_table_names_file_key_and_value(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "fees.toml"
    path.write_text(text)
    with pytest.raises(StoreError, match=wrong) as caught:
        fees.read(path)
    assert str(path) in str(caught.value)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.toml: No such file or directory: give another --fees"):
        fees.read(tmp_path / "none.toml")
