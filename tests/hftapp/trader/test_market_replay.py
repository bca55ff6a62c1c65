"""Recorded market data to the trader, orders on paper: the same decisions at every pace, however it is stored."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hftapp import config
from hftapp.replay_cli import replay as command
from hftapp.trader import assembly, market_replay
from hftapp.trader.market_replay import Datagram, MarketReplayError, of_capture, of_file, of_messages
from protocols import mold, ouch50, pacing, pcap_read
from protocols.decision_digest import digest
from protocols.errors import TruncatedError
from protocols.pcap_rotate import LEAST_BYTES, RotatingWriter
from protocols.pcap_write import OUTBOUND, PcapngWriter
from tests.office.feed_frames import udp

ROOT = Path(__file__).resolve().parents[3]
SLICE = ROOT / "tests/data/12302019_SNIPPET.NASDAQ_ITCH50"
SETTINGS = config.load(ROOT / "hftos.toml")
A, B = assembly.lines(SETTINGS)
UTC = 1_795_000_000_000_000_000


@pytest.fixture(scope="module")
def hash_of_slice() -> str:
    return digest(market_replay.replay(of_file(SLICE, A), SETTINGS).outcome.decisions)


def play(datagrams: Iterator[Datagram], settings: config.Config = SETTINGS) -> market_replay.MarketPlayer:
    return market_replay.replay(datagrams, settings)


def test_a_real_file_leads_to_orders(hash_of_slice: str) -> None:
    played = play(of_file(SLICE, A))
    sent = [ouch50.decode_inbound(each.message) for each in played.outcome.sent]
    entered = [message for message in sent if isinstance(message, ouch50.EnterOrder)]
    passed = [one for one in played.outcome.decisions if one.code == 0]
    assert len(entered) > 10
    assert [one.reference for one in passed] == [
        message.user_ref_num for message in sent if isinstance(message, ouch50.EnterOrder | ouch50.ReplaceOrder)
    ]
    # At its end the trader takes every open order off, as when an operator stops it.
    assert isinstance(sent[-1], ouch50.CancelOrder)
    assert digest(played.outcome.decisions) == hash_of_slice


@pytest.mark.parametrize("speed", [None, 1.0, 10.0])
def test_no_pace_changes_a_decision(hash_of_slice: str, speed: float | None) -> None:
    waits: list[int] = []

    def wait(ns: int) -> None:
        waits.append(ns)

    pace = pacing.Pace(speed, lambda: sum(waits), wait)
    played = market_replay.replay(of_file(SLICE, A), SETTINGS, pace)
    assert digest(played.outcome.decisions) == hash_of_slice
    assert bool(waits) is (speed is not None)


def captured(path: Path, *, lost: frozenset[int] = frozenset(), lost_b: frozenset[int] = frozenset()) -> Path:
    """The slice as a capture of both lines, line B a microsecond late; packets by their place that are lost on each."""
    with PcapngWriter(path, "trader") as writer:
        for number, datagram in enumerate(of_file(SLICE, A)):
            for line, gone, late in ((A, lost, 0), (B, lost_b, 1000)):
                if number not in gone:
                    frame = udp(datagram.payload, (str(line[0]), line[1]))
                    writer.write(OUTBOUND, frame, UTC + datagram.time + late)
    return path


def test_a_capture_of_both_lines_leads_to_the_same_decisions(tmp_path: Path, hash_of_slice: str) -> None:
    played = play(of_capture(captured(tmp_path / "a.pcapng")))
    assert digest(played.outcome.decisions) == hash_of_slice


def test_what_one_line_lost_the_other_one_brings(tmp_path: Path, hash_of_slice: str) -> None:
    lost, lost_b = frozenset(range(10, 400, 7)), frozenset(range(12, 400, 7))
    played = play(of_capture(captured(tmp_path / "a.pcapng", lost=lost, lost_b=lost_b)))
    decided = [(one.symbol, one.side, one.price) for one in played.outcome.decisions]
    whole = [(one.symbol, one.side, one.price) for one in play(of_file(SLICE, A)).outcome.decisions]
    assert decided == whole


def test_what_both_lines_lost_stops_trading(tmp_path: Path, hash_of_slice: str) -> None:
    lost = frozenset({5})
    played = play(of_capture(captured(tmp_path / "a.pcapng", lost=lost, lost_b=lost)))
    assert digest(played.outcome.decisions) != hash_of_slice


def test_messages_from_a_store_are_played_too(hash_of_slice: str) -> None:
    from protocols.binaryfile import read

    with read(SLICE) as reader:
        rows = [(int.from_bytes(raw[5:11], "big"), raw) for raw in reader]
    assert digest(play(of_messages(rows, A)).outcome.decisions) == hash_of_slice


def test_other_groups_are_not_heard() -> None:
    elsewhere = (B[0], 9)
    datagrams = [Datagram(1, elsewhere, b"x"), Datagram(2, A, mold.encode_heartbeat("S", 1))]
    played = play(iter(datagrams))
    assert (played.played, played.elsewhere) == (1, 1)
    with pytest.raises(MarketReplayError, match=r"no datagram for 239\.20\.0\.1:26401, 239\.20\.0\.2:26402"):
        play(iter(datagrams[:1]))
    with pytest.raises(MarketReplayError):
        play(iter([]))


def test_more_datagrams_of_one_time_than_a_burst_holds() -> None:
    beats = [Datagram(5, A, mold.encode_heartbeat("S", 1))] * 100
    assert play(iter(beats)).played == 100


def test_a_damaged_file_is_an_error_behind_what_is_good(tmp_path: Path) -> None:
    data = SLICE.read_bytes()
    (tmp_path / "cut").write_bytes(data[:1001])
    with pytest.raises(TruncatedError):
        list(of_file(tmp_path / "cut", A))


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(command, list(map(str, arguments)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def test_the_command_plays_files_and_captures(tmp_path: Path, hash_of_slice: str) -> None:
    for source in (SLICE, captured(tmp_path / "a.pcapng")):
        shown = json.loads(run(source, "--json").output)
        assert shown["decision_hash"] == hash_of_slice
    assert f"hash {hash_of_slice}" in run(SLICE).output


def test_a_capture_in_several_files_is_played_whole(tmp_path: Path, hash_of_slice: str) -> None:
    with captured(tmp_path / "whole.pcapng").open("rb") as file:
        frames = list(pcap_read.read(file))
    writer = RotatingWriter(tmp_path / "a.pcapng", "trader", rotate_bytes=LEAST_BYTES)
    for time, _, frame in frames:
        writer.write(OUTBOUND, frame, time)
    writer.close()
    assert writer.files > 2
    found = json.loads(run(tmp_path / "a.pcapng", "--json").stdout)
    assert (found["datagrams"], found["decision_hash"]) == (len(frames), hash_of_slice)


def test_a_capture_whose_writer_was_killed_is_played_up_to_its_end(tmp_path: Path, hash_of_slice: str) -> None:
    path = captured(tmp_path / "a.pcapng")
    with PcapngWriter(tmp_path / "b.pcapng", "trader") as writer:
        writer.write(OUTBOUND, b"a frame that is not finished", UTC)
    path.write_bytes(path.read_bytes() + (tmp_path / "b.pcapng").read_bytes()[:-7])
    result = run(path, "--against", ROOT / "hftos.toml", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["decision_hash"] == hash_of_slice
    assert result.stderr.count("the capture ends inside a block") == 1


def test_a_clock_that_was_set_back_loses_nothing_of_a_part(tmp_path: Path) -> None:
    beats = [udp(mold.encode_heartbeat("S", 1), (str(A[0]), A[1]))] * 4
    with PcapngWriter(tmp_path / "a.pcapng", "trader") as writer:
        for frame, moment in zip(beats, (0, 2, 1, 3), strict=True):
            writer.write(OUTBOUND, frame, UTC + moment * 10**9)
    assert json.loads(run(tmp_path / "a.pcapng", "--to", "+1.5", "--json").stdout)["datagrams"] == 2


@pytest.mark.parametrize("time", [-1, 1 << 62 | 1])
def test_a_time_that_no_trader_has_is_refused(time: int) -> None:
    with pytest.raises(MarketReplayError, match="the trader's clock knows 1970 to 2116"):
        play(iter([Datagram(time, A, mold.encode_heartbeat("S", 1))]))


def test_two_configurations_are_compared_decision_by_decision(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text((ROOT / "hftos.toml").read_text().replace("size = 100, half_spread", "size = 60, half_spread"))
    result = run(SLICE, "--against", other)
    assert result.exit_code == 1
    assert "decision 0 config: feed_venue=0 " in result.output
    assert "shares=60" in result.output
    same = run(SLICE, "--against", ROOT / "hftos.toml", "--json")
    assert same.exit_code == 0
    assert json.loads(same.output)["identical"] is True


def test_a_device_is_refused() -> None:
    result = run("/dev/null")
    assert result.exit_code == 1
    assert "/dev/null is no file" in result.output


def test_market_data_has_no_journal() -> None:
    result = run(SLICE, "--journal", SLICE)
    assert result.exit_code == 2
    assert "--journal is for a recording" in result.output


def test_a_part_of_a_capture(tmp_path: Path) -> None:
    path = captured(tmp_path / "a.pcapng")
    whole = json.loads(run(path, "--json").output)["datagrams"]
    first = json.loads(run(path, "--to", "+0.001", "--json").output)["datagrams"]
    second = json.loads(run(path, "--from", "+0.001", "--json").output)["datagrams"]
    assert 0 < first < whole
    assert first + second == whole


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", (), "neither a recording, nor a capture, nor a BinaryFILE of ITCH messages"),
        (b"\0\x01x", (), "neither a recording, nor a capture"),
        (b"\0\x0bxxxxxxxxxxx\0", (), "the file ends inside a length"),
        (b"\n\r\r\n", (), "the capture ends inside a block"),
        (SLICE.read_bytes(), ("--from", "noon"), "'noon' is no moment"),
        (SLICE.read_bytes(), ("--from", "+99"), "there is no datagram for 239.20.0.1:26401"),
    ],
)
def test_wrong_inputs_are_named(tmp_path: Path, content: bytes, options: tuple[str, ...], said: str) -> None:
    (tmp_path / "input").write_bytes(content)
    result = run(tmp_path / "input", *options)
    assert result.exit_code == 1
    assert said in result.output


def test_the_compiled_trader_decides_the_same(hash_of_slice: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HFTOS_INTERPRETED"}
    command_line = [sys.executable, "-m", "hftos.cli", "replay", str(SLICE), "--json"]
    done = subprocess.run(command_line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["decision_hash"] == hash_of_slice
