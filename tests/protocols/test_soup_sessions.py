"""Both ends of a SoupBinTCP session in one test: the wire is two byte strings, the clock is a number."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import soup, soup_client, soup_server
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_client import ClientEvent, ClientState, LinkLost, SessionStateError, SoupClient
from protocols.soup_endpoint import SECOND
from protocols.soup_server import SequencedStream, ServerEvent, SoupServerSession


def authenticator(stream: SequencedStream) -> soup_server.Authenticator:
    def authenticate(request: LoginRequest) -> SequencedStream | LoginRejected:
        return stream if request.matches("hft1", "secret1") else LoginRejected("A")

    return authenticate


@dataclass
class Pair:
    """A client and the server's end of its present connection; `pieces` cuts what goes over the wire."""

    stream: SequencedStream = field(default_factory=lambda: SequencedStream("0000000001"))
    client: SoupClient = field(default_factory=lambda: SoupClient("HFT1", "secret1"))
    pieces: random.Random | None = None
    now: int = 0
    client_events: list[ClientEvent] = field(default_factory=list)
    server_events: list[ServerEvent] = field(default_factory=list)
    server: SoupServerSession = field(init=False)

    def connect(self) -> None:
        self.server = SoupServerSession(authenticator(self.stream), self.now)
        self.client.connected(self.now)

    def cut(self, data: bytes) -> list[bytes]:
        if self.pieces is None or not data:
            return [data]
        size = self.pieces.randint(1, len(data))
        return [data[start : start + size] for start in range(0, len(data), size)]

    def exchange(self) -> None:
        """Carry bytes both ways until there are none."""
        while True:
            self.server_events += self.server.tick(self.now)
            up, down = self.client.take_output(), self.server.take_output()
            if not up and not down:
                return
            for piece in self.cut(up):
                self.server_events += self.server.on_bytes(piece, self.now)
            for piece in self.cut(down):
                self.client_events += self.client.on_bytes(piece, self.now)

    def sequenced(self) -> list[tuple[int, bytes]]:
        return [(e.sequence, e.payload) for e in self.client_events if isinstance(e, soup_client.Sequenced)]


def test_login_messages_both_ways_logout() -> None:
    pair = Pair()
    pair.stream.append(b"before")
    pair.connect()
    pair.exchange()
    assert pair.client_events == [
        soup_client.LoggedIn("0000000001", 1),
        soup_client.Sequenced(1, b"before"),
    ]
    assert pair.server_events == [soup_server.LoggedIn("HFT1", "0000000001", 1)]
    pair.client.send(b"order", pair.now)
    pair.stream.append(b"accepted")
    pair.exchange()
    assert pair.client_events[-1] == soup_client.Sequenced(2, b"accepted")
    pair.client.logout(pair.now)
    pair.exchange()
    assert pair.server_events[-2:] == [soup_server.Message(b"order"), soup_server.Logout()]
    assert pair.server.closing
    assert pair.client.state is ClientState.LOGGED_OUT
    assert pair.client.connection_closed() == []
    assert pair.stream.clients == 0


@given(st.integers(0, 2**32), st.lists(st.binary(max_size=30), max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_reconnects_lose_nothing_and_repeat_nothing(seed: int, messages: list[bytes], breaks: list[int]) -> None:
    pair = Pair(pieces=random.Random(seed))
    pair.connect()
    pair.exchange()
    for number, message in enumerate(messages):
        pair.stream.append(message)
        if number not in breaks:
            pair.exchange()
            continue
        # The connection breaks in the middle of what is under way.
        pair.server.tick(pair.now)
        under_way = pair.server.take_output()
        pair.client_events += pair.client.on_bytes(under_way[: seed % (len(under_way) + 1)], pair.now)
        pair.server_events += pair.server.connection_closed()
        pair.client_events += pair.client.connection_closed()
        pair.connect()
        pair.exchange()
    pair.exchange()
    assert pair.sequenced() == list(enumerate(messages, 1))
    logins = [event for event in pair.client_events if isinstance(event, soup_client.LoggedIn)]
    assert {event.session for event in logins} == {"0000000001"}


def test_end_of_session_follows_the_last_message() -> None:
    pair = Pair()
    pair.connect()
    pair.exchange()
    pair.stream.append(b"last")
    pair.stream.end()
    pair.exchange()
    assert pair.client_events[-2:] == [soup_client.Sequenced(1, b"last"), soup_client.EndOfSession()]
    assert pair.server.closing
    assert pair.client.connection_closed() == []
    with pytest.raises(SessionStateError, match="ended"):
        pair.client.connected(pair.now)
    with pytest.raises(ValueError, match="ended"):
        pair.stream.append(b"more")
    late = Pair(stream=pair.stream)
    late.connect()
    late.exchange()
    assert late.client_events[-1] == LoginRejected("S")


def test_heartbeats_keep_a_silent_session_up() -> None:
    pair = Pair()
    pair.connect()
    pair.exchange()
    events = len(pair.client_events)
    for _ in range(120):
        deadlines = [end.next_deadline() for end in (pair.client, pair.server)]
        pair.now = min(deadline for deadline in deadlines if deadline is not None)
        pair.client_events += pair.client.tick(pair.now)
        pair.exchange()
    assert pair.now >= 60 * SECOND
    assert pair.client.state is ClientState.ACTIVE
    assert not pair.server.closing
    assert len(pair.client_events) == events
    assert len(pair.server_events) == 1


def test_heartbeats_go_out_after_a_second_of_silence_only() -> None:
    pair = Pair()
    pair.connect()
    pair.exchange()
    assert pair.client.next_deadline() == SECOND
    pair.client.tick(SECOND - 1)
    pair.server.tick(SECOND - 1)
    assert pair.client.take_output() == pair.server.take_output() == b""
    pair.client.tick(SECOND)
    pair.server.tick(SECOND)
    assert pair.client.take_output() == soup.ClientHeartbeat().encode()
    assert pair.server.take_output() == soup.ServerHeartbeat().encode()
    assert pair.client.next_deadline() == pair.server.next_deadline() == 2 * SECOND


def test_both_ends_give_up_after_fifteen_seconds_of_silence() -> None:
    pair = Pair()
    pair.connect()
    pair.exchange()
    assert pair.client.tick(15 * SECOND - 1) == []
    assert pair.client.tick(15 * SECOND) == [LinkLost("nothing received for 15 s")]
    assert pair.client.state is ClientState.DISCONNECTED
    assert pair.client.next_deadline() is None
    assert pair.client.take_output() == b""
    pair.server_events += pair.server.tick(15 * SECOND)
    assert pair.server_events[-1] == soup_server.ClientGone("nothing received for 15 s")
    assert pair.server.closing
    assert pair.server.next_deadline() is None
    assert pair.stream.clients == 0


def test_the_server_waits_thirty_seconds_for_a_login() -> None:
    session = SoupServerSession(authenticator(SequencedStream("S")), 100)
    assert session.next_deadline() == 100 + 30 * SECOND
    assert session.tick(99 + 30 * SECOND) == []
    assert session.tick(100 + 30 * SECOND) == [soup_server.ClientGone("no login request in time")]
    assert session.take_output() == soup.Debug("no login request in time").encode()


def test_the_client_waits_fifteen_seconds_for_an_answer() -> None:
    client = SoupClient("HFT1", "secret1")
    client.connected(0)
    assert client.next_deadline() == 15 * SECOND
    assert client.tick(15 * SECOND) == [LinkLost("nothing received for 15 s")]


@pytest.mark.parametrize(
    ("client", "reason", "text"),
    [
        (SoupClient("HFT1", "wrong"), "A", None),
        (SoupClient("HFT1", "secret1", "OTHER"), "S", "no such session: 'OTHER'"),
        (SoupClient("HFT1", "secret1", "", 5), "S", "the next sequence number is 3, not 5"),
    ],
)
def test_refused_logins(client: SoupClient, reason: str, text: str | None) -> None:
    pair = Pair(client=client)
    pair.stream.append(b"1")
    pair.stream.append(b"2")
    pair.connect()
    pair.exchange()
    expected: list[ClientEvent] = [] if text is None else [soup_client.Debug(text)]
    assert pair.client_events == [*expected, LoginRejected(reason)]
    assert pair.server_events == [soup_server.LoginRefused("HFT1", reason)]
    assert pair.server.closing
    assert pair.client.state is ClientState.REJECTED
    assert pair.stream.clients == 0


@pytest.mark.parametrize(("wanted", "first"), [(0, 2), (1, 1), (2, 2), (3, 3)])
def test_where_a_login_starts(wanted: int, first: int) -> None:
    pair = Pair(client=SoupClient("HFT1", "secret1", "0000000001", wanted))
    pair.stream.append(b"1")
    pair.stream.append(b"2")
    pair.connect()
    pair.exchange()
    assert pair.client_events[0] == soup_client.LoggedIn("0000000001", first)
    assert [sequence for sequence, _ in pair.sequenced()] == list(range(first, 3))
    assert pair.client.next_sequence == 3


def test_newest_message_of_an_empty_stream() -> None:
    pair = Pair(client=SoupClient("HFT1", "secret1", next_sequence=0))
    pair.connect()
    pair.exchange()
    assert pair.client_events == [soup_client.LoggedIn("0000000001", 1)]


def test_a_second_login_of_the_same_user_is_refused_and_the_first_stays() -> None:
    first = Pair()
    first.connect()
    first.exchange()
    second = Pair(stream=first.stream)
    second.connect()
    second.exchange()
    assert second.client_events == [soup_client.Debug("the user is logged in already"), LoginRejected("S")]
    assert not first.server.closing
    shared = SequencedStream("DROPCOPY", exclusive=False)
    pairs = [Pair(stream=shared) for _ in range(3)]
    for pair in pairs:
        pair.connect()
        pair.exchange()
    assert shared.clients == 3


@pytest.mark.parametrize(
    "data",
    [
        soup.UnsequencedData(b"x").encode(),
        soup.ServerHeartbeat().encode(),
        b"\x00\x00",
        b"\x00\x01?",
        b"\xff\xffU",
    ],
)
def test_the_server_expels_who_breaks_the_protocol_and_says_why(data: bytes) -> None:
    session = SoupServerSession(authenticator(SequencedStream("S")), 0, max_length=1000)
    (event,) = session.on_bytes(data, 1)
    assert isinstance(event, soup_server.ClientGone)
    assert session.closing
    assert list(soup.Framer().feed(session.take_output())) == [soup.Debug(event.reason)]
    assert session.on_bytes(data, 2) == []


@pytest.mark.parametrize(
    "data",
    [soup.SequencedData(b"x").encode(), soup.LogoutRequest().encode(), b"\x00\x00", b"\x00\x01?"],
)
def test_the_client_gives_up_on_a_server_that_breaks_the_protocol(data: bytes) -> None:
    client = SoupClient("HFT1", "secret1")
    client.connected(0)
    (event,) = client.on_bytes(data, 1)
    assert isinstance(event, LinkLost)
    assert client.on_bytes(data, 2) == []


def test_the_client_refuses_another_session_than_it_asked_for() -> None:
    client = SoupClient("HFT1", "secret1", "MINE")
    client.connected(0)
    assert client.on_bytes(soup.LoginAccepted("OTHER", 1).encode(), 1) == [
        LinkLost("asked for session 'MINE', was given 'OTHER'")
    ]


def test_the_client_passes_over_what_it_has() -> None:
    client = SoupClient("HFT1", "secret1", "S", 3)
    client.connected(0)
    data = soup.LoginAccepted("S", 2).encode() + b"".join(soup.SequencedData(bytes((n,))).encode() for n in (2, 3))
    assert client.on_bytes(data, 1) == [soup_client.LoggedIn("S", 2), soup_client.Sequenced(3, b"\x03")]


def test_calls_out_of_season() -> None:
    client = SoupClient("HFT1", "secret1")
    with pytest.raises(SessionStateError, match="disconnected"):
        client.send(b"x", 0)
    client.connected(0)
    with pytest.raises(SessionStateError, match="login sent"):
        client.connected(0)
    with pytest.raises(SessionStateError, match="login sent"):
        client.send(b"x", 0)
    with pytest.raises(ValueError, match="numbered from 1"):
        SequencedStream("S").read(0)


def test_a_client_that_does_not_read_holds_up_itself_only() -> None:
    stream = SequencedStream("S")
    for _ in range(100):
        stream.append(bytes(97))
    session = SoupServerSession(authenticator(stream), 0, max_output=1000)
    session.on_bytes(LoginRequest("HFT1", "secret1").encode(), 0)
    session.tick(0)
    assert session.next_deadline() == SECOND
    total = b""
    while data := session.take_output():
        assert len(data) < 1200
        total += data
        assert session.next_deadline() in (0, SECOND)
        session.tick(0)
    assert sum(isinstance(packet, soup.SequencedData) for packet in soup.Framer().feed(total)) == 100


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_random_bytes_end_the_connection_at_most_once_on_either_side(chunks: list[bytes]) -> None:
    pair = Pair()
    pair.connect()
    pair.exchange()
    server_events: list[ServerEvent] = []
    client_events: list[ClientEvent] = []
    for chunk in chunks:
        server_events += pair.server.on_bytes(chunk, 0)
        client_events += pair.client.on_bytes(chunk, 0)
    gone = [event for event in server_events if isinstance(event, soup_server.ClientGone | soup_server.Logout)]
    assert len(gone) == pair.server.closing
    assert server_events[-1:] == gone or not gone
    assert all(isinstance(event, soup_server.Message) for event in server_events[: len(server_events) - len(gone)])
    over = [event for event in client_events if isinstance(event, LinkLost | soup_client.EndOfSession)]
    assert len(over) == (pair.client.state is not ClientState.ACTIVE)
    assert client_events[-1:] == over or not over
    assert pair.client.next_sequence == 1 + sum(isinstance(event, soup_client.Sequenced) for event in client_events)
