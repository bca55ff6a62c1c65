"""The recovery client step by step; that it always ends with the exchange's books is shown in tests/exchange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import mold
from protocols.glimpse import encode_end_of_snapshot
from protocols.recovery import FeedClient
from protocols.recovery_events import (
    CloseGlimpse,
    Event,
    FeedMessages,
    OpenGlimpse,
    Reset,
    SendGlimpse,
    SendRequest,
    SessionEnded,
    SnapshotMessages,
)
from protocols.recovery_settings import MILLISECOND, RecoverySettings, RecoveryState
from protocols.soup import LoginAccepted, LoginRequest, SequencedData, decode

SETTINGS = RecoverySettings(username="user", password="secret", max_gap=100, request_attempts=2)
NUMBERS = st.integers(0, 300) | st.integers(0, (1 << 64) - 1)


def messages(first: int, last: int) -> tuple[bytes, ...]:
    return tuple(b"A%d" % number for number in range(first, last + 1))


def packet(first: int, last: int, session: str = "S") -> bytes:
    return mold.encode_packet(session, first, messages(first, last))


def feed(first: int, last: int) -> FeedMessages:
    return FeedMessages(first, messages(first, last))


def request(first: int, count: int) -> SendRequest:
    return SendRequest(mold.Request("S", first, count).encode())


def plain(events: list[Event]) -> list[Event]:
    """Events with their messages as tuples."""
    return [
        event._replace(messages=tuple(event.messages)) if isinstance(event, FeedMessages | SnapshotMessages) else event
        for event in events
    ]


def snapshot(*contents: bytes, number: int) -> bytes:
    packets = [SequencedData(data).encode() for data in (*contents, encode_end_of_snapshot(number))]
    return LoginAccepted("S", 1).encode() + b"".join(packets)


@pytest.fixture
def client() -> FeedClient:
    """In step since message 1."""
    return FeedClient("S", 1, SETTINGS)


def test_the_first_copy_wins_whatever_its_line(client: FeedClient) -> None:
    assert plain(client.on_datagram(packet(1, 3), 0)) == [feed(1, 3)]
    assert client.on_datagram(packet(1, 3), 1) == []
    assert plain(client.on_datagram(packet(2, 5), 2)) == [feed(4, 5)]
    assert (client.counters.packets, client.counters.messages, client.counters.duplicates) == (3, 5, 1)
    assert client.state is RecoveryState.SYNCHRONISED


def test_the_other_line_closes_a_gap_before_anybody_is_asked(client: FeedClient) -> None:
    assert client.on_datagram(packet(4, 6), 10) == []
    assert client.state is RecoveryState.GAP_FILL
    assert client.next_deadline() == 10 + SETTINGS.gap_timeout
    assert plain(client.on_datagram(packet(1, 3), 11)) == [feed(1, 6)]
    assert (client.state, client.next_deadline()) == (RecoveryState.SYNCHRONISED, None)


def test_what_neither_line_brings_is_asked_for(client: FeedClient) -> None:
    client.on_datagram(packet(41, 42), 0)
    assert client.tick(SETTINGS.gap_timeout - 1) == []
    now = SETTINGS.gap_timeout
    assert client.tick(now) == [request(1, 32), request(33, 8)]
    assert plain(client.on_answer(packet(33, 40), now + 1)) == []
    assert plain(client.on_answer(packet(1, 20), now + 2)) == [feed(1, 20), request(21, 12)]
    assert plain(client.on_answer(packet(21, 32), now + 3)) == [feed(21, 42)]
    assert client.state is RecoveryState.SYNCHRONISED
    assert (client.counters.requests, client.counters.recovered) == (3, 3)


def test_a_heartbeat_shows_a_lost_tail(client: FeedClient) -> None:
    client.on_datagram(packet(1, 2), 0)
    assert client.on_datagram(mold.encode_heartbeat("S", 5), 100) == []
    assert client.tick(100 + SETTINGS.gap_timeout) == [request(3, 2)]
    assert plain(client.on_answer(packet(3, 4), 10**7)) == [feed(3, 4)]


def test_requests_without_answer_lead_to_a_snapshot(client: FeedClient) -> None:
    client.on_datagram(packet(5, 5), 0)
    seen: list[Event] = []
    while client.state is not RecoveryState.SNAPSHOT:
        deadline = client.next_deadline()
        assert deadline is not None
        seen += client.tick(deadline)
    assert seen == [
        request(1, 4),
        request(1, 4),
        Reset("messages 1 to 4 were asked for 2 times"),
        OpenGlimpse(),
    ]


def test_a_gap_that_is_too_big_leads_to_a_snapshot_once_it_is_sure(client: FeedClient) -> None:
    assert client.on_datagram(packet(500, 501), 0) == []
    assert client.state is RecoveryState.SYNCHRONISED
    assert client.on_datagram(packet(502, 503), 1) == [Reset("messages 1 to 501 are missing"), OpenGlimpse()]
    assert client.counters.implausible == 1


def test_one_damaged_number_costs_nothing(client: FeedClient) -> None:
    client.on_datagram(packet(1 << 40, 1 << 40), 0)
    client.on_datagram(mold.encode_end("S", 1 << 50), 0)
    assert plain(client.on_datagram(packet(1, 3), 1)) == [feed(1, 3)]
    assert client.state is RecoveryState.SYNCHRONISED


def test_a_late_join_takes_up_the_feed_at_the_snapshots_number() -> None:
    client = FeedClient("S", None, SETTINGS)
    assert client.begin(0) == [Reset("late join"), OpenGlimpse()]
    for first in (48, 50, 52):
        assert client.on_datagram(packet(first, first + 1), 1) == []
    login = client.glimpse_connected(2)
    assert isinstance(login[0], SendGlimpse)
    assert decode(login[0].data) == LoginRequest("user", "secret", "S", 1)
    assert plain(client.on_glimpse_bytes(snapshot(b"R", b"A", number=51), 3)) == [
        SnapshotMessages((b"R", b"A")),
        CloseGlimpse("snapshot complete"),
        feed(51, 53),
    ]
    assert client.state is RecoveryState.SYNCHRONISED
    assert client.glimpse_closed(4) == []


def test_a_hole_in_the_held_feed_is_filled_while_splicing() -> None:
    client = FeedClient("S", None, SETTINGS)
    client.begin(0)
    client.on_datagram(packet(10, 12), 0)
    client.glimpse_connected(0)
    later = SETTINGS.gap_timeout
    events = client.on_glimpse_bytes(snapshot(number=8), later)
    assert events == [CloseGlimpse("snapshot complete"), request(8, 2)]
    states = [client.state]
    assert plain(client.on_answer(packet(8, 9), later)) == [feed(8, 12)]
    assert [*states, client.state] == [RecoveryState.SPLICING, RecoveryState.SYNCHRONISED]


def test_a_snapshot_that_breaks_off_is_fetched_again_later_and_later() -> None:
    client = FeedClient("S", None, SETTINGS)
    client.begin(0)
    client.glimpse_connected(0)
    client.on_glimpse_bytes(snapshot(b"R", number=8)[:-1], 0)
    events = client.glimpse_closed(0)
    assert [type(event) for event in events] == [CloseGlimpse, Reset]
    assert client.next_deadline() == SETTINGS.snapshot_retry
    assert client.tick(SETTINGS.snapshot_retry - 1) == []
    assert client.tick(SETTINGS.snapshot_retry) == [OpenGlimpse()]
    assert client.glimpse_closed(SETTINGS.snapshot_retry) == [], "no connection"
    assert client.next_deadline() == 3 * SETTINGS.snapshot_retry
    assert client.fetch.failed == 2


def test_a_connection_that_never_comes_is_given_up() -> None:
    client = FeedClient("S", None, SETTINGS)
    client.begin(0)
    assert client.tick(SETTINGS.connect_timeout) == [CloseGlimpse("no connection in time")]
    assert client.glimpse_connected(SETTINGS.connect_timeout) == [CloseGlimpse("no snapshot is wanted")]


def test_a_damaged_number_held_during_the_snapshot_is_forgotten() -> None:
    client = FeedClient("S", None, SETTINGS)
    client.begin(0)
    client.on_datagram(packet(10, 11), 0)
    client.on_datagram(packet(1 << 40, 1 << 40), 0)
    client.on_datagram(mold.encode_heartbeat("S", 1 << 41), 0)
    client.glimpse_connected(0)
    client.on_glimpse_bytes(snapshot(number=10), 0)
    assert (client.state, client.expected) == (RecoveryState.SYNCHRONISED, 12)
    assert client.counters.implausible == 1


def test_the_session_ends_when_its_last_message_is_there(client: FeedClient) -> None:
    client.on_datagram(packet(1, 1), 0)
    client.on_datagram(mold.encode_end("S", 3), 0)
    states = [client.state]
    assert plain(client.on_datagram(packet(2, 2), 1)) == [feed(2, 2), SessionEnded(3)]
    assert [*states, client.state] == [RecoveryState.GAP_FILL, RecoveryState.ENDED]
    assert client.on_datagram(packet(3, 3), 2) == []
    assert client.next_deadline() is None


def test_other_sessions_and_malformed_datagrams_are_counted(client: FeedClient) -> None:
    for data in (packet(1, 1, "OTHER"), b"", packet(1, 2)[:-1], packet(1, 2) + b"x", mold.encode_heartbeat("S", 0)):
        assert client.on_datagram(data, 0) == []
    assert client.on_answer(mold.encode_heartbeat("S", 9), 0) == []
    assert (client.counters.wrong_session, client.counters.malformed) == (1, 5)
    assert client.expected == 1


def test_messages_are_numbered_from_one() -> None:
    with pytest.raises(ValueError, match="from 1, not 0"):
        FeedClient("S", 0)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("datagram"), st.binary(max_size=40)),
            st.tuples(
                st.sampled_from(["datagram", "answer"]),
                st.builds(lambda n, k: mold.encode_packet("S", n, [b"x"] * k), NUMBERS, st.integers(1, 5)),
            ),
            st.tuples(st.just("datagram"), NUMBERS.map(lambda n: mold.encode_heartbeat("S", n))),
            st.tuples(st.just("datagram"), NUMBERS.map(lambda n: mold.encode_end("S", n))),
            st.tuples(st.just("glimpse"), st.binary(max_size=30)),
            st.tuples(st.just("glimpse"), NUMBERS.filter(bool).map(lambda n: snapshot(b"A", number=n))),
            st.tuples(st.sampled_from(["tick", "connected", "closed"]), st.just(b"")),
        ),
        max_size=60,
    ),
    st.booleans(),
)
def test_no_input_is_too_hostile(inputs: list[tuple[str, bytes]], late: bool) -> None:
    """Nothing crashes, numbers come once and in order between resets, memory and requests stay bounded."""
    settings = RecoverySettings(max_gap=100, hold_bytes=2000, request_attempts=2)
    client = FeedClient("S", None if late else 1, settings)
    events = client.begin(0)
    expected: int | None = None if late else 1
    now = 0
    for kind, data in inputs:
        now += MILLISECOND
        match kind:
            case "datagram":
                events = client.on_datagram(data, now)
            case "answer":
                events = client.on_answer(data, now)
            case "glimpse":
                events = client.on_glimpse_bytes(data, now)
            case "connected":
                events = client.glimpse_connected(now)
            case "closed":
                events = client.glimpse_closed(now)
            case _:
                now = max(now, client.next_deadline() or 0)
                events = client.tick(now)
        for event in events:
            if isinstance(event, Reset):
                expected = None
            elif isinstance(event, FeedMessages):
                assert expected in (None, event.first)
                expected = event.first + len(event.messages)
        assert sum(isinstance(event, SendRequest) for event in events) <= 2 * settings.requests
        assert len(client.held) <= 2000 // 64
