"""The operations of the engine, rule by rule (docs/matching.md, rules 1 to 8 and 15 to 20)."""

from typing import Any

import pytest

from exchange.orders import FIRST_REFERENCE, Party
from exchange.sink import Reject
from tests.exchange.one_book import Venue
from tests.exchange.recorder import (
    Accepted,
    Auctioned,
    Cancelled,
    Executed,
    Modified,
    Rejected,
    Replaced,
    Restated,
    Rested,
    Shrunk,
)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def keeping() -> Venue:
    """A venue that keeps the priority of a replace that only takes shares off."""
    return Venue(keeps_priority=True)


class TestReferences:
    def test_they_stay_clear_of_those_in_files(self, venue: Venue) -> None:
        assert venue.engine.next_reference() == FIRST_REFERENCE == 2**32

    def test_those_of_a_file_are_left_out(self, venue: Venue) -> None:
        venue.engine.reserve_references(1 << 40)
        venue.engine.reserve_references(5)
        assert venue.engine.next_reference() == (1 << 40) + 1


class TestRefusal:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"shares": 0}, Reject.INVALID_QUANTITY),
            ({"shares": -1}, Reject.INVALID_QUANTITY),
            ({"shares": 1 << 32}, Reject.INVALID_QUANTITY),
            ({"limit": 0}, Reject.INVALID_PRICE),
            ({"limit": 2_000_000_001}, Reject.INVALID_PRICE),
            ({"min_quantity": 1}, Reject.INVALID_MIN_QUANTITY),
            ({"shares": 0, "limit": 0, "min_quantity": 1}, Reject.INVALID_QUANTITY),
            ({"limit": 0, "min_quantity": 1}, Reject.INVALID_PRICE),
        ],
    )
    def test_an_impossible_order_leaves_no_trace(self, venue: Venue, fields: dict[str, int], reason: Reject) -> None:
        bad = venue.buy(100, 10_000, **fields)
        assert venue.events == [Rejected(bad.ref, reason)]
        assert venue.cancel(bad) == 0
        assert not venue.modify(bad, 1)
        assert venue.events == []
        assert venue.book.view() == {"bids": [], "asks": []}

    @pytest.mark.parametrize("fields", [{"shares": (1 << 32) - 1}, {"limit": 2_000_000_000}, {"limit": 1}])
    def test_the_outermost_values_are_taken(self, venue: Venue, fields: dict[str, int]) -> None:
        order = venue.buy(100, 10_000, **fields)
        assert venue.events[0] == Accepted(order.ref, order.shares, order.limit)

    @pytest.mark.parametrize("fields", [{"displayed": False}, {"ioc": True}, {"midpoint": True}])
    def test_a_minimum_quantity_is_for_orders_that_nobody_sees_rest(
        self, venue: Venue, fields: dict[str, bool]
    ) -> None:
        venue.buy(100, 10_000, min_quantity=50, **fields)
        assert isinstance(venue.events[0], Accepted)

    def test_a_closed_engine_takes_cancels_only(self, venue: Venue) -> None:
        resting = venue.buy(100, 10_000)
        venue.engine.open = False
        late = venue.buy(100, 10_000)
        assert venue.events == [Rejected(late.ref, Reject.CLOSED)]
        again = venue.replace(resting, 50, 10_000)
        assert venue.events == [Rejected(again.ref, Reject.CLOSED)]
        assert venue.cancel(resting) == 100

    def test_closed_is_said_before_anything_else(self, venue: Venue) -> None:
        venue.engine.open = False
        venue.trading(halted=True)
        order = venue.buy(0, 0)
        assert venue.events == [Rejected(order.ref, Reject.CLOSED)]


class TestWorkingPrice:
    def test_bands_hold_a_buy_down_and_a_sell_up(self, venue: Venue) -> None:
        venue.band(9_000, 11_000)
        assert (venue.buy(1, 12_000).price, venue.buy(1, 8_000).price) == (11_000, 8_000)
        venue.band(9_000, 10_000)
        assert venue.sell(1, 8_000, displayed=False, post_only=True, ioc=True).price == 9_000

    def test_a_restricted_short_sale_goes_a_cent_above_the_bid(self, venue: Venue) -> None:
        venue.buy(100, 10_000)
        venue.book.short_restricted = True
        assert venue.sell(10, 9_000, short_sale=True).price == 10_100
        assert venue.sell(10, 10_050, short_sale=True).price == 10_050

    def test_below_a_dollar_it_goes_a_hundredth_of_a_cent_above_it(self, venue: Venue) -> None:
        venue.buy(100, 9_999)
        venue.book.short_restricted = True
        assert venue.sell(10, 9_999, short_sale=True).price == 10_000

    def test_other_sales_and_other_symbols_trade_with_the_bid(self, venue: Venue) -> None:
        venue.buy(100, 10_000)
        venue.sell(10, 10_000, short_sale=True)
        assert len(venue.trades()) == 1
        venue.book.short_restricted = True
        venue.sell(10, 10_000)
        assert len(venue.trades()) == 1

    @pytest.mark.parametrize(("bid", "price"), [(10_000, 10_001), (10_001, 10_101), (9_000, 9_001)])
    def test_a_minimum_that_is_not_met_rests_a_tick_behind_the_other_side(
        self, venue: Venue, bid: int, price: int
    ) -> None:
        venue.buy(10, bid)
        order = venue.sell(100, 8_000, displayed=False, min_quantity=50)
        assert venue.events == [
            Accepted(order.ref, 100, price),
            Rested(order.ref, order.ref, 0, 100, 100, price),
        ]

    def test_hidden_orders_count_as_the_other_side(self, venue: Venue) -> None:
        venue.sell(10, 10_001, displayed=False)
        assert venue.buy(100, 10_200, displayed=False, min_quantity=50).price == 9_901

    def test_what_is_behind_the_other_side_stays(self, venue: Venue) -> None:
        venue.sell(10, 10_001)
        assert venue.buy(100, 10_000, displayed=False, min_quantity=50).price == 10_000

    def test_an_order_priced_down_to_nothing_is_cancelled(self, venue: Venue) -> None:
        venue.sell(10, 1)
        order = venue.buy(100, 5, displayed=False, min_quantity=50)
        assert venue.events == [Accepted(order.ref, 100, 0), Cancelled(order.ref, 100, 0, "I", 0)]


class TestEntering:
    def test_what_is_left_of_a_limit_order_rests(self, venue: Venue) -> None:
        venue.sell(30, 10_000)
        order = venue.buy(100, 10_000)
        assert venue.events[-1] == Rested(order.ref, order.ref, 0, 70, 70, 10_000)

    def test_what_is_left_of_an_immediate_order_is_cancelled(self, venue: Venue) -> None:
        venue.sell(30, 10_000)
        order = venue.buy(100, 10_000, ioc=True)
        assert venue.events[-1] == Cancelled(order.ref, 70, 0, "I", 0)

    @pytest.mark.parametrize("displayed", [True, False])
    def test_post_only_never_takes(self, venue: Venue, displayed: bool) -> None:
        venue.sell(100, 10_000, displayed=displayed)
        taker = venue.buy(100, 10_000, post_only=True)
        assert venue.events == [Accepted(taker.ref, 100, 10_000), Cancelled(taker.ref, 100, 0, "G", 0)]
        below = venue.buy(100, 9_999, post_only=True)
        assert venue.events[-1] == Rested(below.ref, below.ref, 0, 100, 100, 9_999)

    def test_post_only_rests_where_the_other_side_passes_it_over(self, venue: Venue) -> None:
        venue.sell(300, 10_000, displayed=False, min_quantity=200)
        venue.buy(100, 10_000, post_only=True)
        assert isinstance(venue.events[-1], Rested)

    def test_the_time_of_an_order_is_that_of_its_entry(self, venue: Venue) -> None:
        order = venue.order(True, 100, 10_000)
        assert venue.engine.enter(order, 123)
        assert order.time == 123


def test_an_order_accepted_before_is_admitted_without_being_accepted_again(venue: Venue) -> None:
    maker = venue.sell(30, 10_000)
    waiting = venue.order(True, 100, 10_000)
    venue.engine.admit(waiting, 9)
    executed, rested = venue.recorder.take()
    assert isinstance(executed, Executed)
    assert (executed.maker, executed.shares) == (maker.ref, 30)
    assert rested == Rested(waiting.ref, waiting.ref, 0, 70, 70, 10_000)


class TestCancel:
    def test_a_partial_cancel_keeps_the_place(self, venue: Venue) -> None:
        first, second = venue.buy(100, 10_000), venue.buy(100, 10_000)
        assert venue.cancel(first, 40) == 60
        assert venue.events == [Cancelled(first.ref, 60, 60, "U", 40)]
        venue.sell(50, 10_000)
        assert venue.trades() == [(first.ref, 40, 10_000), (second.ref, 10, 10_000)]

    @pytest.mark.parametrize("keep", [100, 101])
    def test_nothing_to_take_off_gives_no_event(self, venue: Venue, keep: int) -> None:
        assert venue.cancel(venue.buy(100, 10_000), keep) == 0
        assert venue.events == []

    def test_the_reserve_goes_first(self, venue: Venue) -> None:
        order = venue.buy(300, 10_000, max_floor=100)
        venue.cancel(order, 120)
        assert venue.events == [Cancelled(order.ref, 180, 0, "U", 120)]
        venue.cancel(order, 70)
        assert venue.events == [Cancelled(order.ref, 50, 30, "U", 70)]
        venue.cancel(order)
        assert venue.events == [Cancelled(order.ref, 70, 70, "U", 0)]
        assert venue.book.bids.levels == []

    def test_hidden_shares_are_not_said_to_have_been_displayed(self, venue: Venue) -> None:
        order = venue.buy(100, 10_000, displayed=False)
        venue.cancel(order)
        assert venue.events == [Cancelled(order.ref, 100, 0, "U", 0)]

    def test_the_reason_is_the_callers(self, venue: Venue) -> None:
        order = venue.buy(100, 10_000)
        venue.engine.cancel(order, 0, 9, "Z")
        assert venue.recorder.take() == [Cancelled(order.ref, 100, 100, "Z", 0)]


class TestModify:
    def test_it_takes_shares_off_in_place_and_ignores_increases(self, venue: Venue) -> None:
        order = venue.buy(100, 10_000)
        assert venue.modify(order, 30)
        assert venue.events == [Modified(order.ref, 70, 70, 30)]
        assert venue.modify(order, 500)
        assert venue.events == [Modified(order.ref, 0, 0, 30)]
        assert venue.book.view()["bids"] == [[10_000, 30, 1]]

    def test_to_nothing_is_not_a_modify(self, venue: Venue) -> None:
        order = venue.buy(100, 10_000)
        assert not venue.modify(order, 0)
        assert order.open_shares() == 100

    def test_the_reserve_goes_first(self, venue: Venue) -> None:
        order = venue.buy(300, 10_000, max_floor=100)
        venue.modify(order, 60)
        assert venue.events == [Modified(order.ref, 240, 40, 60)]


def test_an_order_that_is_done_gives_no_event(venue: Venue) -> None:
    order = venue.buy(100, 10_000)
    venue.sell(100, 10_000)
    assert venue.cancel(order) == 0
    assert venue.events == []
    assert not venue.modify(order, 10)
    assert venue.events == []
    new = venue.replace(order, 50, 10_000)
    assert venue.events == []
    assert venue.cancel(new) == 0
    assert venue.events == []


class TestReplace:
    def test_it_goes_to_the_back_of_the_queue(self, venue: Venue) -> None:
        first, second = venue.buy(100, 10_000), venue.buy(100, 10_000)
        new = venue.replace(first, 100, 10_000)
        venue.sell(150, 10_000)
        assert venue.trades() == [(second.ref, 100, 10_000), (new.ref, 50, 10_000)]

    def test_one_that_rests_takes_over_the_entry_on_the_feed(self, venue: Venue) -> None:
        old = venue.buy(100, 10_000)
        new = venue.replace(old, 200, 10_100)
        assert venue.events == [
            Replaced(old.ref, new.ref, 200, 10_100, withdrawn=False),
            Rested(new.ref, new.ref, old.ref, 200, 200, 10_100),
        ]

    def test_so_does_the_displayed_part_of_a_reserve_order(self, venue: Venue) -> None:
        old = venue.buy(300, 10_000, max_floor=100)
        venue.sell(100, 10_000)
        restated = venue.events[-1]
        assert isinstance(restated, Restated)
        new = venue.replace(old, 200, 10_000, max_floor=50)
        assert venue.events[-1] == Rested(new.ref, new.ref, restated.shown_ref, 50, 200, 10_000)

    @pytest.mark.parametrize(
        "kind", [{"displayed": False}, {"ioc": True}, {"mpid": b"MMKA"}, {"midpoint": True}, {"limit": 10_500}]
    )
    def test_any_other_withdraws_the_old_entry(self, venue: Venue, kind: dict[str, Any]) -> None:
        venue.sell(1, 10_500)
        old = venue.buy(100, 10_000)
        venue.replace(old, 200, 10_100, **kind)
        assert isinstance(venue.events[0], Replaced)
        assert venue.events[0].withdrawn

    def test_the_feed_never_had_a_hidden_entry(self, venue: Venue) -> None:
        old = venue.buy(100, 10_000, displayed=False)
        new = venue.replace(old, 100, 10_000)
        assert venue.events == [
            Replaced(old.ref, new.ref, 100, 10_000, withdrawn=False),
            Rested(new.ref, new.ref, 0, 100, 100, 10_000),
        ]

    def test_executed_shares_follow_the_chain(self, venue: Venue) -> None:
        old = venue.buy(100, 10_000)
        venue.sell(40, 10_000)
        new = venue.replace(old, 60, 10_000)
        venue.sell(60, 10_000)
        assert (old.executed, new.executed) == (40, 100)

    def test_one_that_is_refused_leaves_the_old_order(self, venue: Venue) -> None:
        old = venue.buy(100, 10_000)
        bad = venue.replace(old, 0, 10_000)
        assert venue.events == [Rejected(bad.ref, Reject.INVALID_QUANTITY)]
        assert old.open_shares() == 100

    def test_the_old_order_does_not_hold_its_own_replace_up(self, venue: Venue) -> None:
        """A restricted short sale is priced by the bid, which the old order no longer is."""
        venue.buy(100, 9_000)
        old = venue.sell(100, 9_200, displayed=False)
        venue.book.short_restricted = True
        assert venue.replace(old, 100, 9_000, short_sale=True).price == 9_001


class TestKeepingPriority:
    def test_fewer_shares_keep_place_time_and_reference(self, keeping: Venue) -> None:
        first, second = keeping.buy(100, 10_000), keeping.buy(100, 10_000)
        new = keeping.replace(first, 60, 10_000)
        assert keeping.events == [
            Replaced(first.ref, new.ref, 60, 10_000, withdrawn=False),
            Shrunk(new.ref, first.ref, 40, 60),
        ]
        assert (new.time, new.shown_ref, first.open_shares()) == (first.time, first.ref, 0)
        keeping.sell(70, 10_000)
        assert keeping.trades() == [(new.ref, 60, 10_000), (second.ref, 10, 10_000)]

    def test_the_same_shares_show_nothing_on_the_feed(self, keeping: Venue) -> None:
        old = keeping.buy(100, 10_000)
        new = keeping.replace(old, 100, 10_000)
        assert keeping.events == [Replaced(old.ref, new.ref, 100, 10_000, withdrawn=False)]

    @pytest.mark.parametrize(
        "other",
        [
            {"shares": 101},
            {"limit": 9_999},
            {"displayed": False},
            {"mpid": b"MMKA"},
            {"max_floor": 10},
            {"ioc": True},
            {"midpoint": True},
        ],
    )
    def test_any_other_replace_loses_it(self, keeping: Venue, other: dict[str, Any]) -> None:
        old = keeping.buy(100, 10_000)
        new = keeping.replace(old, 100, 10_000, **other)
        assert new.shown_ref == new.ref
        assert new.time == keeping.now

    def test_without_it_every_replace_goes_to_the_back(self, venue: Venue) -> None:
        new = venue.replace(venue.buy(100, 10_000), 60, 10_000)
        assert (new.shown_ref, new.time) == (new.ref, venue.now)

    def test_the_working_price_is_kept_too(self, keeping: Venue) -> None:
        keeping.band(0, 9_500)
        old = keeping.buy(100, 10_000)
        keeping.band(0, 9_800)
        assert keeping.replace(old, 50, 10_000).price == 9_500


class TestMidpoint:
    def test_it_works_halfway_and_is_not_shown(self, venue: Venue) -> None:
        venue.buy(100, 10_000)
        venue.sell(100, 10_101)
        buy = venue.buy(50, 10_500, midpoint=True)
        assert venue.events == [Accepted(buy.ref, 50, 10_050)]
        assert venue.book.view() == {"bids": [[10_000, 100, 1]], "asks": [[10_101, 100, 1]]}
        sell = venue.sell(20, 10_000, midpoint=True)
        assert sell.price == 10_051
        assert venue.trades() == []

    def test_two_meet_in_the_middle(self, venue: Venue) -> None:
        venue.buy(100, 10_000)
        venue.sell(100, 10_100)
        buy = venue.buy(50, 10_500, midpoint=True)
        venue.sell(20, 10_000, midpoint=True)
        assert venue.trades() == [(buy.ref, 20, 10_050)]

    def test_it_never_goes_beyond_its_limit(self, venue: Venue) -> None:
        venue.buy(100, 10_000)
        venue.sell(100, 10_100)
        assert venue.buy(50, 10_020, midpoint=True).price == 10_020

    def test_without_a_midpoint_it_waits_outside_the_book(self, venue: Venue) -> None:
        order = venue.buy(50, 10_500, midpoint=True)
        assert (order.price, order.level, order.open_shares()) == (0, None, 50)
        assert venue.cancel(order, 20) == 30
        assert venue.events == [Cancelled(order.ref, 30, 0, "U", 20)]
        assert venue.cancel(order) == 20
        assert venue.book.pegs == {}

    def test_an_immediate_one_is_cancelled_then(self, venue: Venue) -> None:
        order = venue.buy(50, 10_500, midpoint=True, ioc=True)
        assert venue.events[-1] == Cancelled(order.ref, 50, 0, "I", 0)

    def test_it_moves_with_the_touch_and_may_trade_there(self, venue: Venue) -> None:
        venue.buy(100, 10_000)
        venue.sell(100, 10_200)
        peg = venue.buy(50, 10_500, midpoint=True)
        hidden = venue.sell(30, 10_120, displayed=False)
        venue.buy(10, 10_060)
        assert venue.trades() == [(hidden.ref, 30, 10_120)]
        assert (peg.price, peg.open_shares()) == (10_130, 20)

    def test_several_move_in_the_order_of_their_entry(self, venue: Venue) -> None:
        first = venue.buy(50, 10_500, midpoint=True)
        second = venue.buy(50, 10_500, midpoint=True)
        venue.buy(100, 10_000)
        venue.sell(100, 10_100)
        venue.sell(80, 10_000, midpoint=True)
        assert venue.trades() == [(first.ref, 50, 10_050), (second.ref, 30, 10_050)]

    def test_the_first_one_is_not_placed_twice(self, venue: Venue) -> None:
        """What is left of it could not collect its minimum again, and would be put behind the order that it passed."""
        venue.buy(100, 10_000)
        venue.sell(100, 10_100)
        venue.sell(200, 10_050, displayed=False)
        venue.sell(500, 10_050, displayed=False, min_quantity=400)
        peg = venue.buy(250, 10_100, midpoint=True, min_quantity=100)
        assert (peg.executed, peg.open_shares(), peg.price) == (200, 50, 10_050)

    def test_it_is_parked_when_the_touch_goes(self, venue: Venue) -> None:
        bid = venue.buy(100, 10_000)
        venue.sell(100, 10_100)
        peg = venue.buy(50, 10_500, midpoint=True)
        venue.cancel(bid)
        assert (peg.price, peg.level) == (0, None)

    @pytest.mark.parametrize("state", ["halted", "quoting"])
    def test_it_is_parked_while_the_book_does_not_trade(self, venue: Venue, state: str) -> None:
        venue.buy(100, 10_000)
        venue.sell(100, 10_100)
        peg = venue.buy(50, 10_500, midpoint=True)
        venue.trading(**{state: True})
        assert peg.price == 0
        venue.trading()
        assert peg.price == 10_050


class TestBands:
    def test_what_could_trade_outside_is_cancelled_the_best_first(self, venue: Venue) -> None:
        hidden = venue.buy(10, 10_300, displayed=False)
        shown = venue.buy(300, 10_300, max_floor=100)
        best = venue.buy(20, 10_400)
        venue.buy(30, 10_200)
        venue.band(0, 10_200)
        assert venue.events == [
            Cancelled(best.ref, 20, 20, "D", 0),
            Cancelled(shown.ref, 300, 100, "D", 0),
            Cancelled(hidden.ref, 10, 0, "D", 0),
        ]
        assert venue.book.view()["bids"] == [[10_200, 30, 1]]

    def test_sells_below_the_lower_band_too(self, venue: Venue) -> None:
        low = venue.sell(10, 10_000)
        venue.sell(10, 10_100)
        venue.band(10_100, 0)
        assert venue.events == [Cancelled(low.ref, 10, 10, "D", 0)]


class TestTradingState:
    def test_a_halted_book_takes_cancels_and_modifies_only(self, venue: Venue) -> None:
        resting = venue.buy(100, 10_000)
        venue.trading(halted=True)
        late = venue.sell(10, 10_000)
        assert venue.events == [Rejected(late.ref, Reject.HALTED)]
        new = venue.replace(resting, 10, 10_000)
        assert venue.events == [Rejected(new.ref, Reject.HALTED)]
        assert venue.modify(resting, 50)
        assert venue.cancel(resting) == 50

    def test_quoting_orders_rest_without_matching(self, venue: Venue) -> None:
        venue.trading(quoting=True)
        venue.buy(100, 10_100)
        sell = venue.sell(100, 10_000, post_only=True)
        assert venue.events[-1] == Rested(sell.ref, sell.ref, 0, 100, 100, 10_000)
        assert venue.book.view() == {"bids": [[10_100, 100, 1]], "asks": [[10_000, 100, 1]]}

    def test_a_quoting_book_refuses_immediate_orders(self, venue: Venue) -> None:
        venue.trading(quoting=True)
        order = venue.buy(100, 10_100, ioc=True)
        assert venue.events == [Rejected(order.ref, Reject.HALTED)]

    def test_a_minimum_quantity_moves_nothing_there(self, venue: Venue) -> None:
        venue.trading(quoting=True)
        venue.buy(10, 10_000)
        assert venue.sell(100, 9_000, displayed=False, min_quantity=50).price == 9_000

    def test_replaces_always_take_over_there(self, venue: Venue) -> None:
        venue.trading(quoting=True)
        venue.sell(100, 10_000)
        old = venue.buy(100, 9_900)
        new = venue.replace(old, 100, 10_100)
        assert venue.events[-1] == Rested(new.ref, new.ref, old.ref, 100, 100, 10_100)


class TestFillInACross:
    def test_it_takes_the_displayed_shares_first_and_shows_the_rest_anew(self, venue: Venue) -> None:
        order = venue.buy(300, 10_000, max_floor=100)
        venue.engine.fill(order, 120, 9_990, 77, ord("O"))
        venue.engine.refresh()
        assert venue.recorder.take() == [
            Auctioned(order.ref, 120, 100, 9_990, 77, ord("O"), 180),
            Restated(order.ref, order.ref + 1, 100, 180, 10_000),
        ]
        assert order.executed == 120

    def test_an_order_outside_the_book_can_be_filled(self, venue: Venue) -> None:
        order = venue.order(True, 100, 10_000)
        venue.engine.fill(order, 40, 9_990, 77, ord("O"))
        assert venue.recorder.take() == [Auctioned(order.ref, 40, 0, 9_990, 77, ord("O"), 60)]

    def test_more_than_it_has_is_a_mistake_of_the_callers(self, venue: Venue) -> None:
        with pytest.raises(AssertionError, match="has no 101 shares"):
            venue.engine.fill(venue.buy(100, 10_000), 101, 9_990, 77, ord("O"))


def test_symbols_do_not_meet(venue: Venue) -> None:
    other = venue.engine.add_symbol("MSFT", 2)
    venue.sell(100, 10_000)
    venue.buy(100, 10_000, book=other)
    assert venue.trades() == []
    assert sorted(venue.engine.books) == ["AAPL", "MSFT"]


def test_a_party_is_not_needed_to_trade(venue: Venue) -> None:
    maker = venue.sell(100, 10_000, party=Party(1), aiq=ord("1"))
    venue.buy(100, 10_000, aiq=ord("1"))
    assert venue.trades() == [(maker.ref, 100, 10_000)]
