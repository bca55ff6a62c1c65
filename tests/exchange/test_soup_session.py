"""A session that frames by the batch says what one that frames message by message says."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.soup_session import BatchSession
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_server import SequencedStream, SoupServerSession

REQUEST = LoginRequest("U", "p", sequence=1).encode()


@given(st.lists(st.lists(st.binary(min_size=1, max_size=300)), max_size=5), st.sampled_from((1, 100, 1 << 18)))
def test_the_same_bytes(batches: list[list[bytes]], room: int) -> None:
    stream = SequencedStream("S", exclusive=False)

    def authenticate(request: LoginRequest) -> SequencedStream | LoginRejected:
        return stream

    sessions = [kind(authenticate, 0, max_output=room) for kind in (SoupServerSession, BatchSession)]
    said = [b"", b""]
    for session in sessions:
        session.on_bytes(REQUEST, 0)
    for now, batch in enumerate([*batches, []], 1):
        for message in batch:
            stream.append(message)
        if now > len(batches):
            stream.end()
        for number, session in enumerate(sessions):
            for _ in range(5_000):
                session.tick(now)
                output = session.take_output()
                said[number] += output
                if not output:
                    break
    assert said[0] == said[1]
    assert said[0].endswith(b"\0\1Z")
    assert all(session.closing for session in sessions)


def test_in_step_means_logged_in_and_between_packets() -> None:
    session = BatchSession(lambda _: SequencedStream("S"), 0, timeout=100)
    assert not session.in_step
    session.on_bytes(REQUEST, 0)
    assert session.in_step
    session.on_bytes(b"\0", 1)
    assert not session.in_step
    session.on_bytes(b"\1R", 2)
    assert session.in_step
    session.heard(50)
    assert session.tick(149) == []
    assert len(session.tick(150)) == 1
