"""The generated flow: its mix, its reproducibility, thousands of symbols, and what a client at the touch gets of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator

import pytest

from exchange.clock import MARKET_OPEN, SECOND
from exchange.flow.generator import MIX, Generator
from exchange.flow.universe import traits, universe
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.orders import Order, limit_order
from exchange.participant import Participant
from protocols import itch50
from protocols.order_book import OrderBooks

SYMBOLS = ("AAPL", "MSFT", "XYZ")


def new_market(symbols: tuple[str, ...] = SYMBOLS) -> Market:
    market = Market(Publisher("TEST", []))
    for symbol in symbols:
        market.list_symbol(symbol)
    return market


def run(seed: int, seconds: float, rate: float = 500, pattern: str = "bursty") -> tuple[Market, Generator]:
    market = new_market()
    generator = Generator(market, SYMBOLS, rate, seed, pattern)
    advance(generator, seconds)
    return market, generator


def advance(generator: Generator, seconds: float) -> None:
    generator.start(MARKET_OPEN)
    while (generator.next_time() or 0) < MARKET_OPEN + seconds * SECOND:
        generator.step()


def feed(market: Market) -> Iterator[bytes]:
    number = 1
    while number < market.publisher.next_sequence:
        batch = market.publisher.read(number, 1000)
        yield from batch
        number += len(batch)


def digest(market: Market) -> str:
    return hashlib.sha256(b"".join(feed(market))).hexdigest()


def test_the_mix_is_that_of_a_real_day() -> None:
    _, generator = run(1, 40)
    counters = generator.counters()
    assert counters["messages"] == pytest.approx(40 * 500, rel=0.05)
    for kind, share in MIX.items():
        assert counters["mix"][kind] == pytest.approx(share, abs=max(0.012, share / 20)), kind
    assert counters["mix"]["E"] == pytest.approx(MIX["E"], rel=0.2)
    assert counters["seeded"] == 80 * len(SYMBOLS)
    assert 60 < counters["resting"] / len(SYMBOLS) < 110


def test_the_counted_mix_is_what_is_on_the_feed() -> None:
    market, generator = run(4, 10)
    counters = generator.counters()
    on_feed = Counter(chr(data[0]) for data in feed(market))
    assert on_feed.total() == counters["seeded"] + counters["messages"]
    on_feed["A"] -= counters["seeded"]
    assert {kind: round(count / counters["messages"], 4) for kind, count in on_feed.items()} == counters["mix"]


def test_the_feed_is_whole_and_books_are_never_crossed() -> None:
    market, _ = run(2, 10)
    books = OrderBooks()
    for data in feed(market):
        message = itch50.decode(data)
        books.apply(message)
        if message.stock_locate:
            view = books.book(message.stock_locate).view(1)
            assert not view["bids"] or not view["asks"] or view["bids"][0][0] < view["asks"][0][0]
    assert books.unknown_references == 0
    for symbol in SYMBOLS:
        assert books.view(symbol) == market.book(symbol).view()


def test_a_seed_gives_the_same_bytes_again() -> None:
    first, again, other = (list(feed(run(seed, 3)[0])) for seed in (7, 7, 8))
    assert first == again
    assert first != other
    times = [itch50.decode(data).timestamp for data in first]
    assert times == sorted(times)


def test_the_bytes_are_the_same_under_every_python() -> None:
    # Written down once; a change of the flow changes it, another interpreter or the compiled modules must not.
    assert digest(run(7, 3)[0]) == "5c2743796ab4759ad458e0ed92a35ad8412c74892f396a4a22c951642194e0a3"


def test_seeds_have_64_bits() -> None:
    assert digest(run(2**63, 1)[0]) != digest(run(0, 1)[0])


def test_every_pattern_flows_and_an_unknown_one_is_named() -> None:
    rates = {name: run(3, 10, pattern=name)[1].counters()["messages"] / 10 for name in ("steady", "bursty", "day")}
    assert rates["steady"] == pytest.approx(500, rel=0.05)
    assert rates["day"] > 1.5 * rates["steady"], "the opening"
    with pytest.raises(ValueError, match="unknown pattern 'mad': give one of steady, bursty, day"):
        Generator(new_market(), SYMBOLS, 1, 1, "mad")


def test_nine_thousand_symbols_start_at_once_and_their_books_fill_while_the_flow_runs() -> None:
    symbols = universe(9000, 5)
    market = Market(Publisher("TEST", []))
    for symbol in symbols:
        market.list_symbol(symbol.symbol, price=symbol.price)
    generator = Generator(market, [symbol.symbol for symbol in symbols], 5000, 5)
    generator.start(MARKET_OPEN)
    # The 32 most active books stand after 32 * 80 paced orders, half a second.
    steps = 0
    while generator.counters()["actions"] == 0:
        generator.step()
        steps += 1
    assert 32 * 80 < steps < 32 * 80 + 20
    begun = generator.next_time() or 0
    assert begun - MARKET_OPEN == pytest.approx(32 * 80 * SECOND // 5000, abs=SECOND // 100)
    while (generator.next_time() or 0) < begun + 2 * SECOND:
        generator.step()
    counters = generator.counters()
    assert counters["actions"] == pytest.approx(2 * 5000, rel=0.1)
    assert counters["seeded"] == pytest.approx(32 * 80 + 2 * 5000, rel=0.01)
    assert len({data[1:3] for data in feed(market)}) > 1000, "activity reaches down the list"


def test_a_symbol_far_down_the_list_is_traded_in_its_own_way() -> None:
    busy, quiet = traits(0, 500_000), traits(8000, 500_000)
    symbols = [symbol.symbol for symbol in universe(40, 1)]
    market = new_market(tuple(symbols))
    generator = Generator(market, symbols, 1000, 1)
    advance(generator, 3)
    assert all(market.book(symbol).midpoint_twice() for symbol in symbols[:32])
    assert quiet.half_spread > 10 * busy.half_spread


def test_news_moves_a_price_through_the_orders_that_stand_in_its_way() -> None:
    market, generator = run(9, 2)
    before = market.book("AAPL").midpoint_twice() // 2
    house, instrument = generator._house, generator._instruments[0]
    was = generator.counters()["messages"]
    house.reprice(instrument, 0.02, MARKET_OPEN + 3 * SECOND)
    assert instrument.reference == pytest.approx(before * 1.02, rel=0.002)
    best = market.book("AAPL").asks.best_displayed()
    assert best is None or best.price >= instrument.reference
    assert generator.counters()["messages"] > was + 20, "their executions"
    house.reprice(instrument, -0.04, MARKET_OPEN + 3 * SECOND)
    bid = market.book("AAPL").bids.best_displayed()
    assert bid is None or bid.price <= instrument.reference


class Quoter(Participant):
    """A client that keeps one order at each side of the touch."""

    def __init__(self, market: Market) -> None:
        self.bought = self.sold = 0
        self.market = market
        self.owner = market.join(self)
        self.orders: dict[bool, Order] = {}

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        if maker.buy:
            self.bought += shares
        else:
            self.sold += shares

    def quote(self, symbol: str, now: int) -> None:
        book = self.market.book(symbol)
        for buy in (True, False):
            level = book.side(buy).best_displayed()
            assert level is not None
            order = self.orders.get(buy)
            if order is None or order.price != level.price or not order.shares:
                if order is not None:
                    self.market.cancel(order, 0, now)
                ref = self.market.engine.next_reference()
                order = self.orders[buy] = limit_order(book, buy, 100, level.price, ref, self.owner)
                order.post_only = True
                self.market.enter(order, now)


def test_a_quote_at_the_touch_is_filled_on_both_sides() -> None:
    market = new_market()
    quoter = Quoter(market)
    generator = Generator(market, SYMBOLS, 500, 3)
    generator.start(MARKET_OPEN)
    for _ in range(80 * len(SYMBOLS)):
        generator.step()
    touches = set()
    while (time := generator.next_time() or 0) < MARKET_OPEN + 20 * SECOND:
        generator.step()
        quoter.quote("AAPL", time)
        best = market.book("AAPL").bids.best_displayed()
        touches.add(None if best is None else best.price)
    assert quoter.bought > 500
    assert quoter.sold > 500
    assert len(touches) > 3


def test_what_clients_do_to_the_house_is_not_counted_as_its_own() -> None:
    market, generator = run(6, 2)
    before = generator.counters()
    book = market.book("MSFT")
    ask = book.asks.best_displayed()
    assert ask is not None
    taker = limit_order(book, True, ask.shares, ask.price, market.engine.next_reference())
    taker.ioc = True
    market.enter(taker, market.time)
    after = generator.counters()
    assert after["messages"] == before["messages"]
    assert after["resting"] < before["resting"], "but the house knows that its orders are gone"
