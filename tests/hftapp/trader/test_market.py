"""Books, last prices and trading states from raw messages, of one venue and of several."""

from typing import Any

import pytest

from hftapp.book.books import Books
from hftapp.trader.instrument import MAX_VENUES, Instrument
from hftapp.trader.market import MAX_TRADES, Market
from hftapp.trader.venue_market import VenueMarket
from hftapp.units import Price
from protocols import itch50

BUY, SELL = 1, -1


def header(locate: int = 1) -> dict[str, Any]:
    return {"stock_locate": locate, "tracking_number": 0, "timestamp": 1}


def add(reference: int, side: str, shares: int, price: int, stock: str = "AAPL", locate: int = 1) -> bytes:
    return itch50.AddOrder(
        **header(locate),
        order_reference_number=reference,
        buy_sell_indicator=side,
        shares=shares,
        stock=stock,
        price=price,
    ).encode()


def executed(reference: int, shares: int) -> bytes:
    return itch50.OrderExecuted(
        **header(), order_reference_number=reference, executed_shares=shares, match_number=1
    ).encode()


class Floor:
    """A market of some venues, and what is taken from it."""

    def __init__(self, venues: int = 1, **settings: Any) -> None:
        self.market = Market(**settings)
        self.venues = [VenueMarket(self.market, Books(max_locates=64)) for _ in range(venues)]

    def apply(self, *messages: bytes, venue: int = 0) -> None:
        self.venues[venue].apply_all(messages)

    def touched(self) -> list[Instrument]:
        count = self.market.take_touched()
        assert count == self.market.touched_count
        return self.market.touched[:count]

    def trades(self) -> list[tuple[Instrument, int, int]]:
        market = self.market
        taken = [
            (market.trade_instrument[i], market.trade_price[i], market.trade_shares[i])
            for i in range(market.trade_count)
        ]
        market.drop_trades()
        return taken

    def instrument(self, symbol: str = "AAPL") -> Instrument:
        found = self.market.instrument(symbol)
        assert found is not None
        return found


@pytest.fixture
def floor() -> Floor:
    made = Floor()
    made.apply(add(1, "B", 100, 99_0000), add(2, "S", 200, 101_0000))
    return made


def test_changed_books_are_touched_once(floor: Floor) -> None:
    assert floor.market.pending == 1
    (instrument,) = floor.touched()
    assert (instrument.symbol, instrument.updates, instrument.mid()) == ("AAPL", 2, 100_0000)
    assert (instrument.bid, instrument.bid_shares) == (99_0000, 100)
    assert (instrument.ask, instrument.ask_shares) == (101_0000, 200)
    assert floor.market.pending == 0
    assert floor.touched() == []
    assert floor.market.instrument("AAPL") is instrument
    assert floor.market.instrument("MSFT") is None


def test_what_is_touched_while_the_taken_ones_are_looked_at_comes_next(floor: Floor) -> None:
    (instrument,) = floor.touched()
    floor.market.touch(instrument)
    floor.market.touch(instrument)
    assert floor.market.touched[0] is instrument
    assert floor.touched() == [instrument]


def test_all_can_be_touched(floor: Floor) -> None:
    floor.apply(add(3, "B", 100, 50_0000, "MSFT", 2))
    floor.touched()
    floor.market.touch_all()
    assert [instrument.symbol for instrument in floor.touched()] == ["AAPL", "MSFT"]


def test_instruments_are_numbered_as_they_are_named(floor: Floor) -> None:
    floor.apply(add(3, "B", 100, 50_0000, "MSFT", 2))
    assert [(each.index, each.symbol) for each in floor.market.instruments] == [(0, "AAPL"), (1, "MSFT")]
    assert floor.market.locate_of(floor.instrument("MSFT"), 0) == 2


@pytest.mark.parametrize(
    ("reference", "shares", "price"), [(1, 40, 99_0000), (2, 100, 101_0000), (3, 30, 98_0000), (4, 10, 102_0000)]
)
def test_an_execution_prints_at_the_price_of_its_order(floor: Floor, reference: int, shares: int, price: int) -> None:
    floor.apply(add(3, "B", 50, 98_0000), add(4, "S", 10, 102_0000), executed(reference, shares))
    ((instrument, found, size),) = floor.trades()
    assert (found, size, instrument.last) == (price, shares, price)
    assert floor.trades() == []


def test_an_execution_of_an_unknown_order_prints_nothing(floor: Floor) -> None:
    floor.touched()
    floor.apply(executed(77, 10))
    assert (floor.trades(), floor.touched()) == ([], [])
    assert floor.venues[0].books.counters()["unknown_references"] == 1


def test_prints_of_the_other_kinds(floor: Floor) -> None:
    at_another_price = itch50.OrderExecutedWithPrice(
        **header(), order_reference_number=1, executed_shares=10, match_number=1, printable="Y", execution_price=99_5000
    )
    hidden = itch50.Trade(
        **header(),
        order_reference_number=0,
        buy_sell_indicator="B",
        shares=5,
        stock="AAPL",
        price=100_0000,
        match_number=2,
    )
    cross = itch50.CrossTrade(
        **header(), shares=900, stock="AAPL", cross_price=100_5000, match_number=3, cross_type="O"
    )
    floor.apply(
        at_another_price.encode(),
        at_another_price.replace(printable="N", execution_price=1).encode(),
        hidden.encode(),
        cross.replace(shares=0, cross_price=0).encode(),
        cross.replace(shares=(1 << 64) - 1).encode(),
        cross.encode(),
    )
    assert [(price, shares) for _, price, shares in floor.trades()] == [(99_5000, 10), (100_0000, 5), (100_5000, 900)]


def test_prints_that_nobody_takes_are_counted(floor: Floor) -> None:
    floor.apply(add(3, "B", 5000, 98_0000), *[executed(3, 1)] * (MAX_TRADES + 3))
    assert floor.market.trades_lost == 3
    assert len(floor.trades()) == MAX_TRADES
    floor.apply(executed(3, 1))
    assert len(floor.trades()) == 1


def operational(market_code: str, action: str) -> bytes:
    return itch50.OperationalHalt(
        **header(), stock="AAPL", market_code=market_code, operational_halt_action=action
    ).encode()


def trading_action(state: str, stock: str = "AAPL", locate: int = 1) -> bytes:
    return itch50.StockTradingAction(
        **header(locate), stock=stock, trading_state=state, reserved=" ", reason=""
    ).encode()


def test_an_operational_halt_of_this_market_stops_trading(floor: Floor) -> None:
    instrument = floor.instrument()
    floor.apply(operational("B", "H"), operational("X", "H"))
    assert not instrument.halted
    floor.touched()
    floor.apply(operational("Q", "H"))
    assert instrument.halted
    assert floor.touched() == [instrument]
    floor.apply(trading_action("T"))
    assert instrument.halted
    floor.apply(operational("Q", "T"))
    assert not instrument.halted


def test_a_halt_on_a_stock_without_a_book_is_known_before_its_first_order() -> None:
    floor = Floor()
    floor.apply(trading_action("H"))
    assert floor.instrument().halted


@pytest.mark.parametrize(("state", "halted"), [("H", True), ("P", True), ("Q", True), ("T", False)])
def test_trading_states(floor: Floor, state: str, halted: bool) -> None:
    floor.touched()
    floor.apply(trading_action(state))
    (instrument,) = floor.touched()
    assert instrument.halted is halted


@pytest.mark.parametrize(("action", "restricted"), [("0", False), ("1", True), ("2", True)])
def test_the_short_sale_price_test(floor: Floor, action: str, restricted: bool) -> None:
    floor.apply(
        itch50.RegShoShortSalePriceTestRestrictedIndicator(**header(), stock="AAPL", reg_sho_action=action).encode()
    )
    assert floor.instrument().short_restricted is restricted


def test_the_mark_falls_back_from_mid_to_last_to_one_side(floor: Floor) -> None:
    (instrument,) = floor.touched()
    assert instrument.mark() == 100_0000
    floor.apply(executed(2, 200))
    floor.touched()
    assert (instrument.mid(), instrument.mark()) == (0, 101_0000)
    instrument.last = Price(0)
    assert instrument.mark() == 99_0000


def event(code: str) -> bytes:
    return itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=1, event_code=code).encode()


def test_system_events_give_the_phase_and_the_close() -> None:
    floor = Floor(venues=2)
    floor.apply(event("Q"))
    assert (floor.venues[0].phase, floor.venues[0].closed) == (ord("Q"), False)
    floor.apply(event("M"))
    assert (floor.venues[0].closed, floor.market.closed) == (True, False)
    floor.apply(event("C"), venue=1)
    assert floor.market.closed


def test_bad_messages_are_counted_and_the_rest_applied(floor: Floor) -> None:
    floor.apply(b"", b"?", add(3, "B", 5, 99_0000)[:-1], add(3, "B", 5, 99_0000))
    venue = floor.venues[0]
    assert (venue.malformed, venue.applied) == (3, 6)
    assert {chr(kind): count for kind, count in enumerate(venue.by_type) if count} == {"A": 3}
    assert venue.views() == [{"symbol": "AAPL", "bids": [[99_0000, 105, 2]], "asks": [[101_0000, 200, 1]]}]


def test_the_best_prices_of_several_venues_are_one_market() -> None:
    floor = Floor(venues=3)
    floor.apply(add(1, "B", 100, 99_0000), add(2, "S", 200, 101_0000))
    floor.apply(add(1, "B", 300, 99_0000, locate=7), add(2, "S", 400, 100_9000, locate=7), venue=1)
    floor.apply(add(1, "B", 500, 98_0000, locate=3), add(2, "S", 600, 100_9000, locate=3), venue=2)
    (instrument,) = floor.touched()
    assert (instrument.bid, instrument.bid_shares, instrument.bid_venue) == (99_0000, 400, 0)
    assert (instrument.ask, instrument.ask_shares, instrument.ask_venue) == (100_9000, 1000, 1)
    assert [floor.market.locate_of(instrument, venue) for venue in range(3)] == [1, 7, 3]


def test_a_symbol_is_halted_while_one_venue_of_it_is() -> None:
    floor = Floor(venues=2)
    floor.apply(add(1, "B", 100, 99_0000))
    floor.apply(add(1, "B", 100, 99_0000), venue=1)
    floor.apply(operational("Q", "H"))
    floor.apply(operational("Q", "T"), venue=1)
    assert floor.instrument().halted


def test_a_symbol_that_trades_at_one_venue_is_still_halted_at_the_other() -> None:
    floor = Floor(venues=2)
    floor.apply(add(1, "B", 100, 99_0000), trading_action("H"))
    floor.apply(add(1, "B", 100, 99_0000), trading_action("T"), venue=1)
    assert floor.instrument().halted
    floor.apply(trading_action("T"))
    assert not floor.instrument().halted


def test_a_halt_ends_with_the_day_of_its_venue() -> None:
    floor = Floor(venues=2)
    floor.apply(add(1, "B", 100, 99_0000), trading_action("P"), operational("Q", "H"))
    floor.apply(add(1, "B", 100, 99_0000), trading_action("T"), venue=1)
    floor.apply(event("M"))
    assert not floor.instrument().halted
    floor.apply(trading_action("H"), venue=1)
    assert floor.instrument().halted


def test_no_kind_of_halt_of_one_venue_is_taken_for_another() -> None:
    floor = Floor(venues=MAX_VENUES)
    for venue in range(MAX_VENUES):
        floor.apply(add(1, "B", 100, 99_0000), trading_action("H"), operational("Q", "H"), venue=venue)
    instrument = floor.instrument()
    assert instrument.halts.bit_count() == 2 * MAX_VENUES
    for venue in range(MAX_VENUES):
        assert instrument.halted
        floor.apply(trading_action("T"), operational("Q", "T"), venue=venue)
    assert not instrument.halted


def test_what_the_book_of_a_closed_venue_still_shows_is_no_quote() -> None:
    floor = Floor(venues=2)
    floor.apply(add(1, "B", 100, 99_0000), add(2, "S", 100, 99_0200))
    floor.apply(add(1, "B", 300, 100_0000), add(2, "S", 300, 100_0200), venue=1)
    (instrument,) = floor.touched()
    assert (instrument.bid, instrument.ask) == (100_0000, 99_0200)
    floor.apply(event("M"), venue=1)
    assert floor.touched() == [instrument]
    assert (instrument.bid, instrument.bid_shares, instrument.bid_venue) == (99_0000, 100, 0)
    assert (instrument.ask, instrument.ask_shares, instrument.ask_venue) == (99_0200, 100, 0)


def test_every_new_instrument_is_prepared_before_it_is_seen() -> None:
    prepared: list[str] = []
    floor = Floor(prepare=lambda instrument: prepared.append(instrument.symbol))
    floor.apply(add(1, "B", 100, 99_0000), add(2, "S", 100, 99_5000))
    made = floor.market.make("MSFT")
    assert made is floor.market.make("MSFT") is floor.market.instrument("MSFT")
    assert prepared == ["AAPL", "MSFT"]


def test_instruments_beyond_the_maximum_have_books_and_nothing_else() -> None:
    floor = Floor(max_instruments=1)
    floor.apply(add(1, "B", 100, 99_0000), add(2, "B", 100, 50_0000, "MSFT", 2))
    assert floor.market.instrument("MSFT") is floor.market.make("MSFT") is None
    assert [instrument.symbol for instrument in floor.touched()] == ["AAPL"]
    assert floor.venues[0].books.best_price(2, BUY) == 50_0000


def test_a_stock_named_before_its_book_is_not_touched_by_the_directory() -> None:
    floor = Floor()
    floor.apply(
        itch50.StockDirectory(
            **header(),
            stock="AAPL",
            market_category="Q",
            financial_status_indicator="N",
            round_lot_size=100,
            round_lots_only="N",
            issue_classification="C",
            issue_sub_type="Z",
            authenticity="P",
            short_sale_threshold_indicator="N",
            ipo_flag=" ",
            luld_reference_price_tier="1",
            etp_flag="N",
            etp_leverage_factor=0,
            inverse_indicator="N",
        ).encode()
    )
    assert floor.instrument().symbol == "AAPL"
    assert floor.touched() == []


def test_one_venue_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match=f"room for {MAX_VENUES} venues"):
        Floor(venues=MAX_VENUES + 1)
    with pytest.raises(ValueError, match="market code 'QQ'"):
        VenueMarket(Market(), market_code="QQ")
    with pytest.raises(ValueError, match="max_instruments 0"):
        Market(max_instruments=0)
