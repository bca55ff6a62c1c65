"""Frames of the management stream in, tables out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.trader.risk.checks import NAMES as CHECKS
from office.dashboard.client import Client
from office.dashboard.hub import STALE_TICKS, Hub
from office.dashboard.reader import Reader
from office.dashboard.schema import ALERTS, FILLS, ORDERS, SERVERS
from protocols import management as m
from protocols import ouch50
from protocols.risk_checks import NAMES as CHECK_NAMES
from tests.office.monitor.test_monitor_books import accepted

SESSION, JOURNAL = 0xA1, 0xB2
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


class Server:
    """Says things to a hub as a server would."""

    def __init__(self, hub: Hub, session: int = SESSION, journal: int = JOURNAL) -> None:
        self.hub, self.session, self.live, self.record, self.now = hub, session, 0, 0, T0
        hello = m.Hello(version=1, session=session, journal=journal, ticks_per_second=2 * SECOND, host="hft1")
        hub.take(session, m.CONTROL, 0, T0, hello.encode())

    def say(self, message: m.ManagementMessage) -> None:
        self.live += 1
        self.hub.take(self.session, m.LIVE, self.live, self.now, message.encode())

    def keep(self, kind: int, payload: bytes, venue: int = 0) -> None:
        self.record += 1
        record = m.JournalRecord(kind=kind, venue=venue, body=payload)
        self.hub.take(self.session, m.JOURNAL, self.record, self.now, record.encode())


def shown(hub: Hub) -> dict[str, list[dict[str, Any]]]:
    client, reader = Client(hub.tables, 0), Reader()
    while (frame := client.frame(0, 0.0, 0)) is not None:
        client.acknowledge(reader.apply(frame).number, 0)
    return {name: list(rows.values()) for name, rows in reader.tables.items()}


def top(symbol: str = "AAPL", bid: int = 100_0000, ask: int = 100_0200, **more: Any) -> m.TopOfBook:
    levels = [(bid, 100), (ask, 300)]
    fields = {"venue": 0, "symbol": symbol, "bid": bid, "bid_shares": 100, "ask": ask, "ask_shares": 300, "last": 0}
    body = b"".join(m.LEVEL.pack(*level) for level in levels)
    return m.TopOfBook(**{**fields, "updates": 7, "bids": 1, "asks": 1, "body": body, **more})


def decision(**more: Any) -> m.Decision:
    fields: dict[str, Any] = dict.fromkeys(
        ("code", "strategy", "venue", "feed_venue", "reference", "replaces", "sequence", "value", "limit"), 0
    )
    fields |= dict.fromkeys(("burst", "parsed", "booked", "decided", "passed", "rung"), 0)
    fields |= {"cause": "B", "side": "B", "symbol": "AAPL", "shares": 100, "price": 100_0000}
    return m.Decision(**(fields | more))


def enter(reference: int, side: str = "B", shares: int = 100, price: int = 100_0000) -> bytes:
    return ouch50.EnterOrder(
        user_ref_num=reference, side=side, quantity=shares, symbol="AAPL", price=price, time_in_force="0", display="Y",
        capacity="P", inter_market_sweep_eligibility="N", cross_type="N", cl_ord_id="",
    ).encode()  # fmt: skip


def executed(reference: int, shares: int, price: int, match: int = 1) -> bytes:
    return ouch50.OrderExecuted(
        timestamp=0, user_ref_num=reference, quantity=shares, price=price, liquidity_flag="A", match_number=match
    ).encode()


def test_the_names_of_the_checks_are_the_traders() -> None:
    named = {code: name for code, name in enumerate(CHECKS) if name}
    assert {code: CHECK_NAMES[code] for code in named if code} == {c: n for c, n in named.items() if c}
    assert len(CHECK_NAMES) == len(CHECKS)


def test_a_book_is_shown_as_it_was_last_said_with_its_levels() -> None:
    hub = Hub()
    server = Server(hub)
    server.say(top(bid=99_0000))
    server.say(top())
    (row,) = shown(hub)["books"]
    assert (row["symbol"], row["bid"], row["ask_shares"], row["updates"]) == ("AAPL", 100_0000, 300, 7)
    client, reader = Client(hub.tables, 0), Reader()
    client.select(1)
    frame = client.frame(0, 0.0, 0)
    assert frame is not None
    reader.apply(frame)
    assert reader.tables["ladder"][1]["levels"] == m.LEVEL.pack(100_0000, 100) + m.LEVEL.pack(100_0200, 300)


def test_levels_that_are_announced_and_not_there_are_not_shown() -> None:
    hub = Hub()
    Server(hub).say(top(bids=200, asks=200))
    ladder = hub.tables[2].encoded(1)
    assert ladder is not None
    assert ladder[4:6] == bytes((2, 0))


def test_what_the_strategies_are_called_comes_later_and_reaches_rows_that_are_there_already() -> None:
    hub = Hub()
    server = Server(hub)
    server.keep(m.DECISION, decision(strategy=1, reference=5).encode())
    server.keep(m.OUT, enter(5))
    assert shown(hub)["orders"][0]["strategy"] == "strategy 1"
    server.say(m.Stats(body=json.dumps({"strategies": {"0:market_maker": {}, "1:taker": {}}}).encode()))
    assert (shown(hub)["orders"][0]["strategy"], shown(hub)["orders"][0]["cause"]) == ("taker", "book")


def test_a_refusal_is_shown_with_its_check_and_counted() -> None:
    hub = Hub()
    server = Server(hub)
    server.keep(m.DECISION, decision(code=12, value=2_100, limit=2_000).encode())
    server.keep(m.DECISION, decision(reference=1).encode())
    found = shown(hub)
    (row,) = found["refusals"]
    assert (row["check"], row["value"], row["limit"], row["number"]) == ("position", 2_100, 2_000, 1)
    assert {(row["check"], row["count"]) for row in found["checks"]} == {("passed", 1), ("position", 1)}


def test_profit_is_exact_and_what_trader_and_journal_disagree_about_is_marked_with_its_time() -> None:
    hub = Hub()
    server = Server(hub)
    server.say(top())
    server.keep(m.OUT, enter(1, shares=300))
    server.keep(m.IN, executed(1, 300, 99_0000))
    hub.tick(T0)
    (row,) = shown(hub)["positions"]
    assert row["mark"] == 100_0100
    assert row["total"] == 300 * (100_0100 - 99_0000)
    assert (row["shares"], row["journal"], row["apart"]) == (300, 300, 0)
    server.now += SECOND
    server.say(m.Position(symbol="AAPL", shares=200, exposed_buy=0, exposed_sell=0, open_notional=0))
    (row,) = shown(hub)["positions"]
    assert (row["shares"], row["journal"], row["apart"]) == (200, 300, (T0 + SECOND) / 1e6)
    server.say(m.Position(symbol="AAPL", shares=300, exposed_buy=0, exposed_sell=0, open_notional=0))
    assert shown(hub)["positions"][0]["apart"] == 0


def test_a_journal_record_that_comes_twice_counts_once() -> None:
    hub = Hub()
    server = Server(hub)
    server.keep(m.OUT, enter(1))
    record = m.JournalRecord(kind=m.IN, venue=0, body=executed(1, 100, 99_0000)).encode()
    for _ in range(3):
        hub.take(SESSION, m.JOURNAL, 2, T0, record)
    assert len(shown(hub)["fills"]) == 1
    assert hub.journal_known(JOURNAL) == 2


@pytest.mark.parametrize("journal", [JOURNAL, 0xC4], ids=["same journal", "new journal"])
def test_after_a_restart_the_journal_says_the_position_that_the_trader_says(journal: int) -> None:
    hub = Hub()
    first = Server(hub)
    first.keep(m.OUT, enter(1))
    answers = [accepted(1, "B", 100).encode(), executed(1, 100, 99_0000)]
    for answer in answers:
        first.keep(m.IN, answer)
    first.say(m.Connection(open=0))
    second = Server(hub, session=0xC3, journal=journal)
    second.record = first.record if journal == JOURNAL else 0
    for answer in answers:
        second.keep(m.IN, answer)
    second.say(m.Position(symbol="AAPL", shares=100, exposed_buy=0, exposed_sell=0, open_notional=0))
    found = shown(hub)
    assert [(row["shares"], row["journal"], row["apart"]) for row in found["positions"]] == [(100, 100, 0)]
    assert [(row["reference"], row["state"]) for row in found["orders"]] == [(1, "filled")]
    assert len(found["fills"]) == 1
    assert [row["executions"] for row in found["servers"]] == [1]


def test_the_next_run_of_a_server_goes_on_with_its_orders_in_the_same_row() -> None:
    hub = Hub()
    first = Server(hub)
    first.keep(m.OUT, enter(1))
    first.say(m.State(body=b"killed"))
    second = Server(hub, session=0xC3)
    second.record = first.record
    second.keep(m.IN, executed(1, 100, 99_0000))
    found = shown(hub)
    assert [(row["session"], row["killed"]) for row in found["servers"]] == [(f"{0xC3:016x}", 0)]
    assert [row["state"] for row in found["orders"]] == ["filled"]


def test_a_host_with_a_new_journal_takes_the_place_of_its_last_run_but_not_of_one_that_is_connected() -> None:
    hub = Hub()
    first = Server(hub)
    first.say(top())
    first.keep(m.OUT, enter(1))
    first.keep(m.IN, executed(1, 100, 99_0000))
    first.keep(m.DECISION, decision(code=12).encode())
    first.say(m.Counters.of("nic", {"frames": 1}))
    Server(hub, session=0xC3, journal=0xC4)
    assert len(shown(hub)["servers"]) == 2 and len(shown(hub)["orders"]) == 1
    first.say(m.Connection(open=0))
    third = Server(hub, session=0xD5, journal=0xD6)
    found = shown(hub)
    assert [row["session"] for row in found["servers"]] == [f"{0xC3:016x}", f"{0xD5:016x}"]
    for name in ("books", "orders", "fills", "positions", "refusals", "counters"):
        assert found[name] == [], name
    hub.tick(T0)
    third.say(top())
    third.keep(m.OUT, enter(1))
    assert len(shown(hub)["books"]) == len(shown(hub)["orders"]) == 1


def test_a_server_that_says_nothing_is_stale_and_one_that_speaks_again_is_not() -> None:
    hub = Hub()
    server = Server(hub)
    for second in range(STALE_TICKS + 1):
        hub.tick(T0 + second * SECOND)
    assert shown(hub)["servers"][0]["stale"] == 1
    server.say(m.State(body=b"trading"))
    hub.tick(T0 + 10 * SECOND)
    assert shown(hub)["servers"][0]["stale"] == 0
    assert [row["text"] for row in shown(hub)["log"]] == ["silent", "trading", "heard again"]


def test_numbers_that_never_came_are_counted_once_the_watch_has_settled() -> None:
    hub = Hub()
    hub.source_began()
    server = Server(hub)
    server.live = 50
    server.say(m.State(body=b"trading"))  # the latest of everything: numbers as they come
    server.live = 20
    server.say(top())
    hub.tick(T0)
    hub.tick(T0)
    server.live = 60
    server.say(top())
    server.live += 4
    server.say(top())
    assert shown(hub)["servers"][0]["lost"] == 9 + 4


def test_a_lost_collector_shows_in_every_server() -> None:
    hub = Hub()
    Server(hub)
    hub.source_lost(T0, "no collector answers")
    found = shown(hub)
    assert found["servers"][0]["open"] == 0
    assert found["log"][-1]["level"] == "fault"
    assert hub.hosts() == []


def test_a_server_on_another_configuration_than_it_was_given_is_a_fault() -> None:
    hub = Hub()
    server = Server(hub)
    server.say(m.State(body=b"configuration: running on the last good configuration, x; y refused: nic.prot: unknown"))
    server.say(m.State(body=b"trading"))
    assert [(row["level"], row["text"].partition(":")[0]) for row in shown(hub)["log"]] == [
        ("fault", "configuration"),
        ("info", "trading"),
    ]


def test_counters_get_their_rates_and_what_is_not_whole_of_a_group_is_left_out() -> None:
    hub = Hub()
    server = Server(hub)
    for value in (100, 350):
        server.say(m.Counters.of("feed.0", {"messages": value}))
        server.now += SECOND
    server.say(m.Counters(group="feed.0", body=b"\x20short"))
    found = shown(hub)
    (row,) = found["counters"]
    assert (row["group"], row["name"], row["value"], row["rate"]) == ("feed.0", "messages", 350, 250.0)


def test_latencies_are_of_the_interval_in_ns_of_the_servers_clock() -> None:
    hub = Hub()
    server = Server(hub)
    for count in (10, 110):
        body = m.BUCKET.pack(40, 10) + (m.BUCKET.pack(60, count - 10) if count > 10 else b"")
        server.say(m.Latency(name="tick_to_trade", least=40, greatest=60, body=body))
        server.now += SECOND
    first, second = shown(hub)["latency"]
    assert (first["count"], first["p50"], first["name"]) == (10, 20.0, "tick_to_trade")
    assert (second["count"], second["p50"], second["max"]) == (100, 30.0, 30.0)


def test_alerts_are_kept_by_id_and_change_in_place() -> None:
    hub = Hub()
    alert = {"id": "a1", "rule": "spoofing", "severity": "high", "t": T0, "text": "…", "evidence": "", "state": "open"}
    hub.alerts([alert])
    hub.alerts([{**alert, "state": "acknowledged", "who": "ann"}, {**alert, "id": "a2"}])
    rows = shown(hub)["alerts"]
    assert [(row["alert"], row["state"], row["who"]) for row in rows] == [
        ("a1", "acknowledged", "ann"),
        ("a2", "open", ""),
    ]


@pytest.mark.parametrize("kind", [m.OUT, m.IN, m.DECISION, 99])
@given(payload=st.binary(max_size=80))
def test_no_payload_of_a_journal_record_raises(kind: int, payload: bytes) -> None:
    hub = Hub()
    Server(hub).keep(kind, payload)
    shown(hub)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**64 - 1), st.binary(max_size=120)), max_size=20))
def test_no_frame_raises_whatever_it_is(frames: list[tuple[int, int, bytes]]) -> None:
    hub = Hub()
    for stream, number, message in frames:
        hub.take(SESSION, stream, number, T0, message)
    hub.tick(T0)
    shown(hub)
    assert hub.source_rows == len(frames)


@given(st.sampled_from(list(m.MESSAGES.values())), st.binary(max_size=300))
def test_no_message_of_a_known_type_raises(kind: type[m.ManagementMessage], rest: bytes) -> None:
    hub = Hub()
    server = Server(hub)
    server.hub.take(SESSION, m.LIVE, 1, T0, kind.TYPE.encode() + rest)
    hub.take(SESSION, m.LIVE, 2, T0, kind.TYPE.encode() + rest[: kind.SIZE - 1].ljust(kind.SIZE - 1, b" ") + b"AAA")
    hub.tick(T0)
    shown(hub)


def test_profit_has_a_point_each_second_from_the_first_execution_until_nobody_trades() -> None:
    hub = Hub()
    server = Server(hub)
    for second in range(3):
        hub.tick(T0 + second * SECOND)
    assert shown(hub)["pnl"] == [], "nobody has traded"
    server.say(top(bid=99_0000, ask=99_0000))
    server.keep(m.OUT, enter(1))
    server.keep(m.IN, executed(1, 100, 99_0000))  # worth what it cost: a profit of nothing is a profit too
    for second in range(3, 6):
        hub.tick(T0 + second * SECOND)
    server.say(m.Connection(open=0))
    hub.tick(T0 + 6 * SECOND)
    points = [(row["t"], row["total"]) for row in shown(hub)["pnl"]]
    assert points == [((T0 + second * SECOND) / 1e6, 0.0) for second in range(3, 6)]


def test_the_gates_counts_and_the_course_of_profit_are_of_the_run_that_is_shown() -> None:
    hub = Hub()
    first = Server(hub)
    first.keep(m.OUT, enter(1))
    first.keep(m.IN, executed(1, 100, 99_0000))
    for code in (0, 12, 12):
        first.keep(m.DECISION, decision(code=code, reference=1 - code // 12).encode())
    hub.tick(T0)
    first.say(m.Connection(open=0))
    second = Server(hub, session=0xD5, journal=0xD6)
    second.keep(m.DECISION, decision(code=12).encode())
    found = shown(hub)
    assert [(row["code"], row["count"]) for row in found["checks"]] == [(12, 1)]
    assert found["servers"][0]["refused"] == 1
    assert found["pnl"] == []


def test_totals_of_a_server_change_with_its_tables_and_not_a_second_later() -> None:
    hub = Hub()
    server = Server(hub)
    shown(hub)
    hub.take_changes()
    server.keep(m.OUT, enter(1))
    server.keep(m.IN, executed(1, 100, 99_0000))
    changed = {table for table, _ in hub.take_changes()}
    assert {SERVERS.number, FILLS.number, ORDERS.number} <= changed


def test_a_server_that_is_gone_has_no_rates_and_one_that_failed_says_so() -> None:
    hub = Hub()
    server = Server(hub)
    for value in (100, 350):
        server.say(m.Counters.of("feed.0", {"messages": value}))
        server.now += SECOND
    server.say(m.Exit(status=3, body=b"no card"))
    assert shown(hub)["counters"][0]["rate"] == 250.0
    server.say(m.Connection(open=0))
    found = shown(hub)
    assert (found["counters"][0]["rate"], found["counters"][0]["value"]) == (0.0, 350)
    assert (found["servers"][0]["failed"], found["servers"][0]["ended"]) == (1, "no card")


def test_an_alert_that_made_room_for_newer_ones_does_not_come_back() -> None:
    hub = Hub()
    alert = {"rule": "spoofing", "severity": "high", "t": T0, "text": "", "evidence": "", "state": "open"}
    hub.alerts([{**alert, "id": f"a{number}"} for number in range(ALERTS.limit + 1)])
    hub.alerts([{**alert, "id": "a0", "state": "acknowledged"}])
    rows = shown(hub)["alerts"]
    assert len(rows) == ALERTS.limit
    assert "a0" not in {row["alert"] for row in rows}
