"""Books, last prices and trading states from raw messages."""

from typing import Any

import pytest

from hftapp.trader.market import Market
from protocols import itch50

HEADER: dict[str, Any] = {"stock_locate": 1, "tracking_number": 0, "timestamp": 1}


def add(reference: int, side: str, shares: int, price: int) -> bytes:
    return itch50.AddOrder(
        **HEADER,
        order_reference_number=reference,
        buy_sell_indicator=side,
        shares=shares,
        stock="AAPL",
        price=price,
    ).encode()


def executed(reference: int, shares: int) -> bytes:
    return itch50.OrderExecuted(
        **HEADER, order_reference_number=reference, executed_shares=shares, match_number=1
    ).encode()


@pytest.fixture
def market() -> Market:
    made = Market()
    made.apply_all([add(1, "B", 100, 99_0000), add(2, "S", 100, 101_0000)])
    return made


def test_changed_books_are_touched_once(market: Market) -> None:
    (instrument,) = market.take_touched()
    assert (instrument.symbol, instrument.updates, instrument.mid()) == ("AAPL", 2, 100_0000)
    assert market.take_touched() == []
    assert market.instrument("AAPL") is instrument
    assert market.instrument("MSFT") is None


@pytest.mark.parametrize(
    ("reference", "shares", "price"), [(1, 40, 99_0000), (2, 100, 101_0000), (3, 30, 98_0000), (4, 10, 102_0000)]
)
def test_an_execution_prints_at_the_price_of_its_order(market: Market, reference: int, shares: int, price: int) -> None:
    market.apply_all([add(3, "B", 50, 98_0000), add(4, "S", 10, 102_0000), executed(reference, shares)])
    ((instrument, found, size),) = market.take_trades()
    assert (found, size, instrument.last) == (price, shares, price)
    assert market.take_trades() == []


def test_an_execution_of_an_unknown_order_prints_nothing(market: Market) -> None:
    market.take_touched()
    market.apply_all([executed(77, 10)])
    assert (market.take_trades(), market.take_touched()) == ([], [])
    assert market.books.unknown_references == 1


def test_prints_of_the_other_kinds(market: Market) -> None:
    market.apply_all(
        [
            itch50.OrderExecutedWithPrice(
                **HEADER,
                order_reference_number=1,
                executed_shares=10,
                match_number=1,
                printable="Y",
                execution_price=99_5000,
            ).encode(),
            itch50.OrderExecutedWithPrice(
                **HEADER,
                order_reference_number=1,
                executed_shares=10,
                match_number=1,
                printable="N",
                execution_price=1,
            ).encode(),
            itch50.Trade(
                **HEADER,
                order_reference_number=0,
                buy_sell_indicator="B",
                shares=5,
                stock="AAPL",
                price=100_0000,
                match_number=2,
            ).encode(),
            itch50.CrossTrade(**HEADER, shares=0, stock="AAPL", cross_price=0, match_number=3, cross_type="O").encode(),
        ]
    )
    assert [(price, shares) for _, price, shares in market.take_trades()] == [(99_5000, 10), (100_0000, 5)]


def operational(market_code: str, action: str) -> bytes:
    return itch50.OperationalHalt(
        **HEADER, stock="AAPL", market_code=market_code, operational_halt_action=action
    ).encode()


def test_an_operational_halt_of_this_market_stops_trading(market: Market) -> None:
    instrument = market.instrument("AAPL")
    assert instrument is not None
    market.apply_all([operational("B", "H"), operational("X", "H")])
    assert not instrument.halted
    market.take_touched()
    market.apply_all([operational("Q", "H")])
    assert instrument.halted
    assert market.take_touched() == [instrument]
    trading = itch50.StockTradingAction(**HEADER, stock="AAPL", trading_state="T", reserved=" ", reason="")
    market.apply_all([trading.encode()])
    assert instrument.halted
    market.apply_all([operational("Q", "T")])
    assert not instrument.halted


def test_the_mark_falls_back_from_mid_to_last_to_one_side(market: Market) -> None:
    instrument = market.instrument("AAPL")
    assert instrument is not None
    assert instrument.mark() == 100_0000
    market.apply_all([executed(2, 100)])
    assert (instrument.mid(), instrument.mark()) == (0, 101_0000)
    instrument.last = 0
    assert instrument.mark() == 99_0000


@pytest.mark.parametrize(("state", "halted"), [("H", True), ("P", True), ("Q", True), ("T", False)])
def test_trading_states(market: Market, state: str, halted: bool) -> None:
    action = itch50.StockTradingAction(**HEADER, stock="AAPL", trading_state=state, reserved=" ", reason="")
    market.take_touched()
    market.apply_all([action.encode()])
    (instrument,) = market.take_touched()
    assert instrument.halted is halted


def test_system_events_give_the_phase(market: Market) -> None:
    event = itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=1, event_code="M")
    market.apply_all([event.encode()])
    assert market.phase == "M"


def test_bad_messages_are_counted_and_the_rest_applied(market: Market) -> None:
    market.apply_all([b"", b"?", add(3, "B", 5, 99_0000)[:-1], add(3, "B", 5, 99_0000)])
    assert market.malformed == 3
    assert market.by_type == {"A": 3}
    assert market.books.view("AAPL")["bids"] == [[99_0000, 105, 2]]
