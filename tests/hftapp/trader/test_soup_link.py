"""The client's end of a SoupBinTCP session: what counts as heard, and where a session may begin (PROTOCOLS §6)."""

import pytest

from hftapp.channel import Channel
from hftapp.octets import Octets
from hftapp.trader.soup_link import LOGGED_IN, LOST, NEVER, NOTHING, PATIENCE, SECOND, SequencedHandler, SoupLink
from protocols import soup


class Pipe(Channel):
    """Holds what has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.data: Octets = b""
        self.sent: list[bytes] = []

    def arrive(self, data: bytes) -> None:
        self.data = bytes(self.data[self.start :]) + data
        self.start = 0

    def receive(self, now: int) -> int:
        return len(self.data) - self.start

    def consume(self, count: int) -> None:
        self.start += count

    def send(self, data: bytes, now: int) -> None:
        self.sent.append(data)


class Numbers(SequencedHandler):
    """Keeps the numbers of what it is given."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def on_sequenced(self, sequence: int, data: Octets, at: int, length: int) -> None:
        self.heard.append(sequence)


def joined(next_sequence: int = 1) -> tuple[SoupLink, Pipe, Numbers]:
    numbers, pipe = Numbers(), Pipe()
    link = SoupLink("HFT1", "secret1", numbers, "S1", next_sequence)
    link.login(pipe, 0)
    pipe.arrive(soup.LoginAccepted("S1", next_sequence).encode())
    assert link.read(pipe, 0) == LOGGED_IN
    return link, pipe, numbers


@pytest.mark.parametrize("left_over", [0, 2, 5])
def test_a_part_of_a_message_is_heard_when_it_comes_and_not_again_while_it_waits(left_over: int) -> None:
    link, pipe, numbers = joined()
    pipe.arrive(soup.SequencedData(b"whole").encode() + soup.SequencedData(b"torn").encode()[:left_over])
    found = NOTHING
    last = SECOND
    assert link.read(pipe, last) == NOTHING
    for now in range(last, last + PATIENCE + SECOND, SECOND // 10):
        assert link.read(pipe, now) == NOTHING
        found = link.tick(pipe, now)
        if found == LOST:
            break
    assert (found, now) == (LOST, last + PATIENCE)
    assert link.detail == "nothing received for 15 s"
    assert numbers.heard == [1]


def test_each_further_byte_of_a_message_is_heard() -> None:
    link, pipe, numbers = joined()
    packet = soup.SequencedData(b"slow").encode()
    for place in range(len(packet)):
        now = (1 + place) * 10 * SECOND
        pipe.arrive(packet[place : place + 1])
        assert link.read(pipe, now) == NOTHING
        assert link.tick(pipe, now) == NOTHING
    assert numbers.heard == [1]


def test_a_part_that_an_old_connection_left_says_nothing_of_the_new_one() -> None:
    link, pipe, _ = joined()
    pipe.arrive(soup.SequencedData(b"torn").encode()[:6])
    link.read(pipe, 0)
    assert link.lost()
    fresh = Pipe()
    link.login(fresh, SECOND)
    fresh.arrive(soup.LoginAccepted("S1", 1).encode()[:4])
    link.read(fresh, 10 * SECOND)
    assert link.tick(fresh, 20 * SECOND) == NOTHING


@pytest.mark.parametrize(("wanted", "given"), [(4, 10), (1, 2), (0, 1 << 63)])
def test_a_session_that_would_begin_above_what_is_wanted_is_not_joined(wanted: int, given: int) -> None:
    """What is between would be fills that nobody counts; a number beyond 63 bits is none."""
    numbers, pipe = Numbers(), Pipe()
    link = SoupLink("HFT1", "secret1", numbers, "S1", wanted)
    link.login(pipe, 0)
    pipe.arrive(soup.LoginAccepted("S1", given).encode() + soup.SequencedData(b"later").encode())
    assert link.read(pipe, 0) == LOST
    assert link.detail == f"asked for message {wanted or given}, is to begin at {given}: what is between is missing"
    assert (link.next_sequence, link.deadline, numbers.heard) == (wanted, NEVER, [])


def test_a_session_that_begins_below_what_is_wanted_repeats_what_is_known() -> None:
    numbers, pipe = Numbers(), Pipe()
    link = SoupLink("HFT1", "secret1", numbers, "S1", 3)
    link.login(pipe, 0)
    pipe.arrive(soup.LoginAccepted("S1", 2).encode() + soup.SequencedData(b"a").encode() * 3)
    assert link.read(pipe, 0) == LOGGED_IN
    assert link.read(pipe, 0) == NOTHING
    assert numbers.heard == [3, 4]


def test_the_newest_message_is_wanted_where_no_number_is() -> None:
    numbers, pipe = Numbers(), Pipe()
    link = SoupLink("HFT1", "secret1", numbers, "S1", 0)
    link.login(pipe, 0)
    pipe.arrive(soup.LoginAccepted("S1", 77).encode() + soup.SequencedData(b"a").encode())
    assert link.read(pipe, 0) == LOGGED_IN
    assert link.read(pipe, 0) == NOTHING
    assert (numbers.heard, link.next_sequence) == ([77], 78)
