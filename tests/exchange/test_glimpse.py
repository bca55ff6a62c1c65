"""The GLIMPSE server in virtual time: PROTOCOLS §7 over SoupBinTCP (§3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.clock import SECOND
from exchange.glimpse import GlimpseServer, GlimpseSession
from exchange.itch_writer import ItchWriter
from protocols.glimpse import encode_end_of_snapshot
from protocols.soup import (
    ClientHeartbeat,
    Debug,
    Framer,
    LoginAccepted,
    LoginRejected,
    LoginRequest,
    LogoutRequest,
    SequencedData,
    SoupPacket,
    UnsequencedData,
)


class Source:
    """A venue with one message, whose number goes up."""

    def __init__(self) -> None:
        self.next = 10

    def snapshot_into(self, writer: ItchWriter) -> int:
        writer.publish(b"Rone")
        self.next += 1
        return self.next - 1


@pytest.fixture
def server() -> GlimpseServer:
    return GlimpseServer("SESSION", Source(), {"user": "secret", "other": "word"}, max_clients=3)


def join(server: GlimpseServer, now: int = 0, login: SoupPacket | None = None) -> GlimpseSession:
    session = server.open("peer", now)
    assert session is not None
    session.on_bytes((login or LoginRequest("user", "secret")).encode(), now)
    return session


def output(session: GlimpseSession) -> list[SoupPacket]:
    data = b""
    while piece := session.take_output():
        data += piece
    return list(Framer().feed(data))


def test_a_login_gets_the_snapshot_and_is_closed(server: GlimpseServer) -> None:
    session = join(server)
    assert output(session) == [LoginAccepted("SESSION", 1)]
    assert server.tick(0) == ([session], [])
    assert output(session) == [SequencedData(b"Rone"), SequencedData(encode_end_of_snapshot(10))]
    assert session.closing and not session.reason
    assert (server.served, server.snapshots) == (1, 1)
    server.close(session)
    assert server.next_deadline() is None and not server.dropped


def test_everyone_who_waits_gets_the_same_snapshot(server: GlimpseServer) -> None:
    sessions = [join(server), join(server, login=LoginRequest("OTHER", "WORD", "SESSION", 1))]
    server.tick(0)
    first, second = (output(session)[1:] for session in sessions)
    assert first == second
    assert server.snapshots == 1


def test_snapshots_keep_their_distance(server: GlimpseServer) -> None:
    join(server)
    server.tick(0)
    late = join(server, 1)
    assert server.tick(1) == ([], [])
    assert server.next_deadline() == SECOND // 5
    assert server.tick(SECOND // 5).ready == [late]
    assert output(late)[-1] == SequencedData(encode_end_of_snapshot(11))


@pytest.mark.parametrize(
    ("login", "code"),
    [
        (LoginRequest("user", "wrong"), "A"),
        (LoginRequest("nobody", "secret"), "A"),
        (LoginRequest("user", "secret", "OTHER"), "S"),
        (LoginRequest("user", "secret", "", 2), "S"),
    ],
)
def test_a_login_that_is_not_good_is_told_why(server: GlimpseServer, login: LoginRequest, code: str) -> None:
    session = join(server, login=login)
    text, rejected = output(session)
    assert isinstance(text, Debug) and rejected == LoginRejected(code)
    assert session.closing and "login refused" in session.reason
    assert server.tick(0) == ([], [])
    assert server.snapshots == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0\0", "malformed packet"),
        (b"GET / HTTP/1.1\r\n\r\n", "malformed packet"),
        (UnsequencedData(b"x").encode(), "unexpected packet"),
        (LoginRequest("user", "secret").encode() * 2, "unexpected packet"),
    ],
)
def test_garbage_is_dropped_with_a_reason(server: GlimpseServer, data: bytes, reason: str) -> None:
    session = server.open("peer", 0)
    assert session is not None
    session.on_bytes(data, 0)
    assert session.closing
    assert reason in session.reason
    assert server.dropped[reason] == 1
    assert session.take_output() == b""


def test_silence_before_the_login_is_dropped(server: GlimpseServer) -> None:
    session = server.open("peer", 0)
    assert session is not None
    assert server.next_deadline() == 30 * SECOND
    session.on_bytes(ClientHeartbeat().encode(), SECOND)
    assert server.tick(30 * SECOND - 1) == ([], [])
    assert server.tick(30 * SECOND) == ([], [session])
    assert session.reason == "no login request in time"


def test_who_does_not_read_is_dropped(server: GlimpseServer) -> None:
    session = join(server)
    server.tick(0)
    session.take_output()
    session.stalled(5)
    session.resumed()
    session.stalled(SECOND)
    assert server.next_deadline() == 11 * SECOND
    assert server.tick(11 * SECOND - 1) == ([], [])
    assert server.tick(11 * SECOND) == ([], [session])
    assert session.reason == "does not read what it is sent"


def test_who_reads_too_slowly_is_dropped_even_after_the_last_piece(server: GlimpseServer) -> None:
    session = join(server)
    server.tick(0)
    output(session)
    assert session.closing
    assert server.tick(120 * SECOND) == ([], [session])
    assert server.tick(121 * SECOND) == ([], [])


def test_a_logout_closes_at_once(server: GlimpseServer) -> None:
    session = join(server)
    session.on_bytes(LogoutRequest().encode(), 0)
    assert session.closing and session.take_output() == b""


def test_there_is_room_for_so_many_clients(server: GlimpseServer) -> None:
    sessions = [join(server) for _ in range(3)]
    assert server.open("peer", 0) is None
    assert server.dropped == {"too many clients": 1}
    server.close(sessions[0])
    assert server.dropped["connection closed"] == 1
    assert server.open("peer", 0) is not None


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_are_too_hostile(pieces: list[bytes]) -> None:
    server = GlimpseServer("SESSION", Source(), {"user": "secret"})
    session = server.open("peer", 0)
    assert session is not None
    for piece in pieces:
        session.on_bytes(piece, 0)
    server.tick(0)
    assert server.snapshots == 0
