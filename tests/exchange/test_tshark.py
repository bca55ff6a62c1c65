"""tshark, which knows nothing of this project, reads what the exchange sends, and finds no fault in it.

tshark dissects MoldUDP64 and SoupBinTCP down to single messages. It has no dissector for ITCH 5.0 (`nasdaq_itch` is an
older ITCH of text lines), so messages are compared as it cut them out, whole, and counted by their type character.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from exchange.clock import MARKET_OPEN, SECOND
from exchange.glimpse import GlimpseServer
from exchange.glimpse_endpoint import GlimpseEndpoint
from exchange.market_data import Publisher
from exchange.rerequest import RerequestServer
from protocols import mold
from protocols.glimpse import GlimpseClient, GlimpseState
from tests.exchange.captures import Capture, Frame, Host, Tap, assert_sound, column, tshark
from tests.exchange.live_venue import LiveVenue
from tests.exchange.soup_captures import CLIENT, RecordingProxy, assert_numbered, read_connections

SESSION = "S191230NSD"
EXCHANGE = Host("10.0.0.1", 26400)
LINES = Host("239.20.0.1", 26401), Host("239.20.0.2", 26402)
MOLD = ["ip.dst", "udp.dstport"] + [
    f"moldudp64.{name}" for name in ("session", "sequence", "count", "msgseq", "msglen", "msgdata", "request")
]
HOT = set("AFECXDUP")


def types_of(frames: Sequence[Frame], field: str) -> dict[str, int]:
    """Messages by type, as tshark cut them out."""
    return dict(Counter(chr(int(data[:2], 16)) for data in column(frames, field)))


def read_feed(path: Path) -> list[Frame]:
    return tshark(path, ["udp.port==26400-26402,moldudp64"], MOLD)


def publish_a_session(capture: Capture) -> Publisher:
    """A market's first half second on lines A and B, a pause, and its end."""
    publisher = Publisher(SESSION, [Tap(capture, EXCHANGE, line) for line in LINES])
    venue = LiveVenue(publisher, 3)
    while len(publisher) < 3000 or not set(publisher.by_type()) >= HOT:
        venue.step()
        capture.now = venue.market.time - MARKET_OPEN
        if len(publisher) % 7 == 0:
            publisher.flush(capture.now)
    publisher.flush(capture.now)
    for _ in range(2):
        capture.now += SECOND
        publisher.tick(capture.now)
    venue.end_of_day()
    publisher.end(capture.now)
    capture.now += SECOND
    publisher.tick(capture.now)
    return publisher


def test_the_feed(tmp_path: Path) -> None:
    capture = Capture()
    publisher = publish_a_session(capture)
    capture.write(tmp_path / "feed.pcapng")
    frames = read_feed(tmp_path / "feed.pcapng")
    assert_sound(frames)
    assert {tuple(frame["frame.protocols"]) for frame in frames} == {("eth:ethertype:ip:udp:moldudp64",)}
    assert set(column(frames, "moldudp64.session")) == {SESSION}
    for line in LINES:
        received = [frame for frame in frames if frame["ip.dst"] == [line.address]]
        assert types_of(received, "moldudp64.msgdata") == publisher.by_type()
        assert HOT | set("SRHYQ") <= set(publisher.by_type())
        sent = publisher.read(1, len(publisher))
        assert column(received, "moldudp64.msgdata") == [message.hex() for message in sent]
        assert column(received, "moldudp64.msglen") == [str(len(message)) for message in sent]
        assert column(received, "moldudp64.msgseq") == [str(number) for number in range(1, len(sent) + 1)]
        empty = [frame for frame in received if "moldudp64.msgseq" not in frame]
        counts = [frame["moldudp64.count"] for frame in empty]
        assert counts == [["0"]] * publisher.heartbeats + [["65535"]] * 2
        assert publisher.heartbeats == 2
        before, *_, end = column(empty, "moldudp64.sequence")
        # M, E and C came after the heartbeats.
        assert (int(before), int(end)) == (publisher.next_sequence - 3, publisher.next_sequence)


def test_a_rerequest_and_its_answers(tmp_path: Path) -> None:
    publisher = publish_a_session(Capture())
    server = RerequestServer(SESSION, publisher.store)
    capture = Capture()
    asked = ((1, 10), (1000, 5000), (publisher.next_sequence - 1, 1))
    for first, count in asked:
        request = mold.Request(SESSION, first, count).encode()
        capture.datagram(CLIENT, EXCHANGE, request)
        answer = server.on_request(request, CLIENT.address, capture.now)
        assert answer is not None
        capture.datagram(EXCHANGE, CLIENT, answer)
        capture.now += 1_000_000
    capture.write(tmp_path / "requests.pcapng")
    frames = read_feed(tmp_path / "requests.pcapng")
    assert_sound(frames)
    requests, answers = frames[::2], frames[1::2]
    assert column(requests, "moldudp64.request") == ["1"] * 3
    assert [tuple(int(frame[f"moldudp64.{name}"][0]) for name in ("sequence", "count")) for frame in requests] == list(
        asked
    )
    assert not column(answers, "moldudp64.request")
    for (first, count), frame in zip(asked, answers, strict=True):
        messages = publisher.read(first, int(frame["moldudp64.count"][0]))
        assert 0 < len(messages) <= count
        assert frame["moldudp64.msgdata"] == [message.hex() for message in messages]
        assert frame["moldudp64.msgseq"] == [str(first + n) for n in range(len(messages))]
    assert len(column(answers, "moldudp64.msgdata")) == server.messages


@pytest.mark.parametrize("cut", [1, 37])
def test_a_packet_that_is_cut_short_is_found(cut: int, tmp_path: Path) -> None:
    whole = mold.encode_packet(SESSION, 1, [bytes(12), bytes(36)])
    capture = Capture()
    for packet in (whole, whole[:-cut]):
        capture.datagram(EXCHANGE, LINES[0], packet)
    capture.write(tmp_path / "cut.pcapng")
    first, second = read_feed(tmp_path / "cut.pcapng")
    assert_sound([first])
    with pytest.raises(AssertionError):
        assert_sound([second])


async def fetch_snapshot(port: int, password: str) -> tuple[GlimpseClient, list[bytes]]:
    """Log in, take all there is, and close after the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = GlimpseClient("user", password, "", time.monotonic_ns())
    writer.write(client.take_output())
    messages: list[bytes] = []
    while data := await reader.read(1 << 16):
        messages += client.on_bytes(data, time.monotonic_ns())
    writer.close()
    await writer.wait_closed()
    return client, messages


def test_glimpse(tmp_path: Path) -> None:
    venue = LiveVenue(Publisher(SESSION, []), 4)
    while len(venue.publisher) < 3000:
        venue.step()

    async def run() -> tuple[tuple[GlimpseClient, list[bytes]], RecordingProxy]:
        endpoint = GlimpseEndpoint(GlimpseServer(SESSION, venue, {"user": "secret"}), time.monotonic_ns)
        proxy = RecordingProxy(await endpoint.listen(IPv4Address("127.0.0.1"), 0))
        port = await proxy.listen()
        fetched = await asyncio.wait_for(fetch_snapshot(port, "secret"), 20)
        refused, _ = await asyncio.wait_for(fetch_snapshot(port, "wrong"), 20)
        assert refused.state is GlimpseState.FAILED
        await proxy.close()
        await endpoint.close()
        return fetched, proxy

    (client, messages), proxy = asyncio.run(run())
    assert client.state is GlimpseState.DONE
    frames = read_connections(tmp_path / "glimpse.pcapng", proxy)
    assert_sound(frames)
    end_of_snapshot = b"G" + str(client.next_sequence).rjust(20).encode()
    assert column(frames, "soupbintcp.message") == [message.hex() for message in (*messages, end_of_snapshot)]
    assert_numbered(frames)
    assert types_of(frames, "soupbintcp.message") == {**Counter(chr(message[0]) for message in messages), "G": 1}
    assert {"S", "R", "H", "Y", "A", "F"} <= set(types_of(frames, "soupbintcp.message"))
    packets = Counter(column(frames, "soupbintcp.packet_type"))
    assert packets == {"'L'": 2, "'A'": 1, "'S'": len(messages) + 1, "'+'": 1, "'J'": 1}
    assert column(frames, "soupbintcp.username") == ["user  "] * 2
    assert column(frames, "soupbintcp.password") == ["secret    ", "wrong     "]
    # Requested by both, and joined: the server pads on the left (PROTOCOLS §3.2).
    assert column(frames, "soupbintcp.session") == [" " * 10, SESSION, " " * 10]
    assert column(frames, "soupbintcp.reject_code") == ["'A'"]
    assert column(frames, "soupbintcp.text") == ["wrong username or password"]
