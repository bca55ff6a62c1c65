"""Every check of the risk gate at its boundary: the limit passes, one more is refused, and why is said."""

from dataclasses import replace

import pytest

from hftapp.config import Risk
from hftapp.trader.market import Instrument
from hftapp.trader.order import BUY, SELL, Order, State
from hftapp.trader.orders import Orders
from hftapp.trader.risk import CHECKS, SECOND, Intent, Refusal, RiskGate
from protocols.order_book import Book

LIMITS = Risk(
    max_order_shares=1000,
    price_collar_bps=100,
    max_position_shares=2000,
    max_order_notional=200_000,
    max_open_notional=500_000,
    max_open_orders=5,
    max_orders_per_second=10,
)
PRICE = 100_0000


def instrument(bid: int = PRICE - 100, ask: int = PRICE + 100) -> Instrument:
    book = Book(1)
    book.add(1, "B", 100, bid)
    book.add(2, "S", 100, ask)
    return Instrument("AAPL", 1, book)


def gate(**changes: int) -> RiskGate:
    return RiskGate(replace(LIMITS, **changes), Orders())


def intent(side: str = BUY, shares: int = 100, price: int = PRICE, now: int = 0, old: Order | None = None) -> Intent:
    return Intent(instrument(), side, shares, price, old, now)


def opened(risk: RiskGate, side: str = BUY, shares: int = 100, price: int = PRICE, symbol: str = "AAPL") -> Order:
    order, _ = risk._orders.enter(symbol, side, shares, price)
    order.state = State.LIVE
    return order


def test_an_ordinary_order_passes() -> None:
    assert gate().check(intent()) is None


@pytest.mark.parametrize(
    ("wanted", "name", "value", "limit"),
    [
        (intent(shares=1001), "size", 1001, 1000),
        (intent(shares=0), "size", 0, 1000),
        (intent(price=PRICE + 1_0001), "price_collar", 101, 100),
        (intent(price=PRICE - 1_0001), "price_collar", 101, 100),
        (intent(price=0), "price_collar", 0, 100),
    ],
)
def test_one_beyond_the_limit_is_refused(wanted: Intent, name: str, value: int, limit: int) -> None:
    assert gate().check(wanted) == Refusal(name, "AAPL", value, limit)


@pytest.mark.parametrize("wanted", [intent(shares=1000), intent(price=PRICE + 1_0000), intent(price=PRICE - 1_0000)])
def test_the_limit_itself_passes(wanted: Intent) -> None:
    assert gate().check(wanted) is None


def test_the_collar_is_around_the_last_price_when_a_side_is_empty() -> None:
    empty = Instrument("AAPL", 1, Book(1))
    wanted = Intent(empty, BUY, 100, PRICE, None, 0)
    assert gate().check(wanted) == Refusal("price_collar", "AAPL", PRICE, 100)
    empty.last = PRICE
    assert gate().check(wanted) is None


def test_order_notional() -> None:
    risk = gate(max_order_notional=10_000)
    assert risk.check(intent(shares=100)) is None
    assert risk.check(intent(shares=100, price=PRICE + 100)) == Refusal("order_notional", "AAPL", 10_001, 10_000)


@pytest.mark.parametrize(("side", "sign"), [(BUY, 1), (SELL, -1)])
def test_position_with_everything_open_filled(side: str, sign: int) -> None:
    risk = gate()
    risk._orders.positions["AAPL"] = sign * 1500
    opened(risk, side, 400)
    assert risk.check(intent(side, 100)) is None
    assert risk.check(intent(side, 101)) == Refusal("position", "AAPL", 2001, 2000)


def test_position_of_the_other_sign_leaves_room() -> None:
    risk = gate()
    risk._orders.positions["AAPL"] = -1500
    assert risk.check(intent(BUY, 1000)) is None


def test_a_replace_counts_only_what_it_adds_to_the_position() -> None:
    risk = gate()
    risk._orders.positions["AAPL"] = 1500
    old = opened(risk, BUY, 400)
    assert risk.check(intent(BUY, 500, old=old)) is None
    assert risk.check(intent(BUY, 501, old=old)) == Refusal("position", "AAPL", 2001, 2000)


def test_open_notional_over_all_symbols() -> None:
    risk = gate(max_open_notional=30_000)
    opened(risk, shares=200, symbol="MSFT")
    assert risk.check(intent(shares=100)) is None
    assert risk.check(intent(shares=101)) == Refusal("open_notional", "AAPL", 30_100, 30_000)


def test_open_orders_over_all_symbols() -> None:
    risk = gate()
    for number in range(3):
        opened(risk, shares=1, symbol=f"S{number}")
    old = opened(risk, shares=1)
    assert risk.check(intent()) is None
    opened(risk, shares=1, symbol="S5")
    assert risk.check(intent()) == Refusal("open_orders", "AAPL", 6, 5)
    assert risk.check(intent(old=old)) is None


@pytest.mark.parametrize(
    ("resting", "at", "side", "price", "refused"),
    [
        (SELL, PRICE, BUY, PRICE, True),
        (SELL, PRICE, BUY, PRICE - 1, False),
        (BUY, PRICE, SELL, PRICE, True),
        (BUY, PRICE, SELL, PRICE + 1, False),
    ],
)
def test_an_order_never_meets_an_own_one(resting: str, at: int, side: str, price: int, refused: bool) -> None:
    risk = gate()
    opened(risk, resting, price=at)
    found = risk.check(intent(side, price=price))
    assert found == (Refusal("self_cross", "AAPL", price, at) if refused else None)


def test_rate_in_any_second() -> None:
    risk = gate()
    for number in range(10):
        assert risk.check(intent(now=number)) is None
    assert risk.check(intent(now=SECOND - 1)) == Refusal("rate", "AAPL", 11, 10)
    assert risk.check(intent(now=SECOND)) is None
    assert risk.check(intent(now=SECOND)) == Refusal("rate", "AAPL", 11, 10)


def test_refused_orders_do_not_count_against_the_rate() -> None:
    risk = gate()
    for _ in range(50):
        risk.check(intent(shares=0))
    assert risk.check(intent()) is None
    assert risk.refused == {"size": 50}


def test_kill_switch_stale_books_and_halts_come_first() -> None:
    risk = gate()
    halted = intent()
    halted.instrument.halted = True
    assert risk.check(halted) == Refusal("halted", "AAPL", 1, 0)
    risk.stale = True
    assert risk.check(halted) == Refusal("stale_book", "AAPL", 1, 0)
    risk.killed = True
    assert risk.check(halted) == Refusal("kill_switch", "AAPL", 1, 0)
    assert [name for name, _ in CHECKS][:4] == ["kill_switch", "stale_book", "open_gap", "halted"]


def test_nothing_new_passes_while_the_books_are_behind_the_feed() -> None:
    behind = True
    risk = RiskGate(LIMITS, Orders(), lambda: behind)
    assert risk.check(intent()) == Refusal("open_gap", "AAPL", 1, 0)
    behind = False
    assert risk.check(intent()) is None
