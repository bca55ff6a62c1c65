"""The re-request server: PROTOCOLS §2.4 and the limits of §2.5."""

import asyncio
import contextlib
import logging
import socket
import struct
import time
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import rerequest
from exchange.clock import SECOND
from exchange.message_store import MessageStore
from exchange.rerequest import RerequestEndpoint, RerequestServer
from protocols import mold

MESSAGES = [b"A%03d" % number for number in range(1, 1001)]


def request(sequence: int, count: int, session: bytes = b"SESSION   ") -> bytes:
    return session + struct.pack(">QH", sequence, count)


@pytest.fixture(scope="module")
def store() -> MessageStore:
    store = MessageStore(buffer_size=1024)
    for message in MESSAGES:
        store.append(message)
    return store


@pytest.fixture
def server(store: MessageStore) -> RerequestServer:
    return RerequestServer("SESSION", store)


def test_the_answer_is_an_ordinary_packet(server: RerequestServer) -> None:
    answer = server.on_request(request(7, 2), "10.0.0.1", 0)
    assert answer == b"SESSION   " + struct.pack(">QH", 7, 2) + b"\0\4A007\0\4A008"


def test_an_answer_holds_what_fits_in_one_packet(server: RerequestServer) -> None:
    answer = server.on_request(request(1, 0xFFFF), "10.0.0.1", 0)
    assert answer is not None
    packet = mold.decode(answer)
    assert isinstance(packet, mold.Packet)
    assert list(packet.messages) == MESSAGES[: len(packet.messages)]
    assert mold.MAX_PAYLOAD - 6 < len(answer) <= mold.MAX_PAYLOAD
    assert (server.answered, server.messages) == (1, len(packet.messages))


def test_the_end_of_the_session_cuts_the_answer(server: RerequestServer) -> None:
    answer = server.on_request(request(999, 50), "10.0.0.1", 0)
    assert answer == mold.encode_packet("SESSION", 999, MESSAGES[998:])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", rerequest.SHORT),
        (request(1, 1)[:-1], rerequest.SHORT),
        (request(1, 1) + b"\0", rerequest.LONG),
        (request(1, 1, b"\xff" * 10), rerequest.MALFORMED),
        (request(1, 1, b"OTHER     "), rerequest.SESSION),
        (request(0, 1), rerequest.NUMBER_ZERO),
        (request(1001, 1), rerequest.BEYOND),
        (request(0xFFFF_FFFF_FFFF_FFFF, 1), rerequest.BEYOND),
        (request(1, 0), rerequest.COUNT_ZERO),
    ],
)
def test_bad_requests_get_no_answer_but_are_counted(server: RerequestServer, data: bytes, reason: str) -> None:
    assert server.on_request(data, "10.0.0.1", 0) is None
    assert server.dropped == {reason: 1}
    assert server.answered == 0


def test_a_source_has_its_burst_and_its_rate(server: RerequestServer) -> None:
    answers = [server.on_request(request(1, 1), "10.0.0.1", 0) for _ in range(250)]
    assert sum(answer is not None for answer in answers) == 200
    assert server.dropped == {rerequest.SOURCE_RATE: 50}
    assert server.on_request(request(1, 1), "10.0.0.2", 0) is not None, "another source is not concerned"
    later = [server.on_request(request(1, 1), "10.0.0.1", SECOND // 100) for _ in range(30)]
    assert sum(answer is not None for answer in later) == 20


def test_all_sources_together_have_a_limit(store: MessageStore) -> None:
    server = RerequestServer("SESSION", store, global_burst=5, global_rate=1)
    for number in range(8):
        server.on_request(request(1, 1), f"10.0.0.{number}", 0)
    assert server.answered == 5
    assert server.dropped == {rerequest.GLOBAL_RATE_REACHED: 3}


def test_a_flood_is_logged_once_a_second_and_reason(server: RerequestServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            server.on_request(b"x", "10.0.0.1", number)
            server.on_request(request(0, 1), "10.0.0.1", number)
        server.on_request(b"x", "10.0.0.1", SECOND)
    assert [record.args[1:3] for record in caplog.records if isinstance(record.args, tuple)] == [
        (rerequest.SHORT, 1),
        (rerequest.NUMBER_ZERO, 1),
        (rerequest.SHORT, 101),
    ]


@given(st.binary(max_size=40) | st.builds(request, st.integers(0, 2000), st.integers(0, 0xFFFF)))
def test_no_datagram_is_too_hostile(data: bytes) -> None:
    store = MessageStore()
    store.append(b"A")
    server = RerequestServer("SESSION", store)
    answer = server.on_request(data, "10.0.0.1", 0)
    assert (answer is None) == (sum(server.dropped.values()) == 1)
    assert answer is None or answer == mold.encode_packet("SESSION", 1, [b"A"])


def test_nothing_is_answered_once_the_journal_failed(server: RerequestServer) -> None:
    async def ask() -> bool:
        answers: list[bytes] = []
        endpoint = RerequestEndpoint(server, time.monotonic_ns, lambda: True)
        port = await endpoint.listen(IPv4Address("127.0.0.1"), 0)
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.bind(("127.0.0.1", 0))
            await loop.sock_sendto(client, request(3, 1), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError):
                answers.append(await asyncio.wait_for(loop.sock_recv(client, 2048), 0.2))
        endpoint.close()
        return not answers

    assert asyncio.run(ask())
    assert server.answered == 0


def test_answers_come_back_to_the_socket_that_asked(server: RerequestServer) -> None:
    async def ask() -> bytes:
        endpoint = RerequestEndpoint(server, time.monotonic_ns)
        port = await endpoint.listen(IPv4Address("127.0.0.1"), 0)
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.bind(("127.0.0.1", 0))
            await loop.sock_sendto(client, b"garbage", ("127.0.0.1", port))
            await loop.sock_sendto(client, request(3, 1), ("127.0.0.1", port))
            answer = await asyncio.wait_for(loop.sock_recv(client, 2048), 10)
        endpoint.close()
        return answer

    assert asyncio.run(ask()) == mold.encode_packet("SESSION", 3, [b"A003"])
    assert server.dropped == {rerequest.SHORT: 1}
