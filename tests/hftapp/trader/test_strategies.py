"""The strategies' arithmetic, and the desk they work through."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.config_table import PARAMS
from hftapp.trader.order import BUY, SELL, SIDE_NAMES
from hftapp.trader.strategy.imbalance_taker import ImbalanceTaker
from hftapp.trader.strategy.market_maker import MarketMaker
from hftapp.units import Price, Shares
from protocols import ouch50

DEFAULTS = {kind: {key.name: int(str(key.default)) for key in keys} for kind, keys in PARAMS.items()}
TAKER = """
[nic]
port = "memory"
address = ""
[management]
mac = ""
office = ""
[[strategy]]
kind = "imbalance_taker"
symbols = ["AAPL"]
params = { size = 100, ratio_pct = 80, min_shares = 200, cooldown_ms = 500, max_position = 150 }
"""


def maker(**changes: int) -> MarketMaker:
    return MarketMaker(None, {**DEFAULTS["market_maker"], "half_spread_bps": 10, **changes})  # type: ignore[arg-type]


def quotes(strategy: MarketMaker, bid: int, ask: int, inventory: int) -> tuple[int, int] | None:
    return (
        (strategy.buy_price, strategy.sell_price)
        if strategy.prices(Price(bid), Price(ask), Shares(inventory))
        else None
    )


def test_quotes_stand_half_a_spread_from_the_mid_on_the_grid() -> None:
    assert quotes(maker(), 99_0000, 101_0000, 0) == (99_9000, 100_1000)
    assert quotes(maker(), 99_0000, 101_0100, 0) == (99_9000, 100_1100)


@pytest.mark.parametrize(("inventory", "shift"), [(500, 400), (250, 200), (-500, -400), (5000, 400)])
def test_quotes_lean_against_the_inventory(inventory: int, shift: int) -> None:
    assert quotes(maker(skew_bps=4), 99_0000, 101_0000, inventory) == (99_9000 - shift, 100_1000 - shift)


def test_quotes_never_cross_the_market() -> None:
    found = quotes(maker(half_spread_bps=0, tick=100), 100_0000, 100_0100, 0)
    assert found is not None
    assert found[0] < 100_0100
    assert found[1] > 100_0000


@pytest.mark.parametrize(("bid", "ask"), [(100_0000, 100_0000), (100_0100, 100_0000), (90_0000, 100_0000)])
def test_no_quote_in_a_locked_crossed_or_wide_market(bid: int, ask: int) -> None:
    assert quotes(maker(), bid, ask, 0) is None


@given(
    st.integers(1, 2_000_000_000),
    st.integers(1, 10_000_000),
    st.integers(-(10**9), 10**9),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(1, 10**7),
    st.integers(1, 10**6),
)
def test_quotes_are_those_of_the_plain_formula_and_every_step_fits_64_bits(
    bid: int, spread: int, inventory: int, half_spread: int, skew: int, limit: int, tick: int
) -> None:
    """The arithmetic is cut up so that C can do it; here it is in one piece."""
    strategy = maker(half_spread_bps=half_spread, skew_bps=skew, max_inventory=limit, tick=tick, max_spread_bps=10_000)
    ask = bid + spread
    mid = (bid + ask) // 2
    held = max(-limit, min(limit, inventory))
    shift = mid * skew * held // (limit * 10_000)
    half = max(tick, mid * half_spread // 10_000)
    buy = (mid - shift - half) // tick * tick
    sell = -(-(mid - shift + half) // tick) * tick
    wanted = min(buy, (ask - 1) // tick * tick), max(sell, -(-(bid + 1) // tick) * tick)
    assert quotes(strategy, bid, ask, inventory) == (wanted if spread <= mid else None)
    assert mid * skew % (limit * 10_000) * abs(held) < 1 << 63


@pytest.mark.parametrize(
    ("bid", "ask", "side"),
    [(800, 200, BUY), (799, 201, 0), (200, 800, SELL), (150, 30, 0), (160, 40, BUY), (0, 0, 0)],
)
def test_the_imbalance_signal_at_its_boundaries(bid: int, ask: int, side: int) -> None:
    taker = ImbalanceTaker(None, {**DEFAULTS["imbalance_taker"], "ratio_pct": 80, "min_shares": 200})  # type: ignore[arg-type]
    assert taker.signal(Shares(bid), Shares(ask)) == side


def test_the_taker_takes_once_and_rests(make_floor: Callable[[str], Any]) -> None:
    floor = make_floor(TAKER)
    floor.run(10)
    floor.exchange.add(1, "B", 900, 99_9500)
    floor.exchange.add(2, "S", 60, 100_0000)
    floor.run()
    floor.exchange.add(3, "B", 10, 99_9400)
    floor.run()
    orders = [m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder)]
    assert [(m.side, m.quantity, m.price, m.time_in_force) for m in orders] == [("B", 60, 100_0000, "3")]
    floor.wait(600)
    floor.exchange.add(4, "B", 10, 99_9400)
    floor.run()
    assert len([m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder)]) == 2


def test_the_taker_stops_at_its_position(make_floor: Callable[[str], Any]) -> None:
    floor = make_floor(TAKER)
    floor.run(10)
    floor.exchange.add(1, "B", 900, 99_9500)
    floor.exchange.add(2, "S", 100, 100_0000)
    floor.run()
    floor.exchange.fill(1, 100, match=1)
    floor.wait(600)
    floor.exchange.add(3, "B", 10, 99_9400)
    floor.run()
    orders = [m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder)]
    assert [m.quantity for m in orders] == [100, 50]


def test_the_taker_counts_what_is_in_flight(make_floor: Callable[[str], Any]) -> None:
    """An exchange that is slow to answer gets no more orders than the position allows."""
    floor = make_floor(TAKER)
    floor.run(10)
    floor.exchange.add(1, "B", 900, 99_9500)
    floor.exchange.add(2, "S", 100, 100_0000)
    floor.run()
    for reference in range(3, 8):
        floor.wait(600)
        floor.exchange.add(reference, "B", 10, 99_9400)
        floor.run()
    orders = [m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder)]
    assert [m.quantity for m in orders] == [100, 50]


def test_own_orders_are_not_the_market(floor: Any) -> None:
    """The feed shows the trader its own quotes; the mid it quotes around does not move because of them."""
    floor.open_market()
    desk, instrument = floor.desks[0], floor.market.instrument("AAPL")
    for order in floor.orders.open_orders():
        floor.exchange.add(order.reference, SIDE_NAMES[order.side], order.remaining, order.price)
    floor.run()
    assert (instrument.bid, instrument.bid_shares) == (99_9000, 600)
    assert desk.best_without_own(instrument, BUY)
    assert (desk.best_price, desk.best_shares) == (99_9000, 500)
    sent = len(floor.exchange.received)
    floor.exchange.add(8, "B", 100, 99_0000)
    floor.run()
    assert len(floor.exchange.received) == sent


def test_a_rejected_quote_rests_before_it_is_tried_again(floor: Any) -> None:
    floor.run(10)
    floor.exchange.silent = True
    floor.exchange.add(1, "B", 500, 99_9000)
    floor.exchange.add(2, "S", 500, 100_1000)
    floor.run(3)
    for ref in (1, 2):
        floor.exchange.say(ouch50.Rejected(timestamp=1, user_ref_num=ref, reason=0x1D, cl_ord_id=""))
    floor.run()
    for number in range(5):
        floor.exchange.add(10 + number, "B", 1, 99_0000)
        floor.run(3)
    assert len([m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder)]) == 2
    floor.wait(1100)
    floor.exchange.add(20, "B", 1, 99_0000)
    floor.run(3)
    assert len([m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder)]) == 4
