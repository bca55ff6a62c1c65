"""A run that was loaded into the store is played from there as it was captured, but for its heartbeats."""

import json
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from click.testing import CliRunner

from office.capture.cli import capture as command
from office.capture.source import Capture
from office.replay import playing, stored
from office.replay.playing import PlayError, Wanted
from office.replay.sources import Sent, feed_lines, from_capture
from office.replay.stored import Row
from office.replay.written import frame
from protocols import mold
from protocols.frames import udp_datagram
from store import fees
from store.client import connect
from store.load import Wishes, load
from tests.office import lockstep_run
from tests.office.feed_frames import TIME


def row(source: str, number: int, time: int, session: str = "S") -> Row:
    return Row(f"trader/{source}", session, number, TIME + time, bytes([number]))


A, B = "239.20.0.1:26401", "239.20.0.2:26402"


def test_packets_are_put_together_again() -> None:
    rows = [row(A, 1, 0), row(A, 2, 0), row(B, 1, 5), row(B, 2, 5), row(A, 3, 9), row(A, 7, 9), row(A, 8, 10)]
    lines = stored.lines_of(rows)
    assert [str(line) for line in lines] == [A, B]
    assert list(stored.packets(rows, lines)) == [
        Sent(TIME, 0, mold.encode_packet("S", 1, [b"\1", b"\2"])),
        Sent(TIME + 5, 1, mold.encode_packet("S", 1, [b"\1", b"\2"])),
        Sent(TIME + 9, 0, mold.encode_packet("S", 3, [b"\3"])),
        Sent(TIME + 9, 0, mold.encode_packet("S", 7, [b"\7"])),
        Sent(TIME + 10, 0, mold.encode_packet("S", 8, [b"\x08"])),
    ]
    assert next(iter(stored.packets(rows, lines[1:]))).line == 0
    assert list(stored.packets([], lines)) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lockstep_run.make(tmp_path_factory.mktemp("stored") / "run")


def messages(datagrams: Iterable[Sent]) -> list[tuple[int, int, int, bytes]]:
    """Every message with its time, line and number. Of one nanosecond the store knows no order between lines."""
    packets = ((each, mold.decode(each.payload)) for each in datagrams)
    return sorted(
        (each.time, each.line, packet.sequence + n, raw)
        for each, packet in packets
        if isinstance(packet, mold.Packet)
        for n, raw in enumerate(packet.messages)
    )


def test_a_run_from_the_store_is_the_captured_one(run: Path, tmp_path: Path) -> None:
    dsn = f"chdb://{tmp_path}/store"
    with connect(dsn) as store:
        load(store, run, Wishes(fees.read()))
        (name,) = store.runs()
    with Capture(run) as capture:
        captured = messages(from_capture(capture, feed_lines(capture)))
    with playing.opened(Path(name), Wanted([]), dsn) as (datagrams, endpoints, _):
        assert messages(datagrams) == captured
        assert [f"{group}:{port}" for group, port in endpoints] == [A, B]
    begin = captured[0][0]
    with playing.opened(Path(name), Wanted([], since="+0.5", until="+0.9"), dsn) as (datagrams, _, _):
        assert messages(datagrams) == [each for each in captured if begin + 5 * 10**8 <= each[0] < begin + 9 * 10**8]
    with (
        pytest.raises(PlayError, match="no market data of a run 'nothing'"),
        playing.opened(Path("nothing"), Wanted([]), dsn),
    ):
        pass


def test_what_is_played_can_be_written_as_a_capture(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    result = CliRunner().invoke(command, ["replay", str(run), "--write", str(out), "--json"])
    assert result.exit_code == 0, result.output
    counts = [line["datagrams"] for line in json.loads(result.output)["lines"]]
    with Capture(run) as one, Capture(out) as other:
        played = list(from_capture(one, feed_lines(one)))
        assert list(from_capture(other, feed_lines(other))) == played
        assert counts == [sum(each.line == place for each in played) for place in range(2)]


def test_written_frames_are_as_a_host_sends_them() -> None:
    made = frame(b"hello", IPv4Address("10.20.0.1"), (IPv4Address("239.148.0.2"), 26402))
    assert made[:6] == bytes.fromhex("01005e140002")
    words = [int.from_bytes(made[at : at + 2], "big") for at in range(14, 34, 2)]
    total = sum(words)
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
    datagram = udp_datagram(made, 1)
    assert datagram is not None
    assert (str(datagram.destination), datagram.destination_port, datagram.payload) == ("239.148.0.2", 26402, b"hello")
    with pytest.raises(ValueError, match="at most 65507"):
        frame(bytes(65_508), IPv4Address("10.20.0.1"), (IPv4Address("239.148.0.2"), 26402))
