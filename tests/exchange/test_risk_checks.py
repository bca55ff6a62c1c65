"""Each risk limit: a request that just keeps it, one that just breaks it, and the code it is rejected with."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.account import Account
from exchange.clock import SECOND
from exchange.login import Login
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry
from exchange.risk_limits import Limits, LimitSet
from exchange.supervision import supervise
from tests.exchange.conftest import Client
from tests.exchange.ouch_wire import NOW, firm_request, kinds, modify, number, option

LOGINS = (Login("HFT1", "p", "HFTX"), Login("HFT2", "p", "HFTX"), Login("HFT3", "p", "HFTY"))
LOCATED = option(25, b"Y")


def clients(limits: Limits, day: str = "OSQ") -> list[Client]:
    """Clients of a market with AAPL and MSFT, last close $100."""
    market = Market(Publisher("S", []), entry_closes="E")
    for symbol in ("AAPL", "MSFT"):
        market.list_symbol(symbol, price=1_000_000)
    supervise(market)
    opened = [Client(OrderEntry(Account(login, "S", lambda *_: None), market, limits)) for login in LOGINS]
    for code in day:
        market.system_event(code, NOW)
    for client in opened:
        client.news()
    return opened


def one(limits: LimitSet, day: str = "OSQ", volumes: dict[str, int] | None = None) -> Client:
    return clients(Limits({}, {"HFT1": limits}, volumes or {}), day)[0]


def code_of(answers: list[bytes]) -> int:
    """The reject code of the first answer, 0 for an acceptance."""
    return number(answers[0], 13, 2) if answers[0][:1] == b"J" else 0


# The limit; a request that keeps it; one that breaks it; the code.
ROWS: list[tuple[LimitSet, dict[str, Any], dict[str, Any], int]] = [
    (LimitSet(collar_percent=10), {"price": 1_100_000}, {"price": 1_100_100}, 0x0006),
    (LimitSet(collar_percent=10), {"side": "S", "price": 900_000}, {"side": "S", "price": 899_900}, 0x0006),
    (LimitSet(max_shares=500), {"quantity": 500}, {"quantity": 501}, 0x001E),
    (LimitSet(max_notional=10_000), {"price": 1_000_000}, {"price": 1_000_001}, 0x001F),
    (LimitSet(aggregate_exposure=10_000), {"price": 1_000_000}, {"quantity": 1, "price": 1}, 0x0020),
    (LimitSet(restricted_stocks=("MSFT",)), {}, {"symbol": "MSFT"}, 0x0022),
    (LimitSet(short_sale_restricted=("MSFT",)), {"side": "T"}, {"side": "T", "symbol": "MSFT"}, 0x0023),
    (
        LimitSet(short_sale_restricted=("MSFT",)),
        {"symbol": "MSFT", "side": "S"},
        {"symbol": "MSFT", "side": "E"},
        0x0023,
    ),
    (LimitSet(no_sweeps=True), {"iso": "N"}, {"iso": "Y"}, 0x0024),
    (LimitSet(max_adv_percent=1), {"quantity": 100}, {"quantity": 101}, 0x0025),
    (LimitSet(locate_required=True), {"side": "T", "options": LOCATED}, {"side": "T"}, 0x0027),
    (LimitSet(locate_required=True), {"side": "S"}, {"side": "E", "options": option(25, b"N")}, 0x0027),
    (LimitSet(symbol_rate=1), {}, {}, 0x0028),
    (LimitSet(port_rate=1), {}, {"symbol": "MSFT"}, 0x0029),
    (LimitSet(duplicate_rate=1), {}, {}, 0x002A),
    (LimitSet(no_short_sale=True), {"side": "S"}, {"side": "T"}, 0x002B),
    (LimitSet(no_short_sale=True), {"side": "E"}, {"side": "T"}, 0x002B),
    (LimitSet(no_short_exempt=True), {"side": "T"}, {"side": "E"}, 0x002F),
    (LimitSet(single_order_notional=10_000), {"price": 1_000_000}, {"quantity": 101, "price": 1_000_000}, 0x0030),
    (LimitSet(max_quantity=500), {"quantity": 500}, {"quantity": 501}, 0x0031),
]


@pytest.mark.parametrize(("limits", "keeps", "breaks", "code"), ROWS, ids=[f"0x{row[3]:04x}" for row in ROWS])
def test_bounds(limits: LimitSet, keeps: dict[str, Any], breaks: dict[str, Any], code: int) -> None:
    client = one(limits, volumes={"AAPL": 10_000})
    price = {"price": 1_000_000}
    assert code_of(client.enter(1, **price | keeps)) == 0
    refused = client.enter(2, **price | breaks)
    assert kinds(refused) == "J"
    assert code_of(refused) == code


def test_fat_finger_looks_at_the_opposite_touch() -> None:
    client, _, other = clients(Limits({}, {"HFT1": LimitSet(fat_finger_percent=5)}))
    assert code_of(client.enter(1, "B", price=1_900_000)) == 0, "there is no touch yet"
    client.cancel(1)
    other.enter(1, "S", 10, price=1_000_000)
    other.enter(2, "B", 10, price=900_000)
    assert code_of(client.enter(2, "B", 10, price=1_050_100)) == 0x0026
    assert code_of(client.enter(3, "S", 10, price=854_900)) == 0x0026
    assert code_of(client.enter(4, "S", 10, price=855_000)) == 0
    assert code_of(client.enter(5, "B", 10, price=1_050_000)) == 0


def test_market_impact_walks_the_displayed_levels() -> None:
    client, _, other = clients(Limits({}, {"HFT1": LimitSet(market_impact_percent=1)}))
    other.enter(1, "S", 100, price=1_000_000)
    other.enter(2, "S", 100, price=1_010_000)
    other.enter(3, "S", 100, price=1_010_100)
    assert code_of(client.enter(1, "B", 201, price=1_020_000)) == 0x0021
    assert code_of(client.enter(2, "B", 999, price=1_010_000)) == 0, "its limit keeps it from doing so"


def test_exposure_follows_the_orders_of_all_ports_of_a_firm() -> None:
    first, second, other = clients(Limits({"HFTX": LimitSet(aggregate_exposure=30_000)}))
    assert code_of(first.enter(1, "B", 200, price=1_000_000)) == 0
    assert code_of(second.enter(1, "B", 101, price=1_000_000)) == 0x0020
    assert code_of(second.enter(2, "B", 100, price=1_000_000)) == 0
    assert code_of(other.enter(1, "B", 999, price=900_000)) == 0, "another firm"
    assert code_of(first.replace(1, 2, 201, 1_000_000)) == 0x0020
    assert code_of(first.replace(1, 3, 200, 990_000)) == 0, "the order it replaces does not count"
    first.cancel(3, 100)
    assert code_of(second.enter(3, "B", 110, price=1_000_000)) == 0x0020
    assert code_of(second.enter(4, "B", 100, price=1_000_000)) == 0
    second.send(modify(4, "B", 50))
    second.send(firm_request("C", 5))
    first.send(firm_request("C", 5))
    # 100 bought at $100: executions of the day stay.
    first.enter(6, "B", 100, price=1_000_000)
    other.enter(2, "S", 100, price=1_000_000)
    assert kinds(first.news()) == "E"
    assert code_of(first.enter(7, "B", 201, price=1_000_000)) == 0x0020
    assert code_of(first.enter(8, "B", 200, price=1_000_000)) == 0


def test_an_order_that_is_cancelled_or_refused_leaves_no_exposure() -> None:
    client = one(LimitSet(aggregate_exposure=10_000))
    for ref in range(1, 30, 2):
        assert code_of(client.enter(ref, "B", 100, price=1_000_000, tif="3")) == 0
        assert code_of(client.enter(ref + 1, "B", 101, price=1_000_000)) == 0x0020


def test_rates_recover_with_time_and_cancels_are_free() -> None:
    client = one(LimitSet(port_rate=10, port_burst=3))
    assert [code_of(client.enter(ref)) for ref in range(1, 5)] == [0, 0, 0, 0x0029]
    assert kinds(client.cancel(1)) == "C"
    client.now = NOW + SECOND // 10
    assert kinds(client.replace(2, 5)) == "U"
    assert code_of(client.replace(3, 6)) == 0x0029
    assert kinds(client.cancel(3)) == "C", "the order that was not replaced is still there"


def test_duplicates_are_told_apart() -> None:
    client = one(LimitSet(duplicate_rate=1))
    same: dict[str, Any] = {"side": "B", "quantity": 100, "price": 1_000_000}
    assert code_of(client.enter(1, **same)) == 0
    changes: list[dict[str, Any]] = [{"side": "T"}, {"quantity": 99}, {"price": 999_900}, {"symbol": "MSFT"}]
    for ref, change in enumerate(changes, 2):
        assert code_of(client.enter(ref, **same | change)) == 0
    assert code_of(client.enter(9, **same)) == 0x002A


@pytest.mark.parametrize(
    ("limits", "day", "code"),
    [
        (LimitSet(no_pre_market=True), "OS", 0x002D),
        (LimitSet(no_pre_market=True), "OSQ", 0),
        (LimitSet(no_pre_market=True), "OSQM", 0),
        (LimitSet(no_post_market=True), "OS", 0),
        (LimitSet(no_post_market=True), "OSQ", 0),
        (LimitSet(no_post_market=True), "OSQM", 0x002E),
    ],
)
def test_hours(limits: LimitSet, day: str, code: int) -> None:
    assert code_of(one(limits, day).enter(1, tif="5")) == code


@pytest.mark.parametrize(
    ("limits", "side", "price", "code"),
    [
        (LimitSet(no_market_orders=True), "S", 2_000_000_000, 0x002C),
        (LimitSet(no_market_orders=True), "S", 1_000_000, 0),
        (LimitSet(no_ipo_market_buy=True), "B", 2_000_000_000, 0x0033),
        (LimitSet(no_ipo_market_buy=True), "S", 2_000_000_000, 0),
        (LimitSet(no_ipo_market_buy=True), "B", 1_000_000, 0),
        (LimitSet(max_notional=10_000), "B", 2_000_000_000, 0),
        (LimitSet(max_notional=9_999), "B", 2_000_000_000, 0x001F),
    ],
)
def test_orders_without_a_limit_price(limits: LimitSet, side: str, price: int, code: int) -> None:
    client = one(limits)
    market = client.entry.market
    market.engine.set_trading(market.book("AAPL"), False, True, NOW)
    assert code_of(client.enter(1, side, price=price, cross="H")) == code


def test_the_port_is_looked_at_after_its_firm() -> None:
    client = clients(Limits({"HFTX": LimitSet(max_quantity=10)}, {"HFT1": LimitSet(max_shares=10)}))[0]
    assert code_of(client.enter(1, quantity=11)) == 0x0031
    assert code_of(client.enter(2, quantity=10)) == 0


@pytest.mark.parametrize(
    ("limits", "side", "located", "told"),
    [
        (LimitSet(no_short_sale=True), "T", b"", ""),
        (LimitSet(no_short_sale=True), "E", b"", "M"),
        (LimitSet(no_short_exempt=True), "E", b"", ""),
        (LimitSet(short_sale_restricted=("AAPL",)), "T", b"", ""),
        (LimitSet(locate_required=True), "T", b"", ""),
        (LimitSet(locate_required=True), "T", LOCATED, "M"),
        (LimitSet(locate_required=True), "S", b"", "M"),
        (LimitSet(max_quantity=100), "T", b"", "M"),
    ],
)
def test_a_modify_cannot_make_a_short_sale_of_what_may_not_be_one(
    limits: LimitSet, side: str, located: bytes, told: str
) -> None:
    client = one(limits)
    assert code_of(client.enter(1, "S", price=1_000_000)) == 0
    assert kinds(client.send(modify(1, side, 90, located))) == told
    assert client.entry.orders[1].short_sale == (told == "M" and side == "T")
