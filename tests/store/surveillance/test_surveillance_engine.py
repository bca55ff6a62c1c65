"""The engine: alerts that go on, evidence, memory with an end, and no input that breaks it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.surveillance.alert import MAX_REFS, Alert
from store.surveillance.catalogue import RULES
from store.surveillance.engine import LOOK_BACK, QUIET, Surveillance
from store.surveillance.events import ENTERED, EXECUTED, KINDS, REDUCED, Event, OrderEvent, Quote, Trade
from store.surveillance.market import MarketView
from store.surveillance.orders import OrderTable
from store.surveillance.thresholds import check
from store.surveillance.window import MAX_ENTRIES, Recent, Window

S = 1_000_000_000
RESTRICTED = {"restricted_list": {"symbols": ["XYZ"]}}


def entered(t: int, ref: int, **more: Any) -> OrderEvent:
    fields: dict[str, Any] = {
        "venue": "V",
        "symbol": "XYZ",
        "account": "A",
        "owner": "O",
        "side": "B",
        "price": 10,
        "shares": 1,
    } | more
    return OrderEvent(t=t, event=ENTERED, ref=ref, **fields)


def test_what_goes_on_within_a_second_is_one_alert_that_grows() -> None:
    engine = Surveillance(check(RESTRICTED, RULES))
    (alert,) = engine.feed(entered(S, 1))
    assert engine.feed(entered(S + QUIET, 2)) == []
    assert (alert.t, alert.last, alert.repeats, alert.refs) == (S, S + QUIET, 1, [1, 2])
    assert [one.ref for one in alert.evidence.orders] == [1, 2]
    (later,) = engine.feed(entered(S + 2 * QUIET + 1, 3))
    assert later.id != alert.id
    (other,) = engine.feed(entered(S + 2 * QUIET + 2, 4, owner="P"))
    assert other.owner == "P", "another owner is another alert"
    assert engine.alerts == 3


def test_an_alert_that_goes_on_for_ever_stays_small() -> None:
    engine = Surveillance(check(RESTRICTED, RULES))
    (alert,) = engine.feed(entered(0, 1))
    for i in range(2, 3_000):
        engine.feed(entered(i * 1000, i))
    assert alert.repeats == 2_998
    assert len(alert.refs) == MAX_REFS
    assert len(alert.evidence.orders) < 100


def test_evidence_is_of_the_last_half_minute() -> None:
    engine = Surveillance(check(RESTRICTED | {"order_to_trade": {"enabled": False}}, RULES))
    engine.feed(Quote(0, "XYZ", 9, 1, 11, 1))
    engine.feed(Trade(1, "XYZ", 10, 1, 5))
    engine.feed(Quote(LOOK_BACK, "XYZ", 9, 1, 12, 1))
    engine.feed(Quote(LOOK_BACK, "XYZ", 9, 5, 12, 1))
    engine.feed(Trade(LOOK_BACK, "XYZ", 10, 1, 6))
    engine.feed(Quote(LOOK_BACK, "ABC", 9, 1, 12, 1))
    (alert,) = engine.feed(entered(LOOK_BACK + 2, 1))
    assert [(one.t, one.ask) for one in alert.evidence.quotes] == [(LOOK_BACK, 12)]
    assert [one.match for one in alert.evidence.trades] == [6]


def test_an_alert_survives_json() -> None:
    engine = Surveillance(check(RESTRICTED, RULES))
    engine.feed(Quote(0, "XYZ", 9, 1, 11, 1))
    engine.feed(Trade(0, "XYZ", 9, 1, 11))
    (alert,) = engine.feed(entered(1, 1))
    assert Alert.from_json(alert.as_json()) == alert


def test_the_order_table_forgets_the_oldest_beyond_its_limit() -> None:
    table = OrderTable(MarketView(), limit=3)
    for ref in range(1, 6):
        table.apply(entered(ref, ref))
    left = [ref for _, ref in table.of("O", "XYZ")]
    assert (len(table), table.forgotten, left) == (3, 2, [3, 4, 5])
    assert table.apply(entered(9, 1)._replace(event=REDUCED)) is None
    assert table.unknown == 1


def test_symbols_without_end_are_forgotten_too() -> None:
    market = MarketView(limit=3)
    for number in range(5):
        market.take(Quote(number, f"S{number}", 1, 1, 2, 1))
    assert [number for number in range(5) if market.quote(f"S{number}") is not None] == [2, 3, 4]


def test_orders_that_are_done_are_gone() -> None:
    table = OrderTable(MarketView())
    table.apply(entered(1, 1, shares=10))
    table.apply(entered(2, 1, shares=4)._replace(event=EXECUTED))
    assert [one.shares for one in table.of("O", "XYZ").values()] == [6]
    table.apply(entered(3, 1, shares=6)._replace(event=REDUCED))
    assert (len(table), table.of("O", "XYZ")) == (0, {})


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=60), st.integers(1, 20))
def test_a_window_has_the_sum_of_its_length(steps: list[tuple[int, int]], length: int) -> None:
    window, now, past = Window(length), 0, []
    for gap, value in steps:
        now += gap
        past.append((now, value))
        assert window.add(now, value) == sum(v for t, v in past if t > now - length)


def test_windows_and_tables_have_an_end() -> None:
    window = Window(S)
    for _ in range(MAX_ENTRIES + 5):
        window.add(0)
    assert window.total == MAX_ENTRIES
    table: Recent[int, list[int]] = Recent(list, limit=2)
    table[1].append(1)
    table[2].append(2)
    table[1].append(3)
    table[3].append(4)
    assert (table.get(1), table.get(2), table.get(3), table.forgotten, len(table)) == ([1, 3], None, [4], 1, 2)


EVENTS = st.one_of(
    st.builds(
        OrderEvent,
        t=st.integers(0, 100),
        event=st.sampled_from(KINDS),
        venue=st.just("V"),
        symbol=st.sampled_from(["XYZ", ""]),
        account=st.sampled_from(["A", "B"]),
        owner=st.sampled_from(["O", "P"]),
        ref=st.integers(0, 6),
        side=st.sampled_from(["B", "S", ""]),
        price=st.sampled_from([0, 1, 10_000, 2_000_000_000]),
        shares=st.sampled_from([0, 1, 100, 999_999, 2**63]),
        match=st.integers(0, 3),
        replaces=st.integers(0, 6),
        aggressive=st.booleans(),
        reason=st.sampled_from(["U", "I", ""]),
    ),
    st.builds(
        Quote,
        t=st.integers(0, 100),
        symbol=st.sampled_from(["XYZ", ""]),
        bid=st.integers(0, 3),
        bid_shares=st.just(1),
        ask=st.integers(0, 3),
        ask_shares=st.just(1),
    ),
    st.builds(
        Trade,
        t=st.integers(0, 100),
        symbol=st.just("XYZ"),
        price=st.integers(0, 3),
        shares=st.integers(0, 3),
        match=st.integers(0, 3),
    ),
)
TIGHT: dict[str, dict[str, Any]] = {
    "spoofing": {"min_shares": 1, "ratio": 1, "part": 1, "executed": 100},
    "layering": {"min_shares": 1, "ratio": 1, "part": 1, "executed": 100},
    "wash_trade": {"fit": 1},
    "self_trade": {"trades": 1, "min_shares": 1, "share": 0},
    "quote_stuffing": {"orders": 2, "flickered": 1},
    "marking_the_close": {"close": 0.0000001, "window": 1, "move": 0.01, "min_shares": 1, "share": 0},
    "momentum_ignition": {"orders": 1, "min_shares": 1, "move": 0.01, "turned": 1},
    "order_to_trade": {"ratio": 1, "min_messages": 2},
    "message_rate": {"messages": 1},
    "restricted_list": {"symbols": ["XYZ"]},
}


@given(st.lists(EVENTS, max_size=60))
def test_no_events_break_it_however_tight_the_thresholds(events: list[Event]) -> None:
    settings = {rule: {key: value for key, value in limits.items() if key != "close"} for rule, limits in TIGHT.items()}
    engine = Surveillance(check(settings, RULES))
    for event in events:
        for alert in engine.feed(event):
            assert alert.t == event.t
            assert Alert.from_json(alert.as_json()) == alert


def test_every_rule_is_tried_so_tight() -> None:
    assert list(TIGHT) == [rule.NAME for rule in RULES]


@pytest.mark.parametrize("kind", KINDS)
def test_events_of_orders_never_seen_are_counted(kind: str) -> None:
    engine = Surveillance()
    assert engine.feed(entered(1, 5)._replace(event=kind)) == []
    assert engine.orders.unknown == (kind in (EXECUTED, REDUCED))
