"""Silence on the lines: what counts as life, when it is reported, and what ends it."""

import pytest

from hftapp.feed.arbiter import Arbiter
from hftapp.feed.handler import MessageHandler
from hftapp.feed.watch import SECOND, FeedWatch
from hftapp.octets import Octets
from protocols import mold

SESSION = "TEST000001"


class Deaf(MessageHandler):
    """Does nothing with the messages."""

    def on_message(self, data: Octets, at: int, length: int) -> None:
        pass


class Desk:
    """An arbiter, a watch with 3 s of patience from second 100 on, and everything it said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.arbiter = Arbiter(Deaf(), session=SESSION, gap_timeout=SECOND // 10)
        self.watch = FeedWatch(self.arbiter, 3 * SECOND, 100 * SECOND, self.said.append)

    def send(self, data: bytes, second: int, lines: tuple[int, ...] = (0, 1)) -> None:
        for line in lines:
            self.arbiter.on_datagram(line, data, second * SECOND)

    def check(self, second: int) -> bool:
        return self.watch.check(second * SECOND)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def heartbeat(number: int, session: str = SESSION) -> bytes:
    return mold.encode_heartbeat(session, number)


def test_a_feed_that_never_spoke_is_silent_once_the_time_is_over(desk: Desk) -> None:
    assert not desk.check(103)
    assert desk.check(104)
    assert desk.watch.silent
    assert not desk.check(105)
    assert (desk.watch.silences, desk.said) == (1, ["stale: no market data in sequence for 3 s"])


def test_a_heartbeat_in_sequence_proves_that_nothing_was_missed(desk: Desk) -> None:
    desk.check(110)
    desk.send(heartbeat(1), 111)
    assert desk.check(111)
    assert not desk.watch.silent
    assert desk.said[-1] == "the feed is live again, nothing was missed"


def test_a_feed_that_is_back_with_a_gap_is_not_trusted_before_it_is_closed(desk: Desk) -> None:
    desk.check(110)
    desk.send(heartbeat(2), 111)
    assert not desk.check(111)
    desk.send(mold.encode_packet(SESSION, 1, [b"m"]), 111, lines=(1,))
    assert desk.check(111)
    assert not desk.watch.silent


def test_numbers_long_past_are_no_sign_of_life(desk: Desk) -> None:
    desk.send(mold.encode_packet(SESSION, 1, [b"m"] * 9), 100)
    for second in range(101, 105):
        desk.send(heartbeat(5), second)
        desk.send(mold.encode_packet(SESSION, 3, [b"m"]), second)
        desk.check(second)
    assert desk.watch.silent


def test_another_session_is_no_sign_of_life_and_is_named(desk: Desk) -> None:
    desk.send(heartbeat(1), 100)
    desk.send(heartbeat(1, "OTHER"), 100)
    desk.check(101)
    for second in range(101, 105):
        desk.send(heartbeat(77, "OTHER"), second)
    assert desk.check(104)
    assert desk.said == ["stale: no market data in sequence for 3 s, session 'OTHER' is sent instead of 'TEST000001'"]


def test_a_single_silent_line_is_counted_and_makes_nothing_stale(desk: Desk) -> None:
    for second in range(101, 110):
        desk.send(heartbeat(1), second, lines=(1,))
        assert not desk.check(second)
    assert desk.watch.line_silences == [1, 0]
    desk.send(heartbeat(1), 110)
    desk.check(110)
    assert desk.said == ["line A is silent", "line A is back"]


def test_silence_after_the_end_of_session_is_in_order(desk: Desk) -> None:
    desk.send(mold.encode_end(SESSION, 1), 101)
    assert not desk.check(200)
    assert desk.said == []
