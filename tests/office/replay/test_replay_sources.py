"""What is played: both lines with their gaps, or single messages packed anew."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from office.capture.source import Capture
from office.replay.multicast import Sender
from office.replay.sources import Sent, feed_lines, from_capture, from_file, from_messages
from protocols import binaryfile, mold
from protocols.errors import TruncatedError
from tests.office.feed_frames import SESSION, TIME, A, B, packet, udp, write


def test_a_capture_is_played_as_it_was(tmp_path: Path) -> None:
    frames = [
        udp(packet(1, b"a"), A),
        udp(packet(1, b"a"), B),
        udp(packet(1, b"a"), ("10.20.0.10", 9)),  # an answer to a request: no line of the feed
        udp(packet(3, b"c"), B),
        udp(packet(3, b"c"), B),
        udp(mold.encode_end(SESSION, 4), A),
    ]
    with Capture(write(tmp_path / "a.pcapng", frames)) as capture:
        lines = feed_lines(capture)
        assert [str(line) for line in lines] == ["239.20.0.1:26401", "239.20.0.2:26402"]
        played = list(from_capture(capture, lines))
        assert played == [
            Sent(TIME, 0, packet(1, b"a")),
            Sent(TIME + 1000, 1, packet(1, b"a")),
            Sent(TIME + 3000, 1, packet(3, b"c")),
            Sent(TIME + 4000, 1, packet(3, b"c")),
            Sent(TIME + 5000, 0, mold.encode_end(SESSION, 4)),
        ]
        assert list(from_capture(capture, lines, TIME + 3000, TIME + 5000)) == played[2:4]
        assert next(iter(from_capture(capture, lines[1:]))).line == 0


def test_rows_of_one_time_share_packets_and_go_to_every_line() -> None:
    rows = [(5, b"a"), (5, b"b"), (9, b"c")]
    assert list(from_messages(rows, "S", 2)) == [
        Sent(5, 0, mold.encode_packet("S", 1, [b"a", b"b"])),
        Sent(5, 1, mold.encode_packet("S", 1, [b"a", b"b"])),
        Sent(9, 0, mold.encode_packet("S", 3, [b"c"])),
        Sent(9, 1, mold.encode_packet("S", 3, [b"c"])),
        Sent(9, 0, mold.encode_end("S", 4)),
        Sent(9, 1, mold.encode_end("S", 4)),
    ]


def test_more_messages_of_one_time_than_a_packet_holds() -> None:
    played = list(from_messages([(1, bytes(100))] * 40, "S"))
    packets = [mold.decode(each.payload) for each in played]
    assert all(len(each.payload) <= mold.MAX_PAYLOAD for each in played)
    assert sum(len(each.messages) for each in packets if isinstance(each, mold.Packet)) == 40
    assert packets[-1] == mold.EndOfSession("S", 41)


def test_a_real_file(tmp_path: Path) -> None:
    slice_ = Path(__file__).resolve().parents[2] / "data/12302019_SNIPPET.NASDAQ_ITCH50"
    played = list(from_file(slice_))
    times = [each.time for each in played]
    assert times == sorted(times)
    count = sum(len(packet.messages) for each in played if isinstance(packet := mold.decode(each.payload), mold.Packet))
    with binaryfile.read(slice_) as reader:
        assert count == sum(1 for _ in reader)
    (tmp_path / "short").write_bytes(b"\0\x03abc")
    with pytest.raises(TruncatedError, match="message 1 has no time stamp"):
        list(from_file(tmp_path / "short"))


def test_what_the_kernel_does_not_take_is_counted() -> None:
    loopback = IPv4Address("127.0.0.1")
    sender = Sender([(loopback, 9)], loopback)
    tally = sender.send([Sent(1, 0, bytes(70_000)), Sent(2, 1, b"no such line"), Sent(3, 0, b"fine")], lambda _: None)
    sender.close()
    assert (tally.datagrams, tally.octets, tally.refused, tally.first, tally.last) == ([1], [4], 1, 3, 3)
    with pytest.raises(OSError, match="assign requested address"):
        Sender([(loopback, 9)], IPv4Address("192.0.2.1"))
