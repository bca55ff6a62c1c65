"""Listings of the day and what announces them."""

import pytest

from exchange.directory import DEFAULT_PRICES, MAX_LOCATE, Directory, DirectoryError, announce, check_symbol


def test_locates_count_from_1_around_given_ones() -> None:
    directory = Directory()
    assert directory.add("ZZZ", 2).locate == 2
    assert [directory.add(symbol).locate for symbol in ("AAA", "BBB")] == [1, 3]
    assert directory.add("AAA").locate == 1


@pytest.mark.parametrize("locate", [0, 2, MAX_LOCATE + 1])
def test_a_locate_that_cannot_be_had(locate: int) -> None:
    directory = Directory()
    directory.add("ZZZ", 2)
    with pytest.raises(DirectoryError, match=f"stock locate {locate} of AAA"):
        directory.add("AAA", locate)


def test_prices_are_known_or_plausible() -> None:
    directory = Directory()
    assert directory.add("AAPL").price == DEFAULT_PRICES["AAPL"]
    assert 100_000 <= directory.add("XYZ").price <= 3_100_000
    assert directory.add("GIVEN", price=55).price == 55


def test_each_symbol_is_announced_by_three_messages() -> None:
    listing = Directory().add("AAPL", 9)
    messages = announce(listing, 77)
    assert [message.TYPE for message in messages] == ["R", "H", "Y"]
    assert {(message.stock_locate, message.timestamp) for message in messages} == {(9, 77)}
    assert [len(message.encode()) for message in messages] == [39, 25, 20]


@pytest.mark.parametrize("symbol", ["A", "BRK.B", "BAC-Q", "ABCDEFGH", "AACG+"])
def test_symbols(symbol: str) -> None:
    assert check_symbol(symbol) == symbol


@pytest.mark.parametrize("symbol", ["", "aapl", "TOOLONGXX", "A B", "1A", "Ä"])
def test_texts_that_are_no_symbols(symbol: str) -> None:
    with pytest.raises(DirectoryError, match="unknown symbol"):
        check_symbol(symbol)
