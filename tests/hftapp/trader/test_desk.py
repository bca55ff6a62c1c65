"""What the desk does for a strategy: quotes move, rest, come back; own orders are looked through; faults contained."""

from typing import Any

import pytest

from hftapp.histogram import export
from hftapp.trader import order as words
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.replies import Replies
from hftapp.trader.risk.checks import OPEN_ORDERS
from hftapp.trader.session import JournalOverflowError
from hftapp.trader.strategy import loading
from hftapp.trader.strategy.base import Strategy
from hftapp.units import Price, Shares
from protocols import itch50, ouch50
from protocols.management import Decision
from tests.hftapp.trader.rig import Rig, add, delete, executed, taken

MIN_MOVE = Price(100)


def rig(**settings: Any) -> Rig:
    """A desk whose strategy does nothing by itself: it cannot trade a spread of 2 dollars."""
    floor = Rig(max_spread_bps=1, **settings)
    floor.feed(add(1, "B", 500, 99_0000), add(2, "S", 500, 101_0000))
    return floor


def live(floor: Rig, side: int = BUY, shares: int = 100, price: int = 100_0000) -> int:
    """A quote that the exchange has accepted; returns its UserRefNum."""
    floor.desk.quote(floor.aapl, side, Shares(shares), Price(price), MIN_MOVE)
    floor.accept_all()
    return floor.orders.next_ref() - 1


def kinds(floor: Rig) -> str:
    return "".join(message.TYPE for message in floor.sent)


def test_a_quote_is_entered_then_left_alone_until_it_has_to_move() -> None:
    floor = rig()
    live(floor)
    for price in (100_0000, 100_0099, 99_9901):
        floor.desk.quote(floor.aapl, BUY, Shares(100), Price(price), MIN_MOVE)
    assert kinds(floor) == "O"
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0100), MIN_MOVE)
    assert kinds(floor) == "OU"
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(99_0000), MIN_MOVE)  # its answer is outstanding
    assert kinds(floor) == "OU"


def test_a_quote_of_which_less_than_half_is_left_is_replaced() -> None:
    floor = rig()
    ref = live(floor)
    floor.hear(executed(ref, 50, 100_0000, 1))
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0000), MIN_MOVE)
    assert kinds(floor) == "O"
    floor.hear(executed(ref, 1, 100_0000, 2))
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0000), MIN_MOVE)
    assert kinds(floor) == "OU"


def test_no_shares_mean_no_quote() -> None:
    floor = rig()
    floor.desk.quote(floor.aapl, BUY, Shares(0), Price(100_0000), MIN_MOVE)
    assert kinds(floor) == ""
    live(floor)
    floor.desk.quote(floor.aapl, BUY, Shares(0), Price(100_0000), MIN_MOVE)
    floor.desk.quote(floor.aapl, BUY, Shares(0), Price(100_0000), MIN_MOVE)
    assert kinds(floor) == "OX"


def test_both_sides_are_pulled_once() -> None:
    floor = rig()
    live(floor)
    live(floor, SELL, price=100_5000)
    floor.desk.pull(floor.aapl)
    floor.desk.pull(floor.aapl)
    assert kinds(floor) == "OOXX"


def test_a_refused_quote_rests_for_100_ms_and_the_timer_asks_the_strategy_again() -> None:
    floor = Rig(risk={"max_open_orders": 1})
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000))
    assert kinds(floor) == "O"  # the other side was refused
    floor.decide()
    for number in range(5):
        floor.feed(add(10 + number, "B", 1, 99_0000))
    assert [Decision.decode(entry.payload).code for entry in floor.ring.drain()] == [0, OPEN_ORDERS]
    floor.wait(100)
    assert [Decision.decode(entry.payload).code for entry in floor.ring.drain()] == [OPEN_ORDERS]


def test_a_rejected_quote_rests_for_a_second() -> None:
    floor = rig()
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0000), MIN_MOVE)
    floor.hear(ouch50.Rejected(timestamp=1, user_ref_num=1, reason=0x1D, cl_ord_id=""))
    order = floor.orders.order
    assert order is not None
    floor.desk.rejected(floor.aapl, order)
    for _ in range(9):
        floor.wait(100)
        floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0000), MIN_MOVE)
    assert kinds(floor) == "O"
    floor.wait(100)
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0000), MIN_MOVE)
    assert kinds(floor) == "OO"


def test_a_quote_that_is_refused_its_new_price_is_taken_off() -> None:
    floor = rig(risk={"price_collar_bps": 100})
    live(floor)
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(98_0000), MIN_MOVE)
    assert kinds(floor) == "OX"


def test_after_a_rejected_replace_the_old_order_is_the_quote_again() -> None:
    floor = rig()
    live(floor)
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_1000), MIN_MOVE)
    floor.hear(ouch50.Rejected(timestamp=1, user_ref_num=2, reason=0x15, cl_ord_id=""))
    floor.desk.pull(floor.aapl)
    assert floor.sent[-1] == ouch50.CancelOrder(user_ref_num=1, quantity=0)


def test_a_quote_is_not_forgotten_while_16_000_others_die() -> None:
    """The rejected replace is forgotten and becomes another order; the old order stays the quote."""
    floor = rig(risk={"max_orders_per_second": 100_000, "max_symbol_orders_per_second": 100_000})
    live(floor)
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_1000), MIN_MOVE)
    floor.hear(ouch50.Rejected(timestamp=1, user_ref_num=2, reason=0x15, cl_ord_id=""))
    floor.wait(100)
    other = floor.market.make("MSFT")
    assert other is not None
    for _ in range(200):
        order = floor.orders.enter(other, 0, SELL, Shares(1), Price(1))
        floor.hear(ouch50.Rejected(timestamp=1, user_ref_num=order.ref, reason=1, cl_ord_id=""))
    assert floor.orders.find(0, 2) is None
    floor.desk.pull(floor.aapl)
    assert floor.sent[-1] == ouch50.CancelOrder(user_ref_num=1, quantity=0)


def test_a_sale_that_would_become_short_is_cancelled_not_replaced() -> None:
    floor = rig(risk={"borrow": {"*": 1000}})
    floor.hear(executed(live(floor), 100, 100_0000, 1))
    live(floor, SELL, 100, 100_5000)
    assert floor.aapl.position == 100
    floor.desk.quote(floor.aapl, SELL, Shares(150), Price(100_6000), MIN_MOVE)
    assert kinds(floor) == "OOX"


def test_taking_is_immediate_or_cancel_and_rests_when_refused() -> None:
    floor = rig(risk={"max_order_shares": 200})
    assert floor.desk.take(floor.aapl, BUY, Shares(100), Price(101_0000))
    message = floor.sent[0]
    assert isinstance(message, ouch50.EnterOrder)
    assert (message.quantity, message.price, message.time_in_force) == (100, 101_0000, "3")
    floor.accept_all()
    floor.hear(executed(1, 100, 101_0000, 1))
    assert not floor.desk.take(floor.aapl, BUY, Shares(201), Price(101_0000))
    assert not floor.desk.take(floor.aapl, BUY, Shares(100), Price(101_0000))
    assert floor.desk.take(floor.aapl, SELL, Shares(100), Price(99_0000))
    floor.hear(executed(2, 100, 99_0000, 2))
    floor.wait(100)
    assert floor.desk.take(floor.aapl, BUY, Shares(100), Price(101_0000))


def test_taking_sweeps_the_venues_with_marked_orders() -> None:
    floor = rig(venues=2)
    floor.feed(add(7, "S", 60, 100_5000), add(8, "B", 10, 98_0000), venue=1, decide=False)
    floor.market.take_touched()
    assert floor.desk.take(floor.aapl, BUY, Shares(100), Price(101_0000))
    entered = [session.messages[0] for session in floor.sessions]
    assert [
        (m.quantity, m.price, m.inter_market_sweep_eligibility) for m in entered if isinstance(m, ouch50.EnterOrder)
    ] == [(40, 101_0000, "Y"), (60, 100_5000, "Y")]


def test_inventory_follows_the_fills_of_this_desk() -> None:
    floor = rig()
    ref = live(floor)
    floor.hear(executed(ref, 30, 100_0000, 1))
    order = floor.orders.order
    assert order is not None
    floor.desk.filled(floor.aapl, order, Shares(30), Price(100_0000))
    assert floor.desk.inventory(floor.aapl) == 30
    floor.desk.filled(floor.aapl, order, Shares(-30), Price(100_0000))
    assert floor.desk.inventory(floor.aapl) == 0


# Own orders are not the market.


def seen(floor: Rig, ref: int, venue: int = 0) -> None:
    """The feed shows an own order."""
    order = floor.orders.find(venue, ref)
    assert order is not None
    side = words.SIDE_NAMES[order.side]
    floor.feed(add(order.reference, side, order.remaining, order.price), venue=venue, decide=False)
    floor.market.take_touched()


def best(floor: Rig, side: int) -> tuple[int, int] | None:
    found = floor.desk.best_without_own(floor.aapl, side)
    assert found == (floor.desk.best_price != 0)
    return (floor.desk.best_price, floor.desk.best_shares) if found else None


def test_an_own_order_alone_at_the_best_price_is_looked_through() -> None:
    floor = rig()
    seen(floor, live(floor))
    assert (floor.aapl.bid, best(floor, BUY)) == (100_0000, (99_0000, 500))


def test_of_a_level_that_others_share_only_their_part_counts() -> None:
    floor = rig()
    ref = live(floor, price=99_0000)
    assert best(floor, BUY) == (99_0000, 500)  # accepted, but not on the feed yet
    seen(floor, ref)
    assert (floor.aapl.bid_shares, best(floor, BUY)) == (600, (99_0000, 500))


def test_a_side_of_own_orders_only_is_empty() -> None:
    floor = rig()
    seen(floor, live(floor, SELL, price=100_5000))
    floor.feed(delete(2), decide=False)
    floor.market.take_touched()
    assert (floor.aapl.ask, best(floor, SELL)) == (100_5000, None)


def test_an_empty_side_has_no_best() -> None:
    floor = Rig()
    assert best(floor, BUY) is None


def test_open_shares_are_those_of_this_strategy_and_side() -> None:
    floor = rig()
    ref = live(floor)
    live(floor, SELL, shares=300, price=100_5000)
    floor.gateway.enter(floor.aapl, 0, BUY, Shares(40), Price(98_0000), 0, words.DAY, 7, False)
    assert (floor.desk.open_shares(floor.aapl, BUY), floor.desk.open_shares(floor.aapl, SELL)) == (100, 300)
    floor.hear(executed(ref, 30, 100_0000, 1))
    assert floor.desk.open_shares(floor.aapl, BUY) == 70
    floor.desk.quote(floor.aapl, BUY, Shares(500), Price(100_2000), MIN_MOVE)
    assert floor.desk.open_shares(floor.aapl, BUY) == 500  # the replace, in flight, and not both


def test_a_venue_that_has_closed_is_not_looked_through_to() -> None:
    floor = rig(venues=2)
    floor.feed(add(7, "B", 70, 99_5000), venue=1, decide=False)
    floor.market.take_touched()
    seen(floor, live(floor))
    assert best(floor, BUY) == (99_5000, 70)
    end = itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=1, event_code="M")
    floor.feed(end, venue=1, decide=False)
    floor.market.take_touched()
    assert best(floor, BUY) == (99_0000, 500)


def test_the_best_of_all_venues_is_looked_through_to() -> None:
    floor = rig(venues=2)
    floor.feed(add(7, "B", 70, 99_0000), add(8, "B", 10, 98_0000), venue=1, decide=False)
    floor.market.take_touched()
    assert best(floor, BUY) == (99_0000, 570)
    seen(floor, live(floor))
    assert best(floor, BUY) == (99_0000, 570)
    floor.feed(delete(1), decide=False)
    floor.market.take_touched()
    assert best(floor, BUY) == (99_0000, 70)


# Which symbols a strategy follows.


def test_a_star_takes_up_active_two_sided_symbols_up_to_its_maximum() -> None:
    floor = Rig(symbols=("*",), max_symbols=2)
    names = ("AAA", "BBB", "CCC")
    for number in range(12):
        for locate, symbol in enumerate(names, start=1):
            floor.feed(
                add(1000 * locate + 2 * number, "B", 500, 99_9000, symbol, locate),
                add(1000 * locate + 2 * number + 1, "S", 500, 100_1000, symbol, locate),
            )
    assert [floor.desk.follows(instrument) for instrument in floor.market.instruments] == [True, True, False]
    assert {order.symbol for order in floor.orders.open_orders()} == {"AAA", "BBB"}


def test_a_star_takes_up_what_it_has_inherited_beyond_its_maximum() -> None:
    floor = Rig(symbols=("*",), max_symbols=0)
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000))
    assert not floor.desk.follows(floor.aapl)
    order = floor.orders.enter(floor.aapl, 0, BUY, Shares(10), Price(1))
    order.owner = words.ADOPTED
    floor.desk.filled(floor.aapl, order, Shares(10), Price(1))
    assert floor.desk.follows(floor.aapl)
    assert floor.desk.inherits("AAPL", named=True)


def test_named_symbols_are_followed_from_the_start_and_no_other() -> None:
    floor = Rig(symbols=("AAPL",))
    other = floor.market.make("MSFT")
    assert other is not None
    assert (floor.desk.follows(floor.aapl), floor.desk.follows(other)) == (True, False)
    assert (floor.desk.inherits("AAPL", named=True), floor.desk.inherits("MSFT", named=True)) == (True, False)


def test_there_is_no_end_to_the_instruments() -> None:
    floor = rig()
    far = Instrument("FAR", 70_000)
    assert (floor.desk.inventory(far), floor.desk.follows(far)) == (0, False)
    order = floor.orders.enter(far, 0, BUY, Shares(10), Price(1))
    floor.desk.filled(far, order, Shares(10), Price(1))
    assert floor.desk.inventory(far) == 10


# Faults.


class Faulty(Strategy):
    """Quotes a side, then fails in whatever the test says."""

    fault: str = "on_book"
    error: type[Exception] = ZeroDivisionError

    def fail(self, where: str) -> None:
        if where == self.fault:
            raise self.error("division by zero")

    def on_book(self, instrument: Instrument) -> None:
        self.context.quote(instrument, BUY, Shares(100), Price(100_0000), Price(1))
        self.fail("on_book")

    def on_trade(self, instrument: Instrument, price: int, shares: int) -> None:
        self.fail("on_trade")

    def on_fill(self, *_fill: Any) -> None:
        self.fail("on_fill")

    def on_timer(self, now: int) -> None:
        self.fail("on_timer")


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(loading, "KINDS", {**loading.KINDS, "faulty": Faulty})
    return Faulty


@pytest.mark.parametrize("where", ["on_book", "on_trade", "on_fill", "on_timer"])
def test_a_strategy_that_raises_is_disabled_and_its_orders_are_pulled(
    faulty: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(faulty, "fault", where)
    floor = Rig("faulty")
    floor.feed(add(1, "B", 500, 99_0000), add(2, "S", 500, 101_0000))
    floor.accept_all()
    floor.desk.trade(floor.aapl, Price(100_0000), Shares(1))
    floor.hear(executed(1, 10, 100_0000, 1))
    order = floor.orders.order
    assert order is not None
    floor.desk.filled(floor.aapl, order, Shares(10), Price(100_0000))
    floor.wait(100)
    assert not floor.desk.enabled
    assert kinds(floor) == "OX"
    (said,) = floor.said
    assert said.startswith("strategy 0 (faulty) is disabled, its orders are pulled: Traceback")
    assert "ZeroDivisionError: division by zero" in said
    floor.feed(add(3, "B", 500, 99_0000))
    assert (len(floor.sent), len(floor.said), floor.desk.inventory(floor.aapl)) == (2, 1, 10)


def test_what_cannot_be_cancelled_at_once_is_pulled_by_the_timer(faulty: Any) -> None:
    floor = Rig("faulty")
    floor.sessions[0].messages.clear()
    floor.feed(add(1, "B", 500, 99_0000), add(2, "S", 500, 101_0000), decide=False)
    floor.market.take_touched()
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_0000), Price(1))
    entered = floor.sent[0]
    assert isinstance(entered, ouch50.EnterOrder)
    floor.hear(taken(entered, 5001))
    floor.desk.quote(floor.aapl, BUY, Shares(100), Price(100_1000), Price(1))
    floor.sessions[0].full = True
    floor.desk.book(floor.aapl)
    assert (floor.desk.enabled, kinds(floor)) == (False, "OU")
    floor.sessions[0].full = False
    floor.wait(100)
    assert kinds(floor) == "OUX"


def test_what_ends_the_whole_trader_is_not_the_strategy_s_fault(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulty, "error", JournalOverflowError)
    floor = Rig("faulty")
    with pytest.raises(JournalOverflowError):
        floor.feed(add(1, "B", 500, 99_0000), add(2, "S", 500, 101_0000))
    assert floor.desk.enabled


def test_what_on_book_costs_is_counted() -> None:
    floor = rig()
    before = export(floor.desk.cost.words)["count"]
    floor.feed(add(3, "B", 1, 98_0000))
    assert (before, export(floor.desk.cost.words)["count"]) == (1, 2)
    assert floor.desk.runs == "Python"


# Mistakes of a strategy.


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda desk: desk.quote(None, BUY, 100, 100_0000, 1), "instrument"),
        (lambda desk: desk.take(None, BUY, 100, 100_0000), "instrument"),
        (lambda desk: desk.pull(None), "instrument"),
        (lambda desk: desk.inventory(None), "instrument"),
        (lambda desk: desk.open_shares(None, BUY), "instrument"),
        (lambda desk: desk.best_without_own(None, BUY), "instrument"),
        (lambda desk: desk.cancel(None), "order"),
    ],
)
def test_nothing_instead_of_an_instrument_or_order_is_a_type_error(call: Any, named: str) -> None:
    floor = rig()
    with pytest.raises(TypeError, match=f"argument {named} is None"):
        call(floor.desk)
    assert not floor.sent


@pytest.mark.parametrize("side", [-2, 0, 2])
def test_a_side_that_is_none_is_a_value_error(side: int) -> None:
    floor = rig()
    for call in (
        lambda: floor.desk.quote(floor.aapl, side, Shares(100), Price(100_0000), Price(1)),
        lambda: floor.desk.take(floor.aapl, side, Shares(100), Price(100_0000)),
        lambda: floor.desk.open_shares(floor.aapl, side),
        lambda: floor.desk.best_without_own(floor.aapl, side),
    ):
        with pytest.raises(ValueError, match=f"argument side is {side}: give BUY"):
            call()
    assert not floor.sent


def test_a_strategy_that_passes_nothing_is_disabled(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulty, "on_book", lambda self, _instrument: self.context.pull(None))
    floor = Rig("faulty")
    floor.feed(add(1, "B", 500, 99_0000), add(2, "S", 500, 101_0000))
    assert not floor.desk.enabled
    assert "TypeError: argument instrument is None" in floor.said[0]


def test_an_order_that_was_kept_until_it_became_another_strategy_s_is_not_cancelled() -> None:
    floor = rig()
    ref = live(floor)
    kept = floor.orders.find(0, ref)
    assert kept is not None
    floor.desk.cancel(kept)
    floor.hear(ouch50.OrderCanceled(timestamp=1, user_ref_num=ref, quantity=100, reason="U"))
    while True:
        other = floor.orders.enter(floor.aapl, 0, BUY, Shares(100), Price(99_0000), owner=7)
        if other is kept:
            break
        floor.hear(ouch50.Rejected(timestamp=1, user_ref_num=other.ref, reason=2, cl_ord_id=other.cl_ord_id))
    with pytest.raises(ValueError, match=f"order {kept.ref} is not this strategy's"):
        floor.desk.cancel(kept)
    assert kinds(floor) == "OX"


def test_a_rejected_cancel_is_asked_for_again_after_a_rest() -> None:
    floor = rig()
    ref = live(floor)
    order = floor.orders.find(0, ref)
    assert order is not None
    replies = Replies(floor.orders, floor.market, floor.risk)
    replies.desks = [floor.desk]
    replies.now = floor.clock.now()
    rejected = ouch50.CancelReject(timestamp=1, user_ref_num=ref).encode()
    for _ in range(20):
        floor.desk.pull(floor.aapl)
        floor.desk.quote(floor.aapl, BUY, Shares(0), Price(0), Price(1))
        replies.on_reply(0, rejected, 0, len(rejected))
    assert kinds(floor) == "OX"
    floor.clock.time += 1_000_000_000
    floor.desk.now = floor.clock.now()
    floor.desk.pull(floor.aapl)
    assert kinds(floor) == "OXX"


# Sweeps go as a whole.


def sweep(floor: Rig) -> list[list[tuple[int, int, str]]]:
    """Buy 700 up to 100.30 of 200 at 100.10 and 300 at 100.30 here, 200 at 100.20 there; what each venue is sent."""
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 200, 100_1000), add(3, "S", 300, 100_3000))
    floor.feed(add(11, "B", 500, 99_9000), add(12, "S", 200, 100_2000), venue=1)
    floor.desk.take(floor.aapl, BUY, Shares(700), Price(100_3000))
    return [
        [
            (message.quantity, message.price, message.inter_market_sweep_eligibility)
            for message in session.messages
            if isinstance(message, ouch50.EnterOrder)
        ]
        for session in floor.sessions
    ]


def two_venues(**limits: int) -> Rig:
    return Rig(max_spread_bps=1, venues=2, risk=limits)


def test_a_sweep_of_which_all_can_be_sent_is_sent() -> None:
    assert sweep(two_venues()) == [[(500, 100_3000, "Y")], [(200, 100_2000, "Y")]]


@pytest.mark.parametrize(
    "limits",
    [
        {"max_position_shares": 699},
        {"max_open_orders": 1},
        {"max_open_notional": 70_000},
        {"max_symbol_open_notional": 70_000},
        {"max_symbol_orders_per_second": 1},
    ],
)
def test_a_sweep_that_the_gate_would_let_pass_in_part_ends_at_the_price_it_cannot_reach(limits: dict[str, int]) -> None:
    floor = two_venues(**limits)
    assert sweep(floor) == [[(200, 100_1000, "N")], []]
    (order,) = floor.orders.open_orders()
    assert (floor.aapl.exposed_buy, floor.aapl.open_notional) == (200, 200 * 100_1000)
    assert (floor.orders.open_count, floor.orders.open_notional) == (1, order.remaining * order.price)


def test_a_sweep_ends_at_the_price_of_a_venue_that_takes_nothing() -> None:
    down, full = two_venues(), two_venues()
    down.sessions[1].ready = False
    full.sessions[1].full = True
    assert sweep(down) == sweep(full) == [[(200, 100_1000, "N")], []]


def test_a_sweep_whose_best_price_cannot_be_reached_is_not_sent() -> None:
    floor = two_venues()
    floor.sessions[0].ready = False
    assert sweep(floor) == [[], []]
