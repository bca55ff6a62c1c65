"""The latest of everything, within bounds."""

from collections.abc import Iterator

import pytest

from office import latest as latest_module
from office.latest import Latest
from protocols.management import (
    CONTROL,
    LIVE,
    Counters,
    Frame,
    Hello,
    JournalRecord,
    ManagementMessage,
    Position,
    State,
)

Found = list[tuple[int, Frame]]


def said(message: ManagementMessage, number: int = 1) -> Frame:
    return Frame(LIVE, number, number, message)


def greeting(session: int) -> Frame:
    hello = Hello(version=1, session=session, journal=9, ticks_per_second=10, host="h")
    return Frame(CONTROL, 0, 1, hello)


def counters(name: str, size: int = 0) -> Frame:
    return said(Counters(group=name, body=bytes(size)))


def all_of(latest: Latest) -> Found:
    return [*latest.greetings(), *latest.frames()]


def test_one_frame_stands_for_all_before_it() -> None:
    latest = Latest()
    latest.take(1, greeting(1))
    latest.take(1, said(State(body=b"connecting")))
    latest.take(1, said(State(body=b"trading")))
    latest.take(2, counters("a"))
    latest.take(1, said(JournalRecord(kind=1, venue=0)))
    assert all_of(latest) == [(1, greeting(1)), (1, said(State(body=b"trading"))), (2, counters("a"))]


def test_what_is_replaced_meanwhile_is_left_out() -> None:
    latest = Latest()
    for name in "abc":
        latest.take(1, counters(name))
    frames: Iterator[tuple[int, Frame]] = latest.frames()
    assert next(frames) == (1, counters("a"))
    latest.take(1, counters("b", 5))
    latest.take(1, counters("d"))
    assert list(frames) == [(1, counters("c"))]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes for one server; all have twice as much."""
    monkeypatch.setattr(latest_module, "SERVER_BYTES", 20_000)
    monkeypatch.setattr(latest_module, "ALL_BYTES", 40_000)
    return 20_000


def test_a_server_s_new_names_end_at_its_bytes(small: int) -> None:
    latest = Latest()
    for number in range(1_000):
        latest.take(1, counters(f"g{number}", 1_000))
    assert latest.size <= small
    assert len(all_of(latest)) == small // (1_000 + latest_module.FRAME_BYTES)


def test_what_has_no_room_any_more_is_not_shown_as_it_was(small: int) -> None:
    latest = Latest()
    latest.take(1, counters("a", 10))
    latest.take(1, counters("b"))
    latest.take(1, counters("a", small))
    assert all_of(latest) == [(1, counters("b"))]
    latest.take(1, counters("a", 20))
    assert len(all_of(latest)) == 2


def test_of_many_servers_the_one_that_spoke_least_recently_goes(small: int) -> None:
    latest = Latest()
    for session in (1, 2, 3):
        latest.take(session, counters("a", 15_000))
    assert [session for session, _ in all_of(latest)] == [2, 3]
    latest.take(2, said(Position(symbol="A", shares=1, exposed_buy=0, exposed_sell=0, open_notional=0)))
    latest.take(4, counters("a", 15_000))
    assert [session for session, _ in all_of(latest)] == [2, 2, 4]
    assert latest.size == sum(latest_module.FRAME_BYTES + len(frame.message.body) for _, frame in all_of(latest))


def test_of_many_small_servers_as_many_as_are_remembered() -> None:
    latest = Latest()
    for session in range(1, latest_module.SESSIONS + 10):
        latest.take(session, counters("a"))
    assert [session for session, _ in all_of(latest)] == list(range(10, latest_module.SESSIONS + 10))
