"""The strategies' arithmetic, and the desk they work through."""

from collections.abc import Callable
from typing import Any

import pytest

from hftapp.config_table import PARAMS
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.imbalance_taker import ImbalanceTaker
from hftapp.trader.strategy.market_maker import MarketMaker
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


def test_quotes_stand_half_a_spread_from_the_mid_on_the_grid() -> None:
    assert maker().prices(99_0000, 101_0000, 0) == (99_9000, 100_1000)
    assert maker().prices(99_0000, 101_0100, 0) == (99_9000, 100_1100)


@pytest.mark.parametrize(("inventory", "shift"), [(500, 400), (250, 200), (-500, -400), (5000, 400)])
def test_quotes_lean_against_the_inventory(inventory: int, shift: int) -> None:
    buy, sell = maker(skew_bps=4).prices(99_0000, 101_0000, inventory) or (0, 0)
    assert (buy, sell) == (99_9000 - shift, 100_1000 - shift)


def test_quotes_never_cross_the_market() -> None:
    buy, sell = maker(half_spread_bps=0, tick=100).prices(100_0000, 100_0100, 0) or (0, 0)
    assert buy < 100_0100
    assert sell > 100_0000


@pytest.mark.parametrize(("bid", "ask"), [(100_0000, 100_0000), (100_0100, 100_0000), (90_0000, 100_0000)])
def test_no_quote_in_a_locked_crossed_or_wide_market(bid: int, ask: int) -> None:
    assert maker().prices(bid, ask, 0) is None


@pytest.mark.parametrize(
    ("bid", "ask", "side"),
    [(800, 200, BUY), (799, 201, ""), (200, 800, SELL), (150, 30, ""), (160, 40, BUY), (0, 0, "")],
)
def test_the_imbalance_signal_at_its_boundaries(bid: int, ask: int, side: str) -> None:
    taker = ImbalanceTaker(None, {**DEFAULTS["imbalance_taker"], "ratio_pct": 80, "min_shares": 200})  # type: ignore[arg-type]
    assert taker.signal(bid, ask) == side


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


def test_own_orders_are_not_the_market(floor: Any) -> None:
    """The feed shows the trader its own quotes; the mid it quotes around does not move because of them."""
    floor.open_market()
    desk, instrument = floor.trader.desks[0], floor.trader.market.instrument("AAPL")
    own = {order.side: order for order in floor.trader.orders.open_orders()}
    for side, order in own.items():
        floor.exchange.add(order.reference, side, order.remaining, order.price)
    floor.run()
    assert instrument.book.best_bid()[:2] == (99_9000, 600)
    assert desk.best_without_own(instrument, BUY) == (99_9000, 500)
    sent = len(floor.exchange.received)
    floor.exchange.add(8, "B", 100, 99_0000)
    floor.run()
    assert len(floor.exchange.received) == sent


def test_an_own_order_alone_at_the_best_price_is_looked_through(floor: Any) -> None:
    floor.open_market()
    order = next(order for order in floor.trader.orders.open_orders() if order.side == BUY)
    instrument = floor.trader.market.instrument("AAPL")
    order.price = 99_9500
    floor.exchange.add(order.reference, BUY, 100, 99_9500)
    floor.trader.gateway.open = False
    floor.run()
    assert floor.trader.desks[0].best_without_own(instrument, BUY) == (99_9000, 500)


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


def test_a_star_takes_up_active_symbols_up_to_its_maximum(make_floor: Callable[[str], Any], base_toml: str) -> None:
    floor = make_floor(base_toml.replace('symbols = ["AAPL"]', 'symbols = ["*"]\nmax_symbols = 2'))
    floor.run(10)
    for number in range(12):
        for locate, symbol in enumerate(("AAA", "BBB", "CCC"), start=1):
            floor.exchange.add(1000 * locate + 2 * number, "B", 500, 99_9000, symbol, locate)
            floor.exchange.add(1000 * locate + 2 * number + 1, "S", 500, 100_1000, symbol, locate)
    floor.run()
    assert {order.symbol for order in floor.exchange.live.values()} == {"AAA", "BBB"}
