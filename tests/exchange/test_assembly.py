"""A whole exchange put together and driven by a virtual clock: the same settings give the same bytes."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from exchange.account import Login
from exchange.assembly import Session, build_session
from exchange.clock import SECOND
from exchange.journal import open_journal
from exchange.order_log import OrderLog
from exchange.settings import Endpoint, Ports, ServiceError, Settings
from store.surveillance import attribution_file
from store.surveillance.events import OrderEvent

HOUR = 3600 * SECOND


def settings(**changes: Any) -> Settings:
    feed = Endpoint(IPv4Address("239.1.1.1"), 1)
    fixed = {"bind": IPv4Address("127.0.0.1"), "ports": Ports(), "feed_a": feed, "feed_b": feed, "session": "S"}
    return Settings(**fixed, logins=(Login("A", "B", "C"),), **changes)  # type: ignore[arg-type]


def build(of: Settings) -> Session:
    return build_session(of, {}, OrderLog(None))


def feed(session: Session, number: int = 0) -> list[bytes]:
    publisher = session.exchange.venues[number].market.publisher
    messages: list[bytes] = []
    while len(messages) < len(publisher):
        messages += publisher.read(len(messages) + 1, 60_000)
    return messages


def journalled(folder: Path, **changes: Any) -> Session:
    """A session on the journal of a folder, gone through what it holds."""
    of = settings(**changes)
    journal, records = open_journal(folder, of.identity())
    session = build_session(of, {}, OrderLog(None), journal)
    session.resources.callback(journal.close)
    session.exchange.replay(records)
    return session


def let_pass(session: Session, until: int) -> None:
    """Let flow and timers happen in the order of their times."""
    exchange = session.exchange
    while True:
        times = [time for venue in exchange.venues if (time := venue.script.next_time()) is not None]
        deadline = exchange.next_deadline()
        due = min([*times, *([] if deadline is None else [deadline])], default=None)
        if due is None or due > until:
            return
        for number in range(len(exchange.venues)):
            exchange.flow(number, 100, due)
        exchange.advance(due)


def run_until(session: Session, end: int) -> None:
    """A whole session, from its start to its end."""
    session.exchange.start(session.start_time)
    let_pass(session, end - 1)
    session.exchange.end(end)


def test_a_seed_gives_the_same_feed_to_the_byte(real_slice: Path) -> None:
    feeds = []
    for seed in (2**64 - 1, 2**64 - 1, 1):
        with build(settings(replay=real_slice, seed=seed)) as session:
            run_until(session, 34_203 * SECOND)
            feeds.append(feed(session))
    first, again, other = feeds
    assert first == again
    assert first != other
    assert len(first) > 3_000


def test_symbols_of_the_file_keep_their_locates_and_others_get_free_ones(real_slice: Path) -> None:
    with build(settings(replay=real_slice, symbols=("QQQ", "AAPL"))) as session:
        listings = session.market.directory.listings
        assert listings["QQQ"].locate == 6556
        assert listings["AAPL"].locate not in {each.locate for name, each in listings.items() if name != "AAPL"}
        assert listings["QQQ"].price == pytest.approx(2_135_000, rel=0.01), "the usual price of the file"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="No such file"):
        build(settings(replay=tmp_path / "none"))


def test_a_universe_lists_so_many_symbols() -> None:
    with build(settings(universe=500, flow=False)) as session:
        assert len(session.market.directory.listings) == 500


def test_venues_have_books_feeds_and_accounts_of_their_own() -> None:
    with build(settings(venues=("NSDQ", "BX", "PSX"), symbols=("AAPL",))) as session:
        run_until(session, session.start_time + SECOND)
        feeds = [feed(session, number) for number in range(3)]
        assert [venue.name for venue in session.exchange.venues] == ["NSDQ", "BX", "PSX"]
        assert feeds[0] != feeds[1] != feeds[2]
        assert len({id(entry) for venue in session.exchange.venues for entry in venue.entries}) == 3
        assert set(session.counters()["venues"]) == {"NSDQ", "BX", "PSX"}


def test_fees_follow_the_venue() -> None:
    with build(settings(venues=("NSDQ", "BX"), symbols=("AAPL",), flow=False)) as session:
        nasdaq, boston = session.exchange.venues
        assert nasdaq.fees(added=0, removed=1_000) == 30_000, "$0.0030 a share to remove"
        assert nasdaq.fees(added=1_000, removed=0) < 0, "a rebate to add"
        assert boston.fees(added=0, removed=1_000) < 0, "the other way round"


def test_a_trading_day_runs_from_start_to_end_of_messages_with_both_crosses() -> None:
    with build(settings(day=True, symbols=("AAPL", "MSFT"), rate=0.05)) as session:
        run_until(session, 20 * HOUR + 6 * 60 * SECOND)
        messages = feed(session)
    events = [message[11:12] for message in messages if message[:1] == b"S"]
    assert events == [b"O", b"S", b"Q", b"M", b"E", b"C"]
    crosses = [(message[39:40], int.from_bytes(message[11:19], "big")) for message in messages if message[:1] == b"Q"]
    assert [kind for kind, _ in crosses] == [b"O", b"O", b"C", b"C"]
    assert all(shares for _, shares in crosses), "the house sends orders for both crosses"
    assert sum(message[:1] == b"I" for message in messages) > 100
    times = [int.from_bytes(message[5:11], "big") for message in messages]
    assert times == sorted(times)


def test_an_early_close_ends_three_hours_before() -> None:
    with build(settings(day=True, early_close=True, flow=False)) as session:
        run_until(session, 24 * HOUR - 1)
        closes = [message for message in feed(session) if message[:1] == b"S" and message[11:12] == b"M"]
    assert int.from_bytes(closes[0][5:11], "big") == 13 * HOUR


def test_agents_trade_and_say_what_they_did(tmp_path: Path) -> None:
    agents = ("spoof:symbol=AAPL", "quote:symbol=AAPL")
    with build(settings(symbols=("AAPL",), agents=agents, log_dir=tmp_path)) as session:
        run_until(session, session.start_time + 120 * SECOND)
    assert '"kind":"spoof"' in (tmp_path / "labels.jsonl").read_text()


def test_an_agent_for_a_symbol_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="MSFT"):
        build(settings(symbols=("AAPL",), agents=("spoof:symbol=MSFT",)))


def test_attribution_is_written_of_the_first_venue_and_changes_nothing(tmp_path: Path) -> None:
    market: dict[str, Any] = {"venues": ("NSDQ", "BX"), "agents": ("spoof",), "symbols": ("AAPL",)}
    plain = build(settings(**market))
    told = build(settings(**market, log_dir=tmp_path, attribution=True))
    with plain, told:
        for session in (plain, told):
            session.exchange.start(session.start_time)
            let_pass(session, session.start_time + 4 * SECOND)
        assert len(feed(plain)) > 500
        assert feed(plain) == feed(told)
        assert feed(plain, 1) == feed(told, 1)
    events = list(attribution_file.read(tmp_path / "attribution.jsonl"))
    orders = [event for event in events if isinstance(event, OrderEvent)]
    assert {event.venue for event in orders} == {"NSDQ"}
    assert "A001" in {event.account for event in orders}
    with pytest.raises(ServiceError, match=r"cannot write .*attribution\.jsonl: .*; give another --log-dir"):
        (tmp_path / "other").mkdir()
        (tmp_path / "other/attribution.jsonl").mkdir()
        build(settings(**market, log_dir=tmp_path / "other", attribution=True))
