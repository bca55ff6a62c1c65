"""Line arbitration: the properties hold for any order, loss and duplication of well-formed packets."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.feed.announced import MAX_ANNOUNCED
from hftapp.feed.arbiter import HIGHEST, MAX_JUMP, NEVER, SLOT_SIZE, Arbiter
from hftapp.feed.counters import COUNTERS, Gap
from hftapp.feed.handler import MessageHandler
from hftapp.octets import Octets
from protocols import mold

SESSION = "TEST000001"
MS = 1_000_000


def message(number: int) -> bytes:
    return b"m%d" % number


def packet(first: int, count: int = 1) -> bytes:
    return mold.encode_packet(SESSION, first, [message(number) for number in range(first, first + count)])


def numbers(messages: list[bytes]) -> list[int]:
    return [int(data[1:]) for data in messages]


class Collector(MessageHandler):
    """Keeps every message, and every one that it was told would come."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.foreseen: list[bytes] = []

    def on_message(self, data: Octets, at: int, length: int) -> None:
        self.messages.append(bytes(data[at : at + length]))

    def foresee(self, data: Octets, at: int, length: int) -> None:
        self.foreseen.append(bytes(data[at : at + length]))

    def take(self) -> list[bytes]:
        taken, self.messages = self.messages, []
        return taken


class Feed:
    """An arbiter and what it passes on."""

    def __init__(self, **settings: Any) -> None:
        self.collector = Collector()
        self.arbiter = Arbiter(self.collector, **settings)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.arbiter, name)

    @property
    def next_deadline(self) -> int | None:
        return None if self.arbiter.deadline == NEVER else self.arbiter.deadline

    def on_packet(self, line: int, data: bytes, now: int) -> list[bytes]:
        # In the middle of other bytes: nothing around the datagram may matter.
        frame = b"\xee" * 7 + data + b"\xdd" * 9
        count = self.arbiter.on_packet(line, frame, 7, len(data), now)
        return self._taken(count)

    def tick(self, now: int) -> list[bytes]:
        return self._taken(self.arbiter.tick(now))

    def _taken(self, count: int) -> list[bytes]:
        taken = self.collector.take()
        assert len(taken) == count
        return taken


def feed(arbiter: Feed, *arrivals: tuple[int, bytes], now: int = 0) -> list[int]:
    released: list[bytes] = []
    for line, data in arrivals:
        released += arbiter.on_packet(line, data, now)
    return numbers(released)


def test_the_first_copy_wins_and_the_second_is_counted() -> None:
    arbiter = Feed(session=SESSION)
    assert feed(arbiter, (0, packet(1, 2)), (1, packet(1, 2)), (1, packet(3)), (0, packet(3))) == [1, 2, 3]
    assert arbiter.counters.duplicates == 2
    assert arbiter.counters.packets == 4
    assert arbiter.counters.messages == 3
    assert arbiter.counters.by_line == [2, 2]


def test_the_other_line_closes_a_gap() -> None:
    arbiter = Feed(session=SESSION)
    assert feed(arbiter, (0, packet(1)), (0, packet(3)), (0, packet(4))) == [1]
    assert arbiter.next_deadline is not None
    assert feed(arbiter, (1, packet(2))) == [2, 3, 4]
    assert arbiter.next_deadline is None
    assert arbiter.counters.gaps == 0


def test_what_both_lines_lost_is_given_up_after_the_timeout_and_reported() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=10 * MS)
    feed(arbiter, (0, packet(1)), now=0)
    assert feed(arbiter, (0, packet(5, 2)), (1, packet(5, 2)), now=3 * MS) == []
    assert arbiter.next_deadline == 13 * MS
    assert arbiter.tick(13 * MS - 1) == []
    assert numbers(arbiter.tick(13 * MS)) == [5, 6]
    assert arbiter.take_gaps() == [Gap(2, 4)]
    assert arbiter.take_gaps() == []
    assert (arbiter.counters.gaps, arbiter.counters.lost) == (1, 3)
    assert feed(arbiter, (0, packet(7)), now=14 * MS) == [7]


def test_a_heartbeat_reveals_a_loss_at_the_tail() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=10 * MS)
    feed(arbiter, (0, packet(1)), (0, mold.encode_heartbeat(SESSION, 4)), now=MS)
    assert arbiter.next_deadline == 11 * MS
    assert arbiter.tick(11 * MS) == []
    assert arbiter.take_gaps() == [Gap(2, 3)]
    assert arbiter.expected == 4


def test_the_end_of_session_ends_only_when_everything_before_it_is_settled() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=10 * MS)
    feed(arbiter, (0, packet(1)), (0, mold.encode_end(SESSION, 3)), now=0)
    assert not arbiter.ended
    assert feed(arbiter, (1, packet(2)), now=1) == [2]
    assert arbiter.ended

    lost = Feed(session=SESSION, gap_timeout=10 * MS)
    feed(lost, (0, packet(1)), (0, mold.encode_end(SESSION, 3)), now=0)
    lost.tick(10 * MS)
    assert lost.ended
    assert lost.take_gaps() == [Gap(2, 2)]


def test_end_without_loss_ends_at_once() -> None:
    arbiter = Feed(session=SESSION)
    feed(arbiter, (0, packet(1)), (0, mold.encode_end(SESSION, 2)))
    assert arbiter.ended


def test_another_session_is_dropped_and_counted() -> None:
    arbiter = Feed(session=SESSION)
    other = mold.encode_packet("OTHER", 1, [b"x"])
    assert arbiter.on_packet(0, other, 0) == []
    assert arbiter.counters.wrong_session == 1


def test_without_a_session_the_first_well_formed_one_is_joined() -> None:
    arbiter = Feed()
    arbiter.on_packet(0, b"\xff" * 24, 0)
    assert arbiter.session == ""
    assert feed(arbiter, (0, packet(1))) == [1]
    assert arbiter.session == SESSION


def test_a_session_that_is_over_is_not_joined() -> None:
    arbiter = Feed()
    arbiter.on_packet(0, mold.encode_end("YESTERDAY", 5000), 0)
    assert (arbiter.session, arbiter.ended) == ("", False)
    assert feed(arbiter, (0, packet(1))) == [1]


def test_start_at_the_first_number_seen() -> None:
    arbiter = Feed(session=SESSION, start=None)
    assert arbiter.expected is None
    assert feed(arbiter, (0, packet(1000, 3))) == [1000, 1001, 1002]
    assert arbiter.counters.gaps == 0


def test_start_at_one_reports_what_was_missed_before_joining() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=MS)
    feed(arbiter, (0, packet(501)), now=0)
    assert numbers(arbiter.tick(MS)) == [501]
    assert arbiter.take_gaps() == [Gap(1, 500)]


def test_overlapping_packets_of_different_sizes_are_cut() -> None:
    arbiter = Feed(session=SESSION)
    assert feed(arbiter, (0, packet(1, 4)), (1, packet(2, 6)), (0, packet(5, 1))) == [1, 2, 3, 4, 5, 6, 7]
    assert feed(arbiter, (0, packet(10, 2)), (1, packet(9, 4)), (0, packet(8, 2))) == [8, 9, 10, 11, 12]


def test_a_far_number_is_believed_only_when_it_continues() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=MS)
    feed(arbiter, (0, packet(1)))
    far = 5 * MAX_JUMP
    assert feed(arbiter, (0, packet(far, 2))) == []
    assert arbiter.next_deadline is None
    assert feed(arbiter, (0, packet(2))) == [2]
    feed(arbiter, (0, packet(far, 2)), (1, packet(far + 2, 1)), now=0)
    assert numbers(arbiter.tick(MS)) == [far + 2]
    assert arbiter.take_gaps() == [Gap(3, far + 1)]


def test_a_full_store_gives_the_gap_up_at_once() -> None:
    arbiter = Feed(session=SESSION, hold_packets=3)
    feed(arbiter, (0, packet(1)))
    assert feed(arbiter, *((0, packet(number)) for number in (3, 4, 5))) == []
    assert feed(arbiter, (0, packet(6))) == [3, 4, 5, 6]
    assert arbiter.take_gaps() == [Gap(2, 2)]


@pytest.mark.parametrize("data", [b"", b"x" * 19, packet(1)[:-1], packet(1) + b"x", packet(2)[:23]])
def test_malformed_packets_are_counted_and_change_nothing(data: bytes) -> None:
    arbiter = Feed(session=SESSION)
    assert arbiter.on_packet(0, data, 0) == []
    assert arbiter.counters.malformed == 1
    assert arbiter.expected == 1


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="up to 10 ASCII"):
        Feed(session="much too long")
    with pytest.raises(ValueError, match="gap_timeout 0"):
        Feed(gap_timeout=0)


@pytest.mark.parametrize("seed", range(200))
def test_one_per_cent_loss_on_each_line_loses_nothing(seed: int) -> None:
    """Different packets lost on the two lines, line B behind line A by a random lag: every message, once, in order."""
    rng = random.Random(seed)
    packets, total = [], 1
    for _ in range(400):
        count = rng.randint(1, 5)
        packets.append(packet(total, count))
        total += count
    lost_a = {index for index in range(400) if rng.random() < 0.01}
    lost_b = {index for index in range(400) if rng.random() < 0.01} - lost_a
    lag = rng.randint(0, 20)
    arrivals = [(index, 0, index) for index in range(400) if index not in lost_a]
    arrivals += [(index + lag, 1, index) for index in range(400) if index not in lost_b]
    arbiter = Feed(session=SESSION, gap_timeout=50 * MS)
    released: list[bytes] = []
    for time, line, index in sorted(arrivals):
        now = time * MS
        released += arbiter.tick(now)
        released += arbiter.on_packet(line, packets[index], now)
    assert numbers(released) == list(range(1, total))
    assert arbiter.counters.gaps == 0
    assert arbiter.counters.duplicates == 400 - len(lost_a) - len(lost_b)


@pytest.mark.parametrize("seed", range(50))
def test_the_same_packets_lost_on_both_lines_are_exactly_the_gaps(seed: int) -> None:
    rng = random.Random(seed)
    bounds = [1]
    for _ in range(200):
        bounds.append(bounds[-1] + rng.randint(1, 4))
    lost = set(rng.sample(range(1, 199), 3))
    arbiter = Feed(session=SESSION, gap_timeout=10 * MS)
    released: list[bytes] = []
    for index in range(200):
        now = index * MS
        released += arbiter.tick(now)
        if index not in lost:
            data = packet(bounds[index], bounds[index + 1] - bounds[index])
            for line in (0, 1):
                released += arbiter.on_packet(line, data, now)
    released += arbiter.on_packet(0, mold.encode_end(SESSION, bounds[-1]), 200 * MS)
    while (deadline := arbiter.next_deadline) is not None:
        released += arbiter.tick(deadline)
    missing = {number for index in lost for number in range(bounds[index], bounds[index + 1])}
    assert numbers(released) == [number for number in range(1, bounds[-1]) if number not in missing]
    reported = {number for gap in arbiter.take_gaps() for number in range(gap.first, gap.last + 1)}
    assert reported == missing
    assert arbiter.counters.lost == len(missing)
    assert arbiter.ended


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 60), st.integers(1, 6)), max_size=80))
def test_any_arrivals_give_ascending_numbers_and_gaps_between_them(arrivals: list[tuple[int, int, int]]) -> None:
    arbiter = Feed(session=SESSION, gap_timeout=5, hold_packets=8)
    released: list[bytes] = []
    for time, (line, first, count) in enumerate(arrivals):
        released += arbiter.tick(time)
        released += arbiter.on_packet(line, packet(first, count), time)
    released += arbiter.tick(10_000)
    got = numbers(released)
    lost = [number for gap in arbiter.take_gaps() for number in range(gap.first, gap.last + 1)]
    assert got == sorted(set(got))
    assert sorted(got + lost) == list(range(1, arbiter.expected or 1))
    assert arbiter.counters.messages == len(got)
    assert arbiter.counters.lost == len(lost)


def test_a_malformed_first_packet_does_not_say_where_the_stream_starts() -> None:
    arbiter = Feed(session=SESSION, start=None)
    bad = mold.encode_packet(SESSION, 10**15, [b"xx"])[:-1]
    assert feed(arbiter, (0, bad)) == []
    assert arbiter.expected is None
    assert feed(arbiter, *((0, packet(number)) for number in range(5, 10))) == [5, 6, 7, 8, 9]
    assert (arbiter.counters.malformed, arbiter.counters.duplicates) == (1, 0)


def test_arrivals_in_descending_order_do_not_stretch_the_timeout() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=50)
    feed(arbiter, (0, packet(1)), now=0)
    for step in range(10):
        feed(arbiter, (0, packet(100 - step)), now=10 + step)
        assert arbiter.next_deadline == 60
    assert numbers(arbiter.tick(60)) == list(range(91, 101))
    assert arbiter.take_gaps() == [Gap(2, 90)]


def test_heartbeats_that_go_on_do_not_stretch_the_timeout() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=50)
    feed(arbiter, (0, packet(1)), now=0)
    for step in range(5):
        feed(arbiter, (0, mold.encode_heartbeat(SESSION, 10 + step)), now=10 + step)
    assert arbiter.next_deadline == 60
    arbiter.tick(60)
    assert arbiter.take_gaps() == [Gap(2, 9)]
    assert arbiter.next_deadline == 61
    arbiter.tick(64)
    assert arbiter.expected == 14
    assert not arbiter.gap_open


def test_a_later_gap_has_its_own_time() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=50)
    feed(arbiter, (0, packet(1)), (0, packet(3)), now=0)
    feed(arbiter, (0, packet(5)), now=40)
    assert feed(arbiter, (1, packet(2)), now=45) == [2, 3]
    assert arbiter.next_deadline == 90
    assert numbers(arbiter.tick(89)) == []
    assert numbers(arbiter.tick(90)) == [5]


def test_a_number_announced_before_it_is_passed_counts_from_the_announcement() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=50)
    feed(arbiter, (0, packet(1)), (0, mold.encode_heartbeat(SESSION, 6)), now=0)
    feed(arbiter, (0, packet(8)), now=30)
    assert arbiter.next_deadline == 50
    assert numbers(arbiter.tick(50)) == []
    assert arbiter.take_gaps() == [Gap(2, 5)]
    assert numbers(arbiter.tick(80)) == [8]
    assert arbiter.take_gaps() == [Gap(6, 7)]


def test_any_number_of_announcements_is_kept_in_bounded_memory() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=10**9)
    for number in range(2, 10_000):
        feed(arbiter, (0, mold.encode_heartbeat(SESSION, number)), now=number)
    assert arbiter._announced.count == MAX_ANNOUNCED
    arbiter.tick(2 * 10**9)
    assert arbiter.expected == 9_999


def test_an_open_gap_is_known_until_it_is_closed() -> None:
    arbiter = Feed(session=SESSION)
    assert not arbiter.gap_open
    feed(arbiter, (0, packet(1)), (0, packet(3)))
    assert arbiter.gap_open
    feed(arbiter, (1, packet(2)))
    assert not arbiter.gap_open


def test_a_datagram_may_be_a_bytes_object() -> None:
    fed = Feed(session=SESSION)
    assert fed.arbiter.on_datagram(1, packet(1, 3), 0) == 3
    assert numbers(fed.collector.take()) == [1, 2, 3]


def test_the_handler_learns_of_what_comes_after_the_first_message_of_a_packet() -> None:
    fed = Feed(session=SESSION)
    feed(fed, (0, packet(1)), (0, packet(2, 3)))
    assert numbers(fed.collector.foreseen) == [3, 4]


def test_messages_without_bytes_are_passed_on() -> None:
    arbiter = Feed(session=SESSION)
    assert arbiter.on_packet(0, mold.encode_packet(SESSION, 1, [b"", b"x"]), 0) == [b"", b"x"]


def test_numbers_that_no_session_reaches_are_never_believed() -> None:
    arbiter = Feed(session=SESSION, start=None)
    for _ in range(3):
        feed(arbiter, (0, packet(HIGHEST + 1)), (0, mold.encode_heartbeat(SESSION, (1 << 64) - 1)))
    assert arbiter.counters.implausible == 6
    assert arbiter.expected is None


def test_an_early_datagram_larger_than_a_slot_is_not_held() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=MS)
    large = mold.encode_packet(SESSION, 2, [b"m" + b"2".rjust(SLOT_SIZE, b"0")])
    assert feed(arbiter, (0, large)) == []
    assert (arbiter.counters.oversized, arbiter.counters.held, arbiter.gap_open) == (1, 0, False)
    assert feed(arbiter, (0, packet(1)), (1, large)) == [1, 2]


def test_counts_can_be_kept_in_memory_of_somebody_else() -> None:
    shared = memoryview(bytearray(8 * len(COUNTERS))).cast("q")
    feed(Feed(session=SESSION, counts=shared), (0, packet(1, 2)), (1, packet(1, 2)))
    named = dict(zip(COUNTERS, shared, strict=True))
    assert (named["packets"], named["messages"], named["duplicates"]) == (2, 2, 1)
    assert (named["line_a"], named["line_b"]) == (1, 1)


def test_gaps_are_announced_until_they_are_taken() -> None:
    arbiter = Feed(session=SESSION, gap_timeout=MS)
    feed(arbiter, (0, packet(3)))
    assert not arbiter.new_gaps
    arbiter.tick(MS)
    assert arbiter.new_gaps
    assert arbiter.take_gaps() == [Gap(1, 2)]
    assert not arbiter.new_gaps
