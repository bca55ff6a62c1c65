"""The generated flow: its mix, its reproducibility, and what a client at the touch gets of it."""

import pytest

from exchange.clock import MARKET_OPEN, SECOND
from exchange.events import Event, Executed
from exchange.flow.generator import MIX, Generator
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.orders import Order
from protocols import itch50
from protocols.order_book import OrderBooks

SYMBOLS = ("AAPL", "MSFT", "XYZ")


def new_market() -> Market:
    market = Market(Publisher("TEST", []))
    for symbol in SYMBOLS:
        market.list_symbol(symbol)
    return market


def run(seed: int, seconds: int, rate: float = 500, market: Market | None = None) -> tuple[Market, Generator]:
    market = new_market() if market is None else market
    generator = Generator(market, SYMBOLS, rate, seed)
    generator.start(MARKET_OPEN)
    while (generator.next_time() or 0) < MARKET_OPEN + seconds * SECOND:
        generator.step()
    return market, generator


def test_the_mix_is_that_of_a_real_day() -> None:
    _, generator = run(1, 40)
    counters = generator.counters()
    assert counters["messages"] == pytest.approx(40 * 500, rel=0.05)
    for kind, share in MIX.items():
        assert counters["mix"][kind] == pytest.approx(share, abs=max(0.012, share / 20)), kind
    assert counters["seeded"] == 80 * len(SYMBOLS)
    assert 60 < counters["resting"] / len(SYMBOLS) < 110


def test_the_feed_is_whole_and_books_are_never_crossed() -> None:
    market, _ = run(2, 10)
    books = OrderBooks()
    for data in market.publisher.messages:
        message = itch50.decode(data)
        books.apply(message)
        if message.stock_locate:
            view = books.book(message.stock_locate).view(1)
            assert not view["bids"] or not view["asks"] or view["bids"][0][0] < view["asks"][0][0]
    assert books.unknown_references == 0
    for symbol in SYMBOLS:
        assert books.view(symbol) == market.book(symbol).view()


def test_a_seed_gives_the_same_bytes_again() -> None:
    first, again, other = (run(seed, 3)[0].publisher.messages for seed in (7, 7, 8))
    assert first == again
    assert first != other
    times = [itch50.decode(data).timestamp for data in first]
    assert times == sorted(times)


class Quoter:
    """A client that keeps one order at each side of the touch."""

    def __init__(self, market: Market) -> None:
        self.bought = self.sold = 0
        self.market = market
        self.owner = market.join(self)
        self.orders: dict[bool, Order] = {}

    def on_event(self, event: Event) -> None:
        if isinstance(event, Executed):
            if event.maker.buy:
                self.bought += event.shares
            else:
                self.sold += event.shares

    def on_system_event(self, code: str, now: int) -> None:
        pass

    def quote(self, symbol: str, now: int) -> None:
        for buy in (True, False):
            level = self.market.book(symbol).side(buy).best_displayed()
            assert level is not None
            order = self.orders.get(buy)
            if order is None or order.price != level.price or not order.shares:
                if order is not None:
                    self.market.cancel(order.ref, 0, now)
                ref = self.market.engine.next_reference()
                order = self.orders[buy] = Order(ref, symbol, buy, 100, level.price, self.owner, post_only=True)
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
