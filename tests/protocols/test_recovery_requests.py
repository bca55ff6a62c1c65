"""When the client asks for what: limits, repetition with back-off, partial answers."""

import pytest

from protocols.recovery_requests import RequestWindow, UnansweredError


@pytest.fixture
def window() -> RequestWindow:
    return RequestWindow(limit=3, size=10, timeout=100, attempts=3)


def test_a_gap_is_asked_for_in_pieces_and_a_few_at_a_time(window: RequestWindow) -> None:
    assert window.plan([(1, 95)], 0) == [(1, 10), (11, 10), (21, 10)]
    assert window.outstanding == 3
    assert window.plan([(1, 95)], 50) == []
    assert window.plan([(11, 95)], 60) == [(31, 10)], "an answer makes room for the next"


def test_a_request_is_repeated_later_and_later_then_given_up(window: RequestWindow) -> None:
    assert window.plan([(5, 6)], 0) == [(5, 2)]
    assert window.next_deadline() == 100
    assert window.plan([(5, 6)], 99) == []
    assert window.plan([(5, 6)], 100) == [(5, 2)]
    assert window.next_deadline() == 300
    assert window.plan([(5, 6)], 300) == [(5, 2)]
    assert window.next_deadline() == 700
    with pytest.raises(UnansweredError, match="messages 5 to 6 were asked for 3 times"):
        window.plan([(5, 6)], 700)
    assert window.repeated == 2


def test_a_partial_answer_is_asked_on_at_once_and_counts_as_an_answer(window: RequestWindow) -> None:
    window.plan([(1, 10)], 0)
    window.plan([(1, 10)], 100)
    assert window.plan([(4, 10)], 150) == [(4, 7)]
    assert window.next_deadline() == 250
    for now in (250, 450):
        assert window.plan([(4, 10)], now) == [(4, 7)]


def test_what_is_known_in_between_is_not_asked_for_twice(window: RequestWindow) -> None:
    assert window.plan([(1, 3), (7, 9), (20, 25)], 0) == [(1, 3), (7, 3), (20, 6)]
    assert window.plan([(1, 3), (7, 9), (20, 25), (30, 31)], 1) == []
    assert window.plan([(7, 9), (20, 25), (30, 31)], 2) == [(30, 2)]


def test_a_gap_before_outstanding_requests_stops_where_they_begin(window: RequestWindow) -> None:
    window.plan([(8, 12)], 0)
    assert window.plan([(1, 12)], 1) == [(1, 7)]


def test_after_clear_nothing_is_outstanding(window: RequestWindow) -> None:
    window.plan([(1, 5)], 0)
    window.clear()
    assert (window.outstanding, window.next_deadline()) == (0, None)
