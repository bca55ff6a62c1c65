"""Rules 9 to 13 of docs/matching.md: who trades with an incoming order, and how reserve orders come back."""

import pytest

from exchange.orders import Party
from tests.exchange.one_book import Venue
from tests.exchange.recorder import Accepted, Cancelled, Executed, Prevented, Restated, Rested


@pytest.fixture
def venue() -> Venue:
    return Venue()


def test_the_better_price_trades_first_at_its_own_price(venue: Venue) -> None:
    worse, better = venue.sell(100, 10_100), venue.sell(100, 10_000)
    venue.buy(150, 10_200)
    assert venue.trades() == [(better.ref, 100, 10_000), (worse.ref, 50, 10_100)]


def test_at_one_price_the_earlier_order_trades_first(venue: Venue) -> None:
    first, second = venue.buy(100, 10_000), venue.buy(100, 10_000)
    venue.sell(101, 10_000)
    assert venue.trades() == [(first.ref, 100, 10_000), (second.ref, 1, 10_000)]


def test_at_one_price_displayed_orders_trade_before_hidden_ones(venue: Venue) -> None:
    hidden, shown = venue.sell(100, 10_000, displayed=False), venue.sell(100, 10_000)
    venue.buy(150, 10_000)
    assert venue.trades() == [(shown.ref, 100, 10_000), (hidden.ref, 50, 10_000)]


def test_a_better_hidden_price_trades_before_a_worse_displayed_one(venue: Venue) -> None:
    venue.sell(100, 10_100)
    hidden = venue.sell(100, 10_000, displayed=False)
    venue.buy(100, 10_100)
    assert venue.trades() == [(hidden.ref, 100, 10_000)]


def test_nobody_trades_beyond_his_limit(venue: Venue) -> None:
    venue.sell(100, 10_001)
    venue.buy(100, 10_000)
    assert venue.trades() == []
    assert venue.book.view() == {"bids": [[10_000, 100, 1]], "asks": [[10_001, 100, 1]]}


def test_a_trade_tells_what_is_left_of_both(venue: Venue) -> None:
    maker = venue.sell(100, 10_000)
    taker = venue.buy(30, 10_000)
    trade = Executed(maker.ref, maker.ref, False, taker.ref, 30, 10_000, Venue.R, 70, 70, 0, 30, 30)
    assert venue.events[1:] == [trade]


def test_match_numbers_count_up_from_the_first_reference(venue: Venue) -> None:
    for _ in range(3):
        venue.sell(10, 10_000)
    venue.buy(30, 10_000)
    assert [event.match for event in venue.events if isinstance(event, Executed)] == [2**32, 2**32 + 1, 2**32 + 2]


class TestMinimumQuantity:
    def test_a_smaller_taker_passes_the_order_over(self, venue: Venue) -> None:
        venue.sell(300, 10_000, displayed=False, min_quantity=200)
        behind = venue.sell(100, 10_000, displayed=False)
        venue.buy(150, 10_000, ioc=True)
        assert venue.trades() == [(behind.ref, 100, 10_000)]

    def test_a_taker_of_that_size_trades_with_it(self, venue: Venue) -> None:
        maker = venue.sell(300, 10_000, displayed=False, min_quantity=200)
        venue.buy(200, 10_000)
        assert venue.trades() == [(maker.ref, 200, 10_000)]

    def test_so_does_a_taker_that_takes_all_that_is_left_of_it(self, venue: Venue) -> None:
        maker = venue.sell(300, 10_000, displayed=False, min_quantity=200)
        venue.buy(200, 10_000)
        venue.buy(100, 10_000)
        assert venue.trades() == [(maker.ref, 100, 10_000)]

    def test_an_incoming_order_may_collect_it_from_several(self, venue: Venue) -> None:
        one, other = venue.sell(100, 10_000), venue.sell(100, 10_100)
        venue.buy(200, 10_100, ioc=True, min_quantity=200)
        assert venue.trades() == [(one.ref, 100, 10_000), (other.ref, 100, 10_100)]

    def test_an_incoming_order_that_cannot_collect_it_trades_nothing(self, venue: Venue) -> None:
        venue.sell(199, 10_000)
        taker = venue.buy(300, 10_000, ioc=True, min_quantity=200)
        assert venue.events[1:] == [Cancelled(taker.ref, 300, 0, "I", 0)]

    def test_what_is_passed_over_counts_nothing_towards_it(self, venue: Venue) -> None:
        venue.sell(100, 10_000)
        venue.sell(500, 10_000, displayed=False, min_quantity=250)
        venue.buy(300, 10_000, ioc=True, min_quantity=200)
        assert venue.trades() == []


class TestReserve:
    def test_it_shows_its_floor_and_hides_the_rest(self, venue: Venue) -> None:
        order = venue.sell(250, 10_000, max_floor=100)
        assert venue.events[1:] == [Rested(order.ref, order.ref, 0, 100, 250, 10_000)]
        assert venue.book.view()["asks"] == [[10_000, 100, 1]]
        assert order.open_shares() == 250

    def test_it_hides_nothing_when_the_floor_is_all_of_it(self, venue: Venue) -> None:
        order = venue.sell(100, 10_000, max_floor=100)
        assert order.reserve is None

    def test_a_used_up_display_comes_back_behind_the_others_under_a_new_reference(self, venue: Venue) -> None:
        order, other = venue.sell(250, 10_000, max_floor=100), venue.sell(50, 10_000)
        taker = venue.buy(100, 10_000)
        assert venue.events[-1] == Restated(order.ref, taker.ref + 1, 100, 150, 10_000)
        venue.buy(60, 10_000)
        assert venue.trades() == [(other.ref, 50, 10_000), (order.ref, 10, 10_000)]

    def test_a_display_used_in_part_does_not(self, venue: Venue) -> None:
        order = venue.sell(250, 10_000, max_floor=100)
        venue.buy(99, 10_000)
        assert isinstance(venue.events[-1], Executed)
        assert (order.shares, order.open_shares()) == (1, 151)

    def test_the_reserve_trades_behind_what_is_displayed_and_in_time_with_what_is_hidden(self, venue: Venue) -> None:
        hidden = venue.sell(40, 10_000, displayed=False)
        order = venue.sell(250, 10_000, max_floor=100)
        later = venue.sell(30, 10_000)
        venue.buy(300, 10_000)
        assert venue.trades() == [
            (order.ref, 100, 10_000),
            (later.ref, 30, 10_000),
            (hidden.ref, 40, 10_000),
            (order.ref, 130, 10_000),
        ]
        assert isinstance(venue.events[-1], Restated)
        assert venue.book.view()["asks"] == [[10_000, 20, 1]]

    def test_several_come_back_in_the_order_in_which_they_were_used_up(self, venue: Venue) -> None:
        first, second = venue.sell(200, 10_000, max_floor=50), venue.sell(200, 10_000, max_floor=60)
        venue.buy(110, 10_000)
        assert [event.ref for event in venue.events if isinstance(event, Restated)] == [first.ref, second.ref]

    def test_it_comes_back_although_self_match_prevention_stopped_the_taker(self, venue: Venue) -> None:
        order = venue.sell(250, 10_000, max_floor=100)
        venue.sell(50, 10_000, party=Party(1), aiq=ord("W"))
        venue.buy(150, 10_000, party=Party(1))
        assert [type(event) for event in venue.events] == [Accepted, Executed, Prevented, Restated]
        assert (order.shares, order.open_shares()) == (100, 150)

    def test_it_is_done_when_nothing_is_in_reserve(self, venue: Venue) -> None:
        order = venue.sell(250, 10_000, max_floor=100)
        venue.buy(250, 10_000)
        assert not any(isinstance(event, Restated) for event in venue.events)
        assert order.open_shares() == 0
        assert venue.book.asks.levels == []


class TestDisplaySize:
    def test_without_a_random_part_it_is_the_floor(self, venue: Venue) -> None:
        order = venue.order(True, 5_000, 10_000, max_floor=130, random_floor=99)
        assert {venue.engine.display_size(order) for _ in range(100)} == {130}

    def test_it_varies_by_round_lots_up_to_the_random_floor(self, venue: Venue) -> None:
        order = venue.order(True, 5_000, 10_000, max_floor=500, random_floor=200)
        assert {venue.engine.display_size(order) for _ in range(200)} == {300, 400, 500, 600, 700}

    def test_it_is_never_below_a_round_lot(self, venue: Venue) -> None:
        order = venue.order(True, 5_000, 10_000, max_floor=100, random_floor=300)
        assert {venue.engine.display_size(order) for _ in range(200)} == {100, 200, 300, 400}

    def test_the_seed_decides(self) -> None:
        def sizes(seed: int) -> list[int]:
            venue = Venue(seed=seed)
            order = venue.order(True, 5_000, 10_000, max_floor=500, random_floor=400)
            return [venue.engine.display_size(order) for _ in range(20)]

        assert sizes(3) == sizes(3)
        assert sizes(3) != sizes(5)

    def test_every_refresh_draws_anew(self, venue: Venue) -> None:
        order = venue.sell(100_000, 10_000, max_floor=500, random_floor=200)
        shown = {order.shares}
        for _ in range(100):
            venue.buy(order.shares, 10_000)
            shown.add(order.shares)
        assert shown == {300, 400, 500, 600, 700}
