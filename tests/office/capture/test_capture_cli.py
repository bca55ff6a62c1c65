"""`hftos capture` as its user sees it: figures, packets, parts, and what is said of wrong inputs."""

import json
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from office.capture.cli import capture as command
from protocols import binaryfile, itch50
from tests.office.feed_frames import TIME, A, B, packet, tcp, udp, write


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(command, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def document(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def message(number: int) -> bytes:
    return itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=number * 1000, event_code="O").encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    client, server = ("10.20.0.10", 40000), ("10.20.0.1", 24000)
    frames = [
        tcp(b"", 100, client, server, flags=2),
        tcp(b"", 500, server, client, flags=18),
        udp(packet(1, message(1), message(2)), A),
        udp(packet(1, message(1), message(2)), B),
        tcp(b"hello", 101, client, server),
        udp(packet(5, message(5)), A),
        b"no protocol that we know of",
    ]
    return write(tmp_path / "run" / "captures" / "trader.pcapng", frames)


def test_info_counts_everything(path: Path) -> None:
    found = document("info", path)
    assert (found["packets"], found["outbound"], found["inbound"]) == (7, 7, 0)
    assert (found["first_ns"], found["last_ns"]) == (TIME, TIME + 6000)
    assert [(line["to"], line["messages"], line["first_gaps"]) for line in found["lines"]] == [
        ("239.20.0.1:26401", 3, [[3, 4]]),
        ("239.20.0.2:26402", 2, []),
    ]
    assert found["missing_on_all_lines"] == {"TODAY": [[3, 4]]}
    (flow,) = found["tcp"]
    assert (flow["client"], flow["server"], flow["packets_up"], flow["bytes_up"]) == (
        "10.20.0.10:40000",
        "10.20.0.1:24000",
        2,
        5,
    )
    text = run("info", path).output
    assert "3 to 4" in text
    assert "10.20.0.10:40000" in text


def test_a_runs_folder_is_its_traders_capture(path: Path) -> None:
    assert document("info", path.parent.parent)["files"] == document("info", path)["files"]


def test_a_torn_end_is_shown_and_is_no_damage_but_damage_is(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-5])
    assert document("info", path)["files"][0]["fault"].startswith("the capture ends inside a block")
    broken = bytearray(data)
    struct.pack_into("<I", broken, len(data) - 4, 77)
    path.write_bytes(broken)
    result = run("info", path)
    assert result.exit_code == 1
    assert "a block's two lengths differ" in " ".join(result.output.split())  # the table folds long lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "nowhere"), "nowhere: no such file; name a pcap or pcapng file, or the folder of a run"),
        (("info", "/dev/null"), "/dev/null: it is no file; name a pcap or pcapng file"),
        (("info", "."), ". is no run: it has no captures/trader.pcapng"),
        (("info", "text"), "text: not a pcap or pcapng file (offset 0, value b'hell'); name a pcap or pcapng file"),
        (("index", "empty"), "there is nothing to index"),
        (("cut", "good", "out", "--first", "9"), "nothing in the capture fits"),
        (("cut", "good", "out", "--from", "noon"), "'noon' is no moment: give ns since 1970"),
        (("seek", "good"), "say what to look for: one of --time, --packet and --sequence"),
        (("seek", "good", "--packet", "1", "--sequence", "2"), "one of --time"),
        (("seek", "good", "--time", "x"), "'x' is no moment"),
        (("replay", "good", "--to", "nowhere"), "--to 'nowhere': give GROUP:PORT"),
        (("replay", "good", "--to", "h.o.s.t:5"), "'h.o.s.t' is no IPv4 address"),
        (("replay", "good", "--to", "239.1.1.1:0"), "give GROUP:PORT"),
        (("replay", "good", "--to", "239.1.1.1:²"), "--to '239.1.1.1:²': give GROUP:PORT"),
        (("replay", "good", "--speed", "quick"), "'quick' is no pace"),
        (("replay", "good", "--session", "OTHER"), "has no MoldUDP64 packet to a group"),
        (("replay", "text"), "a BinaryFILE names no group: say where it goes with --to"),
        (("replay", "text", "--to", "239.1.1.1:5", "--from", "+1"), "a BinaryFILE is sent whole"),
        (("replay", "text", "--to", "127.0.0.1:5", "--speed", "max"), "the file ends inside message 1"),
        (("replay", "nowhere"), "nowhere: no such file"),
    ],
)
def test_wrong_inputs_are_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("hello")
    write(Path("empty"), [])
    write(Path("good"), [udp(packet(1, message(1)))])
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")
    assert "Traceback" not in result.output
    assert not Path("out").exists()


def test_index_and_seek(path: Path) -> None:
    assert document("index", path) == [{"index": f"{path}.index", "packets": 7, "lines": 2}]
    for options in ((), ("--no-index",)):
        found = document("seek", path, "--sequence", "2", *options)
        assert [(one["packet"], one["to"]) for one in found] == [(2, "239.20.0.1:26401"), (3, "239.20.0.2:26402")]
        assert found[0]["messages"][1]["sequence"] == 2
        assert found[0]["time_ns"] == TIME + 2000
        assert document("seek", path, "--time", "+0.000004")[0]["payload"] == b"hello".hex()
    assert document("seek", path, "--packet", "6", "--count", "5")[0]["protocol"] == "other"
    assert "SystemEvent" in run("seek", path, "--packet", "2").output
    missing = run("seek", path, "--sequence", "3")
    assert missing.exit_code == 1
    assert "there is no such packet" in missing.output


def test_cut(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    assert document("cut", path, out, "--first-sequence", "1", "--last-sequence", "2") == {
        "out": str(out),
        "packets": 2,
        "of": 7,
        "bytes": out.stat().st_size,
    }
    assert document("info", out)["packets"] == 2
    assert "7 of 7 packets" in run("cut", path, out).output
    assert out.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("command_line", [("cut",), ("replay", "--write")])
def test_no_file_of_the_capture_is_written_over(path: Path, command_line: tuple[str, ...]) -> None:
    other = path.with_name("trader.1.pcapng")
    other.write_bytes(path.read_bytes())
    link = path.with_name("link")
    link.symlink_to(other)
    before = path.read_bytes()
    for out in (path, other, link):
        name, *option = command_line
        result = run(name, path, *option, out)
        assert result.exit_code == 2
        assert f"{out} is the capture itself: give another name" in result.output.replace("\n", "")
        assert (path.read_bytes(), other.read_bytes()) == (before, before)


def test_a_file_of_messages_is_not_written_over_either(tmp_path: Path) -> None:
    binaryfile.write(tmp_path / "day.itch", [message(1)])
    before = (tmp_path / "day.itch").read_bytes()
    assert run("replay", tmp_path / "day.itch", "--to", "239.1.1.1:5", "--write", tmp_path / "day.itch").exit_code == 2
    assert (tmp_path / "day.itch").read_bytes() == before


def test_what_cannot_be_written_whole_leaves_what_was_there(tmp_path: Path) -> None:
    binaryfile.write(tmp_path / "day.itch", [message(1)])
    (tmp_path / "day.itch").write_bytes((tmp_path / "day.itch").read_bytes() + b"\0\x0cshort")
    out = tmp_path / "out.pcapng"
    out.write_bytes(b"before")
    assert run("replay", tmp_path / "day.itch", "--to", "239.1.1.1:5", "--write", out).exit_code == 2
    assert out.read_bytes() == b"before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["day.itch", "out.pcapng"]


def test_a_part_of_a_capture_with_a_torn_end_says_so(path: Path, tmp_path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])
    for arguments in (
        ("cut", path, tmp_path / "out.pcapng"),
        ("replay", path, "--write", tmp_path / "played.pcapng"),
        ("seek", path, "--sequence", 99),
    ):
        assert f"note: {path}: the capture ends inside a block" in run(*arguments).stderr
    assert "note" not in run("seek", path, "--packet", 0).stderr


def test_packets_have_one_number_in_all_files(path: Path) -> None:
    path.with_name("trader.1.pcapng").write_bytes(path.read_bytes())
    for index in (False, True):
        if index:
            document("index", path)
        found = document("seek", path, "--packet", "5", "--count", "4")
        assert [(Path(one["file"]).name, one["packet"]) for one in found] == [
            ("trader.pcapng", 5),
            ("trader.pcapng", 6),
            ("trader.1.pcapng", 7),
            ("trader.1.pcapng", 8),
        ]
        assert [one["packet"] for one in document("seek", path, "--sequence", "5")] == [5, 12]
        assert document("seek", path, "--packet", "12")[0]["messages"][0]["sequence"] == 5


def receiver() -> socket.socket:
    """A socket on loopback; the group of the feed is a plain address here."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(5)
    return sock


@pytest.mark.parametrize("speed", ["max", "1"])
def test_replay_sends_both_lines_as_they_were(path: Path, speed: str) -> None:
    with receiver() as one, receiver() as other:
        ends = [f"127.0.0.1:{each.getsockname()[1]}" for each in (one, other)]
        found = document("replay", path, "--to", ends[0], "--to", ends[1], "--speed", speed)
        assert [(line["to"], line["datagrams"]) for line in found["lines"]] == [(ends[0], 2), (ends[1], 1)]
        assert (found["span_ns"], found["refused"]) == (3000, 0)
        first = packet(1, message(1), message(2))
        assert [one.recv(2000) for _ in range(2)] == [first, packet(5, message(5))]
        assert other.recv(2000) == first


def test_replay_from_a_moment_and_of_the_first_line_only(path: Path) -> None:
    with receiver() as one:
        end = f"127.0.0.1:{one.getsockname()[1]}"
        found = document("replay", path, "--to", end, "--from", "+0.000003", "--speed", "max")
        assert found["lines"][0]["datagrams"] == 1
        assert one.recv(2000) == packet(5, message(5))


def test_replay_of_a_file_of_messages(tmp_path: Path) -> None:
    binaryfile.write(tmp_path / "day.itch", [message(number) for number in (1, 1, 2)])
    with receiver() as one:
        end = f"127.0.0.1:{one.getsockname()[1]}"
        document("replay", tmp_path / "day.itch", "--to", end, "--speed", "max")
        assert one.recv(2000) == packet(1, message(1), message(1), session="REPLAY")
        assert one.recv(2000) == packet(3, message(2), session="REPLAY")
        assert one.recv(2000)[18:20] == b"\xff\xff"


def test_help_of_every_command() -> None:
    for name in ("info", "index", "cut", "seek", "replay"):
        assert run(name, "--help").exit_code == 0
