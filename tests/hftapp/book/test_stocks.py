"""Symbols of locates: the first name holds, and every other claim is counted."""

from hftapp.book.stocks import NO_NAME, Stocks


def word(symbol: str) -> int:
    return int.from_bytes(symbol.encode().ljust(8), "big")


def test_names_in_both_directions() -> None:
    stocks = Stocks(4)
    stocks.name(1, word("MSFT"))
    stocks.name(3, word("AAPL"))
    assert (stocks.symbol_of(1), stocks.locate_of("AAPL"), stocks.symbols()) == ("MSFT", 3, ["AAPL", "MSFT"])
    assert (stocks.symbol_of(2), stocks.locate_of("IBM"), stocks.symbol_of(4)) == (None, -1, None)
    assert (stocks.names[1], stocks.names[2]) == (word("MSFT"), NO_NAME)


def test_the_first_name_holds() -> None:
    stocks = Stocks(4)
    stocks.name(1, word("MSFT"))
    stocks.name(1, word("AAPL"))
    stocks.name(2, word("MSFT"))
    assert stocks.conflicts == 2
    assert (stocks.symbol_of(1), stocks.symbol_of(2), stocks.symbols()) == ("MSFT", None, ["MSFT"])


def test_eight_spaces_are_the_empty_symbol() -> None:
    stocks = Stocks(2)
    stocks.name(0, word(""))
    assert (stocks.symbol_of(0), stocks.locate_of("")) == ("", 0)
