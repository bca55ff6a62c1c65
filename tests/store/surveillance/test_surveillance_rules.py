"""Each rule at its thresholds: just enough gives an alert, just not enough gives none."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest

from store.surveillance.alert import Alert
from store.surveillance.catalogue import RULES
from store.surveillance.engine import Surveillance
from store.surveillance.events import ENTERED, EXECUTED, REDUCED, REJECTED, REPLACED, Event, OrderEvent, Quote, Trade
from store.surveillance.thresholds import check

MS = 1_000_000
S = 1_000 * MS
OPEN = 34_200 * S
CLOSE = 57_600 * S


def order(t: int, event: str, ref: int, side: str, shares: int, price: int = 1_000_000, **more: Any) -> OrderEvent:
    fields = {"venue": "V", "symbol": "XYZ", "account": "A", "owner": "O"} | more
    return OrderEvent(t=OPEN + t, event=event, ref=ref, side=side, price=price, shares=shares, **fields)


def found(events: Sequence[Event], rule: str, **limits: Any) -> list[Alert]:
    surveillance = Surveillance(check({rule: limits}, RULES))
    alerts = [alert for event in events for alert in surveillance.feed(event)]
    return [alert for alert in alerts if alert.rule == rule]


def spoof(
    pressure: int = 5_000,
    genuine: int = 100,
    lag: int = MS,
    withdrawn: int | None = None,
    prices: Sequence[int] = (1_001_000,),
    reason: str = "U",
) -> list[Event]:
    """Sell pressure, a genuine buy that trades, the pressure withdrawn."""
    each = pressure // len(prices)
    events: list[Event] = [order(i, ENTERED, 10 + i, "S", each, price) for i, price in enumerate(prices)]
    events += [order(10 * MS, ENTERED, 1, "B", genuine), order(20 * MS, EXECUTED, 1, "B", genuine, match=7)]
    off = each if withdrawn is None else withdrawn
    gone = 20 * MS + lag
    return events + [order(gone + i, REDUCED, 10 + i, "S", off, price, reason=reason) for i, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("case", "alert"),
    [
        ({}, True),
        ({"pressure": 2_500}, True),
        ({"pressure": 2_499}, False),
        ({"pressure": 5_000, "genuine": 1_000}, True),
        ({"pressure": 5_000, "genuine": 1_001}, False),
        ({"lag": 250 * MS}, True),
        ({"lag": 250 * MS + 1}, False),
        ({"withdrawn": 4_000}, True),
        ({"withdrawn": 3_999}, False),
        ({"reason": "T"}, False),
        ({"prices": (1_001_000, 1_002_000)}, True),
        ({"prices": (1_001_000, 1_002_000, 1_003_000)}, False),
    ],
)
def test_spoofing(case: dict[str, Any], alert: bool) -> None:
    alerts = found(spoof(**case), "spoofing")
    assert bool(alerts) is alert
    if alert:
        assert {1, 10} <= set(alerts[0].refs)
        assert alerts[0].matches == [7]


@pytest.mark.parametrize(("levels", "alert"), [(1, False), (2, False), (3, True), (10, True)])
def test_layering_takes_three_prices(levels: int, alert: bool) -> None:
    prices = [1_001_000 + 100 * i for i in range(levels)]
    assert bool(found(spoof(pressure=10_000, prices=prices), "layering")) is alert


def test_pressure_that_trades_itself_is_none() -> None:
    events = spoof()
    for shares, alert in ((1_000, True), (1_001, False)):
        traded = order(20 * MS + 1, EXECUTED, 10, "S", shares, 1_001_000, match=8)
        rest = order(21 * MS, REDUCED, 10, "S", 5_000 - shares, 1_001_000)
        assert bool(found([*events[:-1], traded, rest], "spoofing")) is alert


def test_pressure_moved_away_is_withdrawn_moved_nearer_is_not() -> None:
    for price, alert in ((1_002_000, True), (1_000_500, False)):
        moved = order(21 * MS, REPLACED, 11, "S", 5_000, price, replaces=10)
        assert bool(found([*spoof()[:-1], moved], "spoofing")) is alert
    nearer = order(21 * MS, REPLACED, 11, "S", 5_000, 1_000_500, replaces=10)
    gone = order(22 * MS, REDUCED, 11, "S", 5_000, 1_000_500)
    assert found([*spoof()[:-1], nearer, gone], "spoofing"), "under its new number too"


@pytest.mark.parametrize(
    ("later", "burst", "alert"),
    [(MS, 0, True), (250 * MS, 0, True), (250 * MS + 1, 0, False), (MS, 50 * MS, True), (MS, 50 * MS + 1, False)],
)
def test_pressure_given_up_with_a_genuine_order_that_did_not_trade(later: int, burst: int, alert: bool) -> None:
    events = [
        order(0, ENTERED, 10, "S", 2_400, 1_001_000),
        order(1, ENTERED, 11, "S", 2_600, 1_001_000),
        order(MS, ENTERED, 1, "B", 600),
        order(S, REDUCED, 10, "S", 2_400, 1_001_000),
        order(S + burst, REDUCED, 11, "S", 2_600, 1_001_000),
        order(S + burst + later, REDUCED, 1, "B", 600),
    ]
    assert bool(found(events, "spoofing")) is alert


def test_a_balanced_market_maker_gives_up_both_sides_without_an_alert() -> None:
    events = [order(i, ENTERED, i, "BS"[i % 2], 1_500, 1_000_000 + i % 2 * 1_000 + i) for i in range(1, 11)]
    events += [order(S + i, REDUCED, i, "BS"[i % 2], 1_500, 1_000_000) for i in (1, 3, 5, 7, 9, 2, 4, 6, 8, 10)]
    assert found(events, "layering") == found(events, "spoofing") == []


def pair(t: int, ref: int, shares: int = 100, apart: int = MS, accounts: str = "AB", taker: int = 100) -> list[Event]:
    first, second = accounts[0], accounts[1]
    return [
        order(t, ENTERED, ref, "B", 100, account=first),
        order(t + apart, ENTERED, ref + 1, "S", taker, account=second),
        order(t + apart, EXECUTED, ref, "B", shares, account=first, match=ref),
        order(t + apart, EXECUTED, ref + 1, "S", shares, account=second, match=ref, aggressive=True),
    ]


@pytest.mark.parametrize(
    ("case", "alert"),
    [
        ({}, True),
        ({"apart": 250 * MS}, True),
        ({"apart": 250 * MS + 1}, False),
        ({"shares": 25}, True),
        ({"shares": 24}, False),
        ({"taker": 401}, False),
        ({"accounts": "AA"}, False),
    ],
)
def test_wash_trade(case: dict[str, Any], alert: bool) -> None:
    alerts = found(pair(0, 1, **case), "wash_trade")
    assert bool(alerts) is alert
    if alert:
        assert (alerts[0].accounts, alerts[0].refs, alerts[0].matches) == (["A", "B"], [1, 2], [1])


def test_accounts_of_two_owners_may_trade_with_each_other() -> None:
    events = [one._replace(owner=f"of {one.account}") for one in pair(0, 1) if isinstance(one, OrderEvent)]
    assert found(events, "wash_trade") == []


@pytest.mark.parametrize(
    ("trades", "gap", "other", "alert"),
    [(3, S, 0, True), (2, S, 0, False), (3, 3 * S, 0, False), (3, S, 600, True), (3, S, 601, False)],
)
def test_self_trade(trades: int, gap: int, other: int, alert: bool) -> None:
    events: list[Event] = []
    if other:
        events = [order(0, ENTERED, 900, "B", other), order(1, EXECUTED, 900, "B", other, match=900)]
    for i in range(trades):
        events += pair(i * gap + 2, 10 * i + 1, accounts="AA")
    alerts = found(events, "self_trade")
    assert bool(alerts) is alert
    if alert:
        assert alerts[0].matches == [1, 11, 21]


def stuffing(orders: int = 100, lifetime: int = MS, standing: int = 0) -> list[Event]:
    events: list[Event] = [order(i, ENTERED, 10_000 + i, "B", 100) for i in range(standing)]
    for i in range(orders - standing):
        at = 1_000 + i * 4 * MS
        events += [order(at, ENTERED, i + 1, "B", 100), order(at + lifetime, REDUCED, i + 1, "B", 100)]
    return sorted(events, key=lambda event: event.t)


@pytest.mark.parametrize(
    ("case", "alert"),
    [
        ({}, True),
        ({"orders": 99}, False),
        ({"lifetime": 50 * MS}, True),
        ({"lifetime": 50 * MS + 1}, False),
        ({"standing": 20}, True),
        ({"standing": 21}, False),
    ],
)
def test_quote_stuffing(case: dict[str, Any], alert: bool) -> None:
    assert bool(found(stuffing(**case), "quote_stuffing")) is alert


def test_replaces_in_a_hurry_are_stuffing_too() -> None:
    events: list[Event] = [order(0, ENTERED, 1, "B", 100)]
    events += [order(i * MS, REPLACED, i + 1, "B", 100, 1_000_000 + i % 2 * 100, replaces=i) for i in range(1, 101)]
    assert found(events, "quote_stuffing")


def push(t: int, ref: int, shares: int, before: int, after: int, other: int = 0) -> list[Event]:
    """A buy of shares that moves the bid and the ask from one price to another; others trade too."""
    close = CLOSE - OPEN + t
    events: list[Event] = [
        Quote(CLOSE + t - 2, "XYZ", before, 100, before, 100),
        order(close, ENTERED, ref, "B", shares, after),
        order(close, EXECUTED, ref, "B", shares, after, match=ref, aggressive=True),
        Trade(CLOSE + t, "XYZ", after, shares, ref),
    ]
    if other:
        events.insert(0, Trade(CLOSE + t - 1, "XYZ", before, other, 1))
    return [*events, Quote(CLOSE + t, "XYZ", after, 100, after, 100)]


@pytest.mark.parametrize(
    ("case", "alert"),
    [
        ({}, True),
        ({"after": 1_000_499}, False),
        ({"after": 999_500}, False),
        ({"shares": 299}, False),
        ({"other": 1_200}, True),
        ({"other": 1_201}, False),
        ({"t": -60 * S}, True),
        ({"t": -60 * S - 3}, False),
        ({"t": 1}, False),
    ],
)
def test_marking_the_close(case: dict[str, Any], alert: bool) -> None:
    chosen = {"t": -S, "ref": 5, "shares": 300, "before": 1_000_000, "after": 1_000_500} | case
    assert bool(found(push(**chosen), "marking_the_close")) is alert


def ignite(orders: int = 3, shares: int = 500, top: int = 1_000_500, later: int = S, turned: int = 250) -> list[Event]:
    events: list[Event] = [Quote(OPEN, "XYZ", 1_000_000, 100, 1_000_000, 100)]
    for i in range(orders):
        part = shares // orders + (shares % orders if i == 0 else 0)
        price = top if i == orders - 1 else 1_000_000
        events += [
            order(i * MS, ENTERED, i + 1, "B", part, price),
            order(i * MS, EXECUTED, i + 1, "B", part, price, match=i + 1, aggressive=True),
        ]
    at = (orders - 1) * MS + later
    return [*events, order(at, ENTERED, 90, "S", 900, top), order(at, EXECUTED, 90, "S", turned, top, match=90)]


@pytest.mark.parametrize(
    ("case", "alert"),
    [
        ({}, True),
        ({"orders": 2}, False),
        ({"shares": 499}, False),
        ({"top": 1_000_499}, False),
        ({"later": 5 * S}, True),
        ({"later": 5 * S + 1}, False),
        ({"turned": 249}, False),
    ],
)
def test_momentum_ignition(case: dict[str, Any], alert: bool) -> None:
    assert bool(found(ignite(**case), "momentum_ignition")) is alert


def chatter(messages: int, gap: int, trades: int = 0) -> list[Event]:
    events: list[Event] = []
    if trades:
        events = [order(0, ENTERED, 1, "B", 100 * trades)]
        events += [order(1 + i, EXECUTED, 1, "B", 100, match=i + 1) for i in range(trades)]
    return events + [order(10_000 + i * gap, REJECTED, 0, "B", 100) for i in range(messages - bool(trades))]


@pytest.mark.parametrize(
    ("messages", "gap", "trades", "alert"),
    [
        (1_000, 50 * MS, 0, True),
        (999, 50 * MS, 0, False),
        (1_000, 61 * MS, 0, False),
        (1_000, 50 * MS, 10, True),
        (1_000, 50 * MS, 11, False),
    ],
)
def test_order_to_trade(messages: int, gap: int, trades: int, alert: bool) -> None:
    assert bool(found(chatter(messages, gap, trades), "order_to_trade")) is alert


@pytest.mark.parametrize(("messages", "gap", "alert"), [(1_000, MS, True), (999, MS, False), (1_001, 2 * MS, False)])
def test_message_rate(messages: int, gap: int, alert: bool) -> None:
    assert bool(found(chatter(messages, gap), "message_rate")) is alert


@pytest.mark.parametrize(
    ("limits", "alert"),
    [
        ({}, False),
        ({"symbols": ["XYZ"]}, True),
        ({"symbols": ["ABC"]}, False),
        ({"symbols": ["XYZ"], "accounts": ["A"]}, True),
        ({"symbols": ["XYZ"], "accounts": ["B"]}, False),
    ],
)
def test_restricted_list(limits: dict[str, Any], alert: bool) -> None:
    assert bool(found([order(0, ENTERED, 1, "B", 100)], "restricted_list", **limits)) is alert


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.NAME)
def test_a_rule_that_is_off_finds_nothing(rule: Any) -> None:
    events = [*spoof(), *pair(30 * MS, 50), *chatter(1_500, MS // 2)]
    assert found(events, rule.NAME, enabled=False) == []
    assert rule.WHAT
    assert rule.SOURCE


def test_what_was_withdrawn_before_the_genuine_order_traded_again_is_still_part_of_the_whole() -> None:
    events = [
        order(0, ENTERED, 10, "S", 5_000, 1_001_000),
        order(1, ENTERED, 1, "B", 100),
        order(2 * MS, EXECUTED, 1, "B", 50, match=7),
        order(3 * MS, REDUCED, 10, "S", 2_500, 1_001_000),
        order(4 * MS, EXECUTED, 1, "B", 50, match=8),
        order(5 * MS, REDUCED, 10, "S", 1_499, 1_001_000),
    ]
    assert found(events, "spoofing") == [], "3,999 of 5,000 are less than 80 %"
    (alert,) = found([*events, order(6 * MS, REDUCED, 10, "S", 1, 1_001_000)], "spoofing")
    assert alert.figures["pressure_shares"] == 5_000


def test_venues_count_their_orders_for_themselves() -> None:
    events = [
        order(0, ENTERED, 10, "S", 5_000, 1_001_000, venue="W"),
        order(1, ENTERED, 10, "B", 100, venue="V"),
        order(20 * MS, EXECUTED, 10, "B", 100, venue="V", match=7),
        order(21 * MS, REDUCED, 10, "S", 5_000, 1_001_000, venue="W"),
    ]
    (alert,) = found(events, "spoofing")
    assert alert.figures["pressure_shares"] == 5_000


def kept(found: object, seen: set[int] | None = None) -> int:
    """Items in the lists, deques, tables and objects that something keeps."""
    seen = set() if seen is None else seen
    if id(found) in seen:
        return 0
    seen.add(id(found))
    if isinstance(found, dict):
        inner: list[object] = [*found.values()]
    elif isinstance(found, list | deque | set):
        inner = [*found]
    elif type(found).__module__.startswith("store.surveillance"):
        names = [name for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())]
        inner = [getattr(found, name) for name in names] + [*getattr(found, "__dict__", {}).values()]
    else:
        return 0
    return len(inner) + sum(kept(one, seen) for one in inner)


@pytest.mark.parametrize("rule", ["momentum_ignition", "spoofing", "layering", "self_trade", "marking_the_close"])
def test_an_order_that_trades_without_end_takes_no_memory_without_end(rule: str) -> None:
    surveillance = Surveillance(check({rule: {"close": 34_260} if rule == "marking_the_close" else {}}, RULES))
    surveillance.feed(Quote(OPEN, "XYZ", 1_000_000, 100, 1_000_200, 100))
    for ref in (1, 2, 3):
        surveillance.feed(order(ref, ENTERED, ref, "B", 10_000_000, 1_010_000))
        surveillance.feed(order(ref, EXECUTED, ref, "B", 100_000, 1_010_000, match=ref, aggressive=True))
    surveillance.feed(order(10, ENTERED, 4, "S", 10_000_000, 1_010_000))
    (mine,) = [one for one in surveillance._rules if rule == one.NAME]
    sizes = []
    for first in (0, 3_000, 6_000):
        for i in range(first, first + 3_000):
            surveillance.feed(order(11 + i, EXECUTED, 4, "S", 1, 1_010_000, match=1_000 + i, aggressive=True))
        sizes.append(kept(mine.__dict__))
    if rule != "self_trade":  # its window is one of time, of MAX_ENTRIES at most
        assert sizes[2] - sizes[1] < 100, sizes
    assert sizes[2] < 20_000
