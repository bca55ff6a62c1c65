"""The core is a function of its inputs: fed with its journal, another one is in the same state and says the same."""

import random
from pathlib import Path
from typing import Any

import pytest

from exchange.assembly import Session, build_session
from exchange.clock import SECOND
from exchange.commands import CommandError
from exchange.journal import FILE, FLOW, JournalError, open_journal, read_records
from exchange.order_log import OrderLog
from exchange.settings import Settings
from tests.exchange import test_assembly
from tests.exchange.conftest import cancel, enter
from tests.exchange.recording_line import Wire
from tests.exchange.test_assembly import feed, settings

SETUP = {"symbols": ("AAPL", "MSFT"), "rate": 2_000.0}


def journalled(folder: Path, **changes: Any) -> Session:
    return test_assembly.journalled(folder, **SETUP, **changes)


def trade(session: Session, seed: int, begin: int = 0, steps: int = 300) -> int:
    """A client and the house trade; an operator halts and resumes; the client vanishes. Returns the time of its end."""
    rng = random.Random(seed)
    exchange = session.exchange
    entry = exchange.venues[0].entries[0]
    now = max(session.start_time, begin)
    if not exchange.started:
        exchange.start(now)
    ref = entry.account.counters.received
    for step in range(steps):
        now += rng.randrange(SECOND // 200)
        exchange.flow(0, 20, now)
        ref += 1
        price = exchange.venues[0].market.directory.listings["AAPL"].price + 100 * rng.randint(-3, 3)
        exchange.on_message(entry, enter(ref, rng.choice("BS"), price=price), now)
        if rng.random() < 0.3:
            exchange.on_message(entry, cancel(rng.randint(1, ref)), now)
        if step == steps // 3:
            exchange.command({"do": "halt", "symbol": "MSFT"}, now)
        if step == steps // 2:
            exchange.command({"do": "quote", "symbol": "MSFT"}, now)
            exchange.command({"do": "resume", "symbol": "MSFT"}, now)
        exchange.advance(now)
        exchange.commit(now)
    exchange.on_disconnect_due(entry, now)
    exchange.commit(now)
    return now


def streams(session: Session) -> list[list[bytes]]:
    return [entry.account.stream.read(1) for venue in session.exchange.venues for entry in venue.entries]


def test_a_replayed_journal_gives_the_same_state_feed_and_answers(tmp_path: Path) -> None:
    with journalled(tmp_path) as first:
        trade(first, 1)
        before = first.exchange.state_hash(), feed(first), streams(first)
    with journalled(tmp_path) as second:
        assert (second.exchange.state_hash(), feed(second), streams(second)) == before
        resumed = second.exchange.resumed
        assert resumed is not None
        assert (resumed["inputs"] > 1_000, resumed["state_hash"]) == (True, before[0])
    assert len(before[1]) > 1_000
    assert any(message[:1] == b"E" for message in before[2][0])


def test_a_resumed_exchange_goes_on_as_one_that_never_stopped(tmp_path: Path) -> None:
    with journalled(tmp_path / "whole") as whole:
        trade(whole, 2, trade(whole, 1))
        expected = whole.exchange.state_hash()
    with journalled(tmp_path / "parts") as part:
        stopped = trade(part, 1)
    with journalled(tmp_path / "parts") as part:
        assert part.exchange.last_time == stopped
        trade(part, 2, stopped)
        assert part.exchange.state_hash() == expected


def test_nothing_is_sent_while_a_journal_is_replayed(tmp_path: Path) -> None:
    with journalled(tmp_path) as first:
        trade(first, 1)
    of = settings(**SETUP)
    journal, records = open_journal(tmp_path, of.identity())
    wire = Wire()
    with build_session(of, {"NSDQ": [wire]}, OrderLog(None), journal) as session:
        session.exchange.replay(records)
        assert wire.packets == []
    journal.close()


def test_checks_in_the_journal_find_a_state_that_differs(tmp_path: Path) -> None:
    with journalled(tmp_path, checks=50) as first:
        trade(first, 1)
    with journalled(tmp_path, checks=50):
        pass
    of = settings(**SETUP, checks=50)
    tampered = [record for record, _ in read_records(tmp_path / FILE)][1:]
    del tampered[next(number for number, record in enumerate(tampered) if record.kind == FLOW)]
    with build_session(of, {}, OrderLog(None)) as session, pytest.raises(JournalError, match="leads to state"):
        session.exchange.replay(iter(tampered))


def test_garbage_from_a_client_is_an_input_like_any_other(tmp_path: Path) -> None:
    with journalled(tmp_path) as first:
        exchange = first.exchange
        exchange.start(first.start_time)
        with pytest.raises(ValueError, match="not an OUCH"):
            exchange.on_message(exchange.venues[0].entries[0], b"?", first.start_time)
        exchange.commit(0)
        expected = exchange.state_hash()
    with journalled(tmp_path) as second:
        assert second.exchange.state_hash() == expected


def test_a_refused_command_changes_nothing_then_and_in_the_replay(tmp_path: Path) -> None:
    with journalled(tmp_path) as first:
        first.exchange.start(first.start_time)
        for request, reason in (
            ({"do": "halt", "symbol": "NONE"}, "unknown symbol 'NONE'"),
            ({"do": "resume", "symbol": "AAPL"}, "trades already"),
            ({"do": "break", "match": "x"}, "match 'x' is out of range"),
            ({"do": "halt"}, "needs 'symbol'"),
            ({"do": "halt", "symbol": "AAPL", "why": "x"}, "no 'why'"),
            ({"do": "halt", "symbol": "AAPL", "venue": "BX"}, "unknown venue 'BX'"),
            ({"do": "dance"}, "unknown command 'dance'"),
            ({"do": "end"}, "not for operators"),
        ):
            with pytest.raises(CommandError, match=reason):
                first.exchange.command(request, first.start_time)
        first.exchange.commit(0)
        expected = first.exchange.state_hash()
    with journalled(tmp_path) as second:
        assert second.exchange.state_hash() == expected


def test_looking_is_not_journalled(tmp_path: Path) -> None:
    with journalled(tmp_path) as first:
        first.exchange.start(first.start_time)
        first.exchange.commit(0)
        size = (tmp_path / FILE).stat().st_size
        status = first.exchange.command({"do": "status"}, first.start_time)
        first.exchange.commit(0)
        assert (tmp_path / FILE).stat().st_size == size
    assert status["venues"]["NSDQ"]["system_event"] == "Q"


def test_other_settings_do_not_resume_a_journal(tmp_path: Path) -> None:
    with journalled(tmp_path):
        pass
    other: Settings = settings(**SETUP, seed=9)
    with pytest.raises(JournalError, match="seed = 1, not 9"):
        open_journal(tmp_path, other.identity())
