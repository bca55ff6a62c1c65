"""The monitor: two streams in, one picture out; what differs is shown by name, what breaks a limit is an alert."""

import json
from pathlib import Path
from typing import Any

import pytest

from office.files import Entry
from office.monitor.limits import LIMITS, LimitsError, read, uses
from office.monitor.monitor import Monitor
from protocols.management import (
    ALL_VENUES,
    DECISION,
    IN,
    LIVE,
    OUT,
    Decision,
    Frame,
    Hello,
    ManagementMessage,
    Position,
    State,
    TopOfBook,
)
from protocols.ouch50 import Rejected
from store.surveillance.alert import Alert
from store.surveillance.catalogue import RULES
from store.surveillance.dispositions import State as AlertState
from store.surveillance.engine import Surveillance
from store.surveillance.events import Event
from store.surveillance.thresholds import check
from tests.office.monitor.test_monitor_books import accepted, cancelled, copy, executed

S = 1_000_000_000
NOW = 1_700_000_000 * S
LIMITED = {"position_shares": 150, "loss": 10_000 * 10_000}


def position(shares: int, buys: int = 0, sales: int = 0) -> Position:
    return Position(symbol="AAPL", shares=shares, exposed_buy=buys, exposed_sell=sales, open_notional=0)


def quote(bid: int, ask: int, venue: int) -> TopOfBook:
    return TopOfBook(
        venue=venue,
        symbol="AAPL",
        bid=bid,
        bid_shares=100,
        ask=ask,
        ask_shares=100,
        last=bid,
        updates=1,
        bids=0,
        asks=0,
    )


def hello(session: int, host: str) -> Hello:
    return Hello(version=1, session=session, journal=5, ticks_per_second=1_000, host=host)


class Feed:
    """Feeds a monitor; the clock stands still between calls unless it is told to go on."""

    def __init__(self, limits: dict[str, int] | None = None, **more: Any) -> None:
        self.monitor = Monitor(limits or {}, **more)
        self.now = NOW
        self.number = 0

    def copies(self, *messages: Any) -> None:
        for message in messages:
            self.number += 1
            self.monitor.on_copy("NSDQ", self.number, copy(message), self.now)

    def frame(self, message: ManagementMessage, session: int = 9) -> None:
        self.monitor.on_frame(session, Frame(LIVE, 1, self.now, message), self.now)

    def position(self, shares: int, buys: int = 0, sales: int = 0, session: int = 9) -> None:
        self.frame(position(shares, buys, sales), session)

    def quote(self, bid: int, ask: int, venue: int = ALL_VENUES) -> None:
        self.frame(quote(bid, ask, venue))

    def after(self, seconds: float) -> dict[str, Any]:
        self.now += round(seconds * S)
        self.monitor.tick(self.now)
        return self.monitor.snapshot(self.now)


def test_positions_profit_and_exposure() -> None:
    feed = Feed()
    feed.copies(accepted(1, "B", 300), executed(1, 200, 1_000_000, 5))
    assert feed.after(0)["positions"][0]["profit"] is None, "without a mid nobody knows"
    assert feed.after(0)["unmarked"] == ["AAPL"]
    feed.quote(1_000_500, 1_000_700)
    feed.position(200, 100)
    found = feed.after(0)
    (row,) = found["positions"]
    assert (row["shares"], row["trader_shares"], row["open_buy"], row["mid"]) == (200, 200, 100, 1_000_600)
    assert row["profit"] == found["profit"] == 200 * 600
    assert found["exposure"] == {"gross": 200 * 1_000_600, "net": 200 * 1_000_600, "open_notional": 100 * 1_000_000}
    assert (found["messages"], found["executions"], found["open_orders"], found["unmarked"]) == (1, 1, 1, [])
    feed.copies(cancelled(1, 100), accepted(2, "S", 200), executed(2, 200, 1_000_400, 6))
    found = feed.after(0)
    assert found["profit"] == 200 * 400
    assert found["exposure"]["gross"] == 0
    assert json.dumps(found)


def test_half_a_price_is_rounded_down_once() -> None:
    feed = Feed()
    feed.quote(1_000_000, 1_000_001)
    feed.copies(accepted(1, "B", 1), executed(1, 1, 1_000_000, 5))
    assert feed.after(0)["profit"] == 0
    feed.copies(accepted(2, "S", 2), executed(2, 2, 1_000_000, 6))
    assert feed.after(0)["profit"] == -1


def test_what_the_trader_says_too_late_or_too_early_is_no_difference() -> None:
    feed = Feed()
    feed.position(0)
    feed.copies(accepted(1, "B", 100), executed(1, 100, 1_000_000, 5))
    assert feed.after(1.9)["differences"] == [], "it may be on its way"
    feed.position(100)
    assert feed.after(10)["differences"] == []
    feed.position(150)
    assert feed.after(1)["differences"] == [], "the drop copy may be on its way"
    feed.copies(accepted(2, "B", 50), executed(2, 50, 1_000_000, 6))
    assert feed.after(10)["differences"] == []


def test_a_figure_that_never_stands_still_is_compared_with_the_recent_past() -> None:
    feed = Feed()
    for i in range(1, 60):
        feed.copies(accepted(i, "B", i), executed(i, i, 1_000_000, i))
        if i > 3:
            feed.position(sum(range(i - 2)))
        assert feed.after(0.1)["differences"] == [], "always three executions behind"


def test_a_difference_that_stays_is_shown_by_name_and_is_one_alert() -> None:
    feed = Feed()
    feed.position(100, 40)
    feed.copies(accepted(1, "B", 100))
    found = feed.after(2.1)
    assert [(one["name"], one["symbol"], one["drop_copy"], one["trader"]) for one in found["differences"]] == [
        ("open buys", "AAPL", 100, 40),
        ("position", "AAPL", 0, 100),
    ]
    feed.after(5)
    assert [one["text"] for one in feed.monitor.alerts()] == [
        "AAPL: open buys 100 by the drop copy, 40 by the trader",
        "AAPL: position 0 by the drop copy, 100 by the trader",
    ]
    feed.position(0, 100)
    assert feed.after(0)["differences"] == []
    feed.position(7, 100)
    feed.after(3)
    assert len(feed.monitor.alerts()) == 3, "a new one begins"


def test_limits_warn_and_are_broken() -> None:
    feed = Feed(LIMITED)
    feed.quote(1_000_000, 1_000_000)
    feed.copies(accepted(1, "B", 300), executed(1, 119, 1_000_000, 5))
    assert [(one["name"], one["state"]) for one in feed.after(0)["limits"]] == [
        ("position_shares", "ok"),
        ("loss", "ok"),
    ]
    feed.copies(executed(1, 1, 1_000_000, 6))
    assert feed.after(0)["limits"][0]["state"] == "warning"
    feed.copies(executed(1, 30, 1_000_000, 7))
    assert feed.after(0)["limits"][0]["state"] == "warning", "the limit itself is allowed"
    feed.copies(executed(1, 1, 1_000_000, 8))
    found = feed.after(0)
    assert found["limits"][0] == {
        "name": "position_shares",
        "value": 151,
        "limit": 150,
        "percent": 100.7,
        "state": "breach",
    }
    feed.after(1)
    assert [one["rule"] for one in feed.monitor.alerts()] == ["limit.position_shares"]
    feed.quote(300_000, 300_000)
    assert "limit.loss" in [one["rule"] for one in feed.after(0)["alerts"]]


def test_surveillance_watches_the_drop_copy() -> None:
    rules = Surveillance(check({"restricted_list": {"symbols": ["AAPL"]}}, RULES))
    feed = Feed(surveillance=rules)
    feed.copies(accepted(1, "B", 100))
    (alert,) = feed.monitor.alerts()
    assert (alert["rule"], alert["state"], alert["t"]) == ("restricted_list", "open", NOW)
    assert "orders 7001" in alert["evidence"]
    feed.monitor.acknowledge(alert["id"], "ann")
    assert [(one["state"], one["who"]) for one in feed.monitor.alerts()] == [("acknowledged", "ann")]
    with pytest.raises(KeyError):
        feed.monitor.acknowledge("nothing", "ann")
    # Started again, it knows from the audit log what was decided.
    again = Feed(surveillance=Surveillance(check({"restricted_list": {"symbols": ["AAPL"]}}, RULES)),
                 states={alert["id"]: AlertState("closed", "bob")})  # fmt: skip
    again.copies(accepted(1, "B", 100))
    assert [(one["state"], one["who"]) for one in again.monitor.alerts()] == [("closed", "bob")]


def test_messages_twice_missing_and_malformed() -> None:
    feed = Feed()
    feed.copies(accepted(1, "B", 100))
    feed.monitor.on_copy("NSDQ", 1, copy(accepted(1, "B", 100)), NOW)
    feed.monitor.on_copy("NSDQ", 4, copy(executed(1, 60, 1_000_000, 5)), NOW)
    feed.monitor.on_copy("NSDQ", 5, b"rubbish", NOW)
    feed.monitor.on_copy("BX", 1, copy(accepted(1, "S", 30), venue="BX"), NOW)
    found = feed.after(0)
    assert (found["missed"], found["malformed"], found["open_orders"]) == (2, 1, 2)
    assert found["positions"][0]["shares"] == 60


def test_a_new_run_of_a_host_replaces_the_old_one() -> None:
    feed = Feed()
    feed.frame(hello(9, "hft1"), 9)
    feed.frame(State(body=b"trading"), 9)
    feed.position(100, session=9)
    feed.frame(hello(8, "hft2"), 8)
    feed.position(30, session=8)
    assert feed.after(0)["positions"][0]["trader_shares"] == 130
    feed.frame(hello(10, "hft1"), 10)
    feed.position(5, session=10)
    found = feed.after(0)
    assert found["positions"][0]["trader_shares"] == 35
    assert [(one["host"], one["state"]) for one in found["servers"]] == [("hft2", ""), ("hft1", "")]


def test_what_an_old_run_said_last_does_not_count_again() -> None:
    feed = Feed()
    # To whoever begins to watch the collector hands out all greetings, then the latest of each run.
    feed.frame(hello(9, "hft1"), 9)
    feed.frame(hello(10, "hft1"), 10)
    feed.position(100, session=9)
    feed.position(100, session=10)
    found = feed.after(0)
    assert found["positions"][0]["trader_shares"] == 100
    assert [one["session"] for one in found["servers"]] == [f"{10:016x}"]
    feed.frame(hello(9, "hft1"), 9)
    feed.position(7, session=9)
    assert feed.after(0)["positions"][0]["trader_shares"] == 7, "who greets last is the host's"


def test_a_position_without_a_mid_is_held_against_the_limits_at_the_last_price() -> None:
    feed = Feed({"gross_exposure": 900_000, "net_exposure": 900_000})
    feed.copies(accepted(1, "S", 2), executed(1, 2, 1_000_000, 5))
    found = feed.after(0)
    assert found["exposure"] == {"gross": 2_000_000, "net": -2_000_000, "open_notional": 0}
    assert [one["state"] for one in found["limits"]] == ["breach", "breach"]
    feed.quote(400_000, 400_000)
    assert feed.after(0)["exposure"]["gross"] == 800_000


def test_what_is_refused_again_and_again_is_found() -> None:
    rules = Surveillance(check({"message_rate": {"messages": 5}}, RULES))
    feed = Feed(surveillance=rules)
    feed.copies(*(Rejected(timestamp=10, user_ref_num=i, reason=13, cl_ord_id="") for i in range(1, 6)))
    (alert,) = feed.monitor.alerts()
    assert (alert["rule"], alert["text"]) == ("message_rate", "account HFT1 sent 5 messages in 1000 ms")
    assert feed.after(0)["positions"] == [], "a refusal has no symbol"


def test_quotes_from_before_the_exchange_told_its_time_are_no_later_than_the_first_order() -> None:
    fed: list[Event] = []

    class Listening(Surveillance):
        def feed(self, event: Event) -> list[Alert]:
            fed.append(event)
            return super().feed(event)

    feed = Feed(surveillance=Listening())
    feed.quote(1_000_000, 1_000_200)
    feed.copies(accepted(1, timestamp=1_000))
    feed.after(1)
    feed.quote(1_000_000, 1_000_300)
    assert [one.t for one in fed] == [0, 1_000, 1_000 + S]


def test_the_book_of_all_venues_counts_once_it_is_there() -> None:
    feed = Feed()
    feed.copies(accepted(1))
    feed.quote(100, 200, venue=0)
    assert feed.after(0)["positions"][0]["mid"] == 150
    feed.quote(300, 400)
    feed.quote(100, 200, venue=0)
    assert feed.after(0)["positions"][0]["mid"] == 350


def test_the_limits_that_come_with_it_are_read_and_shown(tmp_path: Path) -> None:
    limits = read()
    assert set(limits) == {one.name for one in LIMITS}
    assert limits["loss"] == 50_000 * 10_000
    assert [use.percent for use in uses({"loss": 25_000 * 10_000}, limits)] == [50.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss = 0", "loss = 0: give 1 to 1e\\+12"),
        ("loss = true", "loss = True: give"),
        ("loss = 'much'", "loss = 'much': give"),
        ("loss = nan", "loss = nan: give"),
        ("gain = 1", "gain: no such limit; there are position_shares"),
        ("loss", "is no TOML file"),
    ],
)
def test_wrong_limits(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(LimitsError, match=message):
        read(path)
    with pytest.raises(LimitsError, match="cannot read"):
        read(tmp_path / "missing.toml")


def decision(reference: int, strategy: int) -> bytes:
    return Decision(
        code=0,
        strategy=strategy,
        cause="B",
        venue=0,
        feed_venue=0,
        side="B",
        symbol="AAPL",
        reference=reference,
        replaces=0,
        shares=100,
        price=1_000_000,
        sequence=1,
        value=0,
        limit=0,
        burst=0,
        parsed=0,
        booked=0,
        decided=0,
        passed=0,
        rung=0,
    ).encode()


def test_without_a_drop_copy_the_servers_journal_says_the_same() -> None:
    feed = Feed(surveillance=Surveillance(check({"restricted_list": {"symbols": ["AAPL"]}}, RULES)))
    records = [
        (OUT, b"whatever was sent"),
        (DECISION, decision(1, 3)),
        (IN, accepted(1, "B", 100).encode()),
        (IN, executed(1, 60, 1_000_000, 5).encode()),
        (IN, b"?"),
        (DECISION, b"?"),
    ]
    for _ in range(2):
        for number, (kind, payload) in enumerate(records, 1):
            feed.monitor.on_journal(Entry(77, number, NOW, kind, 0, payload), NOW)
    found = feed.after(0)
    assert [(row["symbol"], row["shares"], row["open_buy"]) for row in found["positions"]] == [("AAPL", 60, 40)]
    assert (found["missed"], found["malformed"], feed.monitor.journal_known(77)) == (0, 2, 6)
    assert found["drop_copies"] == [{"source": f"journal {77:016x}", "connected": True, "sequence": 6}]
    assert "account strategy 3" in feed.monitor.alerts()[0]["text"]


@pytest.mark.parametrize("journals", [(77, 77), (77, 78)], ids=["one journal", "two journals"])
def test_a_restart_of_the_trader_counts_no_execution_twice(journals: tuple[int, int]) -> None:
    feed = Feed()
    answers = [accepted(1, "B", 100), executed(1, 100, 1_000_000, 5)]
    numbers = dict.fromkeys(journals, 0)
    for journal in journals:
        for answer in answers:
            numbers[journal] += 1
            feed.monitor.on_journal(Entry(journal, numbers[journal], NOW, IN, 0, answer.encode()), NOW, "hft1")
    found = feed.after(0)
    assert [(row["shares"], row["bought"], row["open_buy"]) for row in found["positions"]] == [(100, 100, 0)]
    assert (found["executions"], found["messages"], found["unknown"], found["missed"]) == (1, 1, 0, 0)


def test_two_journals_of_one_host_that_begin_alike_count_once() -> None:
    feed = Feed()
    records = [
        (OUT, b"whatever was sent"),
        (DECISION, decision(1, 3)),
        (IN, accepted(1, "B", 100).encode()),
        (IN, executed(1, 60, 1_000_000, 5).encode()),
    ]
    more = [*records, (IN, executed(1, 40, 1_000_000, 6).encode())]
    for journal, kept in ((77, records), (78, more)):
        for number, (kind, payload) in enumerate(kept, 1):
            feed.monitor.on_journal(Entry(journal, number, NOW, kind, 0, payload), NOW, "hft1")
    found = feed.after(0)
    assert [(row["shares"], row["open_buy"]) for row in found["positions"]] == [(100, 0)]
    assert (found["executions"], found["messages"], found["unknown"]) == (2, 1, 0)


def test_two_hosts_number_their_orders_for_themselves() -> None:
    feed = Feed()
    for journal, host in ((77, "hft1"), (78, "hft2")):
        for number, answer in enumerate((accepted(1, "B", 100), executed(1, 100, 1_000_000, 5)), 1):
            feed.monitor.on_journal(Entry(journal, number, NOW, IN, 0, answer.encode()), NOW, host)
    assert [row["shares"] for row in feed.after(0)["positions"]] == [200]
