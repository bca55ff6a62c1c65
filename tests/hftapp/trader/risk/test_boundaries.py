"""Every check of the risk gate at its boundary: just inside and at the limit an order passes, just outside it does not.

`docs/risk.md` names these tests, one for each check, in the order of the table.
"""

import pytest

from hftapp.units import Notional, Price, Shares
from tests.hftapp.trader.risk.floor import (
    BUY,
    CENT,
    DOLLAR,
    MICROSECOND,
    PRICE,
    SECOND,
    SELL,
    Floor,
    instrument,
    resting,
)

PASSED = "passed"
where = pytest.mark.parametrize("place", ["inside", "at", "outside"])


def refused(place: str, name: str) -> str:
    """What the gate is to say at a place of the boundary."""
    return name if place == "outside" else PASSED


@pytest.mark.parametrize(
    ("killed", "side", "answer"),
    [(False, BUY, PASSED), (True, BUY, "kill_switch"), (True, SELL, "kill_switch")],
    ids=["not pulled", "pulled", "pulled, the other side"],
)
def test_kill_switch(killed: bool, side: int, answer: str) -> None:
    floor = Floor()
    assert floor.ask(side) == PASSED
    floor.gate.killed = killed
    assert floor.ask(side) == answer


@pytest.mark.parametrize(
    ("stale", "again", "answer"),
    [(False, False, PASSED), (True, True, "stale_book"), (True, False, PASSED)],
    ids=["trusted", "stale", "trusted again"],
)
def test_stale_book(stale: bool, again: bool, answer: str) -> None:
    floor = Floor()
    floor.gate.stale = stale
    assert floor.ask() == ("stale_book" if stale else PASSED)
    floor.gate.stale = again
    assert floor.ask() == answer


@pytest.mark.parametrize(
    ("gap", "again", "answer"),
    [(False, False, PASSED), (True, True, "open_gap"), (True, False, PASSED)],
    ids=["in sequence", "gap", "gap closed"],
)
def test_open_gap(gap: bool, again: bool, answer: str) -> None:
    floor = Floor()
    floor.gate.gap_open = gap
    assert floor.ask() == ("open_gap" if gap else PASSED)
    floor.gate.gap_open = again
    assert floor.ask() == answer


@pytest.mark.parametrize(
    ("halted", "answer"),
    [((), PASSED), (("MSFT",), PASSED), (("MSFT", "AAPL"), "halted")],
    ids=["none halted", "another symbol halted", "this symbol halted"],
)
def test_halted(halted: tuple[str, ...], answer: str) -> None:
    floor = Floor()
    other = instrument("MSFT", 4)
    other.halt(1, "MSFT" in halted)
    floor.instrument.halt(1, "AAPL" in halted)
    assert floor.ask() == answer
    assert floor.ask(instrument=other) == ("halted" if "MSFT" in halted else PASSED)


@pytest.mark.parametrize(
    ("permitted", "answer"),
    [(True, PASSED), (False, "permission"), (None, PASSED)],
    ids=["permitted", "not permitted", "permitted again"],
)
def test_permission(permitted: bool | None, answer: str) -> None:
    floor = Floor()
    floor.instrument.permitted = permitted is True
    assert floor.ask() == (PASSED if permitted else "permission")
    floor.instrument.permitted = permitted is not False
    assert floor.ask() == answer


@pytest.mark.parametrize(
    ("restricted", "symbol", "answer"),
    [(False, "AAPL", PASSED), (True, "MSFT", PASSED), (True, "AAPL", "restricted")],
    ids=["no symbol", "another symbol", "this symbol"],
)
def test_restricted(restricted: bool, symbol: str, answer: str) -> None:
    floor = Floor()
    floor.instrument.restricted = restricted
    assert floor.ask(instrument=floor.instrument if symbol == "AAPL" else instrument("MSFT", 4)) == answer


@pytest.mark.parametrize(
    ("side", "answer"),
    [(-2, "side"), (SELL, PASSED), (0, "side"), (BUY, PASSED), (2, "side")],
)
def test_side(side: int, answer: str) -> None:
    floor = Floor()
    assert floor.ask(side) == answer
    if answer != PASSED:
        assert floor.said == (side, 1)


@pytest.mark.parametrize(
    ("shares", "answer"),
    [(0, "quantity"), (1, PASSED), (2, PASSED), (999, PASSED), (1_000, PASSED), (1_001, "quantity")],
)
def test_quantity(shares: int, answer: str) -> None:
    floor = Floor()
    assert floor.ask(shares=shares) == answer
    if answer != PASSED:
        assert floor.said == (shares, 1_000)


@pytest.mark.parametrize(
    ("market", "price", "answer", "said"),
    [
        (PRICE, PRICE + CENT, PASSED, None),
        (PRICE, PRICE + CENT + 1, "price", (PRICE + CENT + 1, PRICE + CENT)),
        (PRICE, PRICE + CENT - 1, "price", (PRICE + CENT - 1, PRICE)),
        (DOLLAR, DOLLAR, PASSED, None),
        (DOLLAR, DOLLAR - 1, PASSED, None),
        (DOLLAR, DOLLAR + 1, "price", (DOLLAR + 1, DOLLAR)),
        (PRICE, 0, "price", (0, 199_999_9900)),
        (PRICE, -CENT, "price", (-CENT, 199_999_9900)),
        (199_999_9800, 199_999_9800, PASSED, None),
        (199_999_9800, 199_999_9900, PASSED, None),
        (199_999_9800, 200_000_0000, "price", (200_000_0000, 199_999_9900)),
    ],
)
def test_price(market: int, price: int, answer: str, said: tuple[int, int] | None) -> None:
    values = ("order_notional", "symbol_open_notional", "open_notional", "gross_exposure", "net_exposure")
    unlimited = {f"max_{name}": 10**9 for name in values}
    floor = Floor(**unlimited)
    floor.instrument.bid = floor.instrument.ask = Price(market)
    assert floor.ask(shares=1, price=price) == answer
    if said is not None:
        assert floor.said == said


@where
def test_order_notional(place: str) -> None:
    floor = Floor(max_order_notional=10_000)
    price = PRICE + {"inside": -CENT, "at": 0, "outside": CENT}[place]
    assert floor.ask(price=price) == refused(place, "order_notional")
    if place == "outside":
        assert floor.said == (10_001, 10_000)


@where
@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("away", [1, -1])
@pytest.mark.parametrize("last_only", [False, True])
def test_price_collar(place: str, side: int, away: int, last_only: bool) -> None:
    floor = Floor(fat_finger_bps=10_000)
    if last_only:
        floor.instrument.bid = floor.instrument.ask = Price(0)
        floor.instrument.last = Price(PRICE)
    price = PRICE + away * (DOLLAR + {"inside": -CENT, "at": 0, "outside": CENT}[place])
    assert floor.ask(side, price=price) == refused(place, "price_collar")
    if place == "outside":
        assert floor.said == (101, 100)


@where
@pytest.mark.parametrize("side", [BUY, SELL])
def test_fat_finger(place: str, side: int) -> None:
    # 50 / 10,000 of 100.00 dollars is 50 cents.
    floor = Floor(price_collar_bps=10_000)
    floor.instrument.bid = floor.instrument.ask = Price(PRICE)
    price = PRICE + side * (50 * CENT + {"inside": -CENT, "at": 0, "outside": CENT}[place])
    assert floor.ask(side, price=price) == refused(place, "fat_finger")
    if place == "outside":
        assert floor.said == (51, 50)


@where
@pytest.mark.parametrize("side", [BUY, SELL])
def test_position(place: str, side: int) -> None:
    floor = Floor()
    floor.instrument.borrow = Shares(10_000)
    floor.instrument.position = Shares(side * 1_500)
    floor.own(side, 400)
    shares = 100 + {"inside": -1, "at": 0, "outside": 1}[place]
    assert floor.ask(side, shares) == refused(place, "position")
    if place == "outside":
        assert floor.said == (2_001, 2_000)


@where
def test_locate(place: str) -> None:
    floor = Floor()
    floor.instrument.position = Shares(100)
    floor.own(SELL, 300)
    floor.instrument.borrow = Shares(500)
    shares = 300 + {"inside": -1, "at": 0, "outside": 1}[place]
    assert floor.ask(SELL, shares) == refused(place, "locate")
    if place == "outside":
        assert floor.said == (501, 500)


@where
def test_short_price(place: str) -> None:
    floor = Floor()
    floor.instrument.short_restricted = True
    price = floor.instrument.bid + {"inside": 2 * CENT, "at": CENT, "outside": 0}[place]
    assert floor.ask(SELL, price=price) == refused(place, "short_price")
    if place == "outside":
        assert floor.said == (floor.instrument.bid, floor.instrument.bid)


@where
def test_symbol_open_notional(place: str) -> None:
    floor = Floor()
    floor.instrument.open_notional = Notional(290_000 * DOLLAR)
    price = PRICE + {"inside": -CENT, "at": 0, "outside": CENT}[place]
    assert floor.ask(price=price) == refused(place, "symbol_open_notional")
    if place == "outside":
        assert floor.said == (300_001, 300_000)


@where
def test_open_notional(place: str) -> None:
    floor = Floor()
    floor.totals.open_notional = Notional(490_000 * DOLLAR)
    price = PRICE + {"inside": -CENT, "at": 0, "outside": CENT}[place]
    assert floor.ask(price=price) == refused(place, "open_notional")
    if place == "outside":
        assert floor.said == (500_001, 500_000)


@where
def test_open_orders(place: str) -> None:
    floor = Floor()
    floor.totals.open_count = {"inside": 3, "at": 4, "outside": 5}[place]
    assert floor.ask() == refused(place, "open_orders")
    if place == "outside":
        assert floor.said == (6, 5)
    assert floor.ask(replaces=resting(BUY), price=PRICE - CENT) == PASSED


@where
def test_gross_exposure(place: str) -> None:
    floor = Floor()
    floor.totals.gross_exposure = Notional(890_000 * DOLLAR)
    floor.totals.open_notional = Notional(100_000 * DOLLAR)
    price = PRICE + {"inside": -CENT, "at": 0, "outside": CENT}[place]
    assert floor.ask(price=price) == refused(place, "gross_exposure")
    if place == "outside":
        assert floor.said == (1_000_001, 1_000_000)


@where
@pytest.mark.parametrize("side", [BUY, SELL])
def test_net_exposure(place: str, side: int) -> None:
    floor = Floor()
    floor.totals.net_exposure = Notional(side * 690_000 * DOLLAR)
    floor.totals.open_notional = Notional(100_000 * DOLLAR)
    price = PRICE + {"inside": -CENT, "at": 0, "outside": CENT}[place]
    assert floor.ask(side, price=price) == refused(place, "net_exposure")
    if place == "outside":
        assert floor.said == (800_001, 800_000)
    assert floor.ask(-side, price=price) == PASSED


@where
def test_executed_notional(place: str) -> None:
    floor = Floor()
    floor.totals.executed_notional = Notional(5_000_000 * DOLLAR + {"inside": -1, "at": 0, "outside": 1}[place])
    assert floor.ask() == refused(place, "executed_notional")
    assert floor.gate.tripped == (place == "outside")
    if place == "outside":
        assert floor.said == (5_000_001, 5_000_000)
        assert floor.ask() == "kill_switch"


@where
@pytest.mark.parametrize("side", [BUY, SELL])
def test_self_cross(place: str, side: int) -> None:
    floor = Floor()
    floor.own(-side, price=PRICE + side * {"inside": 2 * CENT, "at": CENT, "outside": 0}[place])
    assert floor.ask(side) == refused(place, "self_cross")
    if place == "outside":
        assert floor.said == (PRICE, PRICE)


@where
def test_port_rate(place: str) -> None:
    floor = Floor(max_symbol_orders_per_second=100)
    sent = {"inside": 8, "at": 9, "outside": 10}[place]
    for number in range(sent):
        assert floor.ask(shares=1 + number, after=1) == PASSED
    assert floor.ask(after=1) == refused(place, "port_rate")
    if place == "outside":
        assert floor.said == (11, 10)


@where
def test_symbol_rate(place: str) -> None:
    floor = Floor()
    sent = {"inside": 4, "at": 5, "outside": 6}[place]
    for number in range(sent):
        assert floor.ask(shares=1 + number, after=1) == PASSED
    assert floor.ask(after=1) == refused(place, "symbol_rate")
    if place == "outside":
        assert floor.said == (7, 6)
    assert floor.ask(instrument=instrument("MSFT", 4), after=1) == PASSED


@where
def test_duplicate(place: str) -> None:
    floor = Floor()
    assert floor.ask() == PASSED
    after = 500 * MICROSECOND + {"inside": 1, "at": 0, "outside": -1}[place]
    assert floor.ask(after=after) == refused(place, "duplicate")
    if place == "outside":
        assert floor.said == (499, 500)
    assert floor.ask(after=SECOND) == PASSED
