"""`hftos itch`: figures, books and listings, and what is said about files that cannot be used."""

import gzip
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from zstandard import ZstdCompressor

from protocols import binaryfile, itch50, mold
from protocols.cli import itch
from protocols.itch_files import book_after, clock
from protocols.order_book import OrderBooks


def run(*arguments: object) -> Result:
    return CliRunner().invoke(itch, [str(argument) for argument in arguments])


def capture(path: Path, payloads: list[bytes]) -> Path:
    ether = Ether(src="52:54:00:00:00:01", dst="01:00:5e:14:00:01")
    ip = IP(src="10.20.0.1", dst="239.20.0.1")
    frames = [bytes(ether / ip / UDP(sport=1, dport=26_401) / Raw(payload)) for payload in payloads]
    frames.append(bytes(ether / ip / TCP()))
    raw = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 1)
    for number, frame in enumerate(frames):
        raw += struct.pack("<IIII", 1_700_000_000, number, len(frame), len(frame)) + frame
    path.write_bytes(raw)
    return path


def test_stats_of_a_real_slice(snippet_path: Path) -> None:
    result = run("stats", snippet_path, "--json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert figures["messages"] == 1000
    assert figures["by_type"] == {
        "A": 367, "C": 1, "D": 167, "E": 28, "F": 193, "I": 4, "P": 4, "Q": 4, "S": 1, "U": 225, "X": 6,
    }  # fmt: skip
    assert (figures["symbols"], figures["symbols_in_adds"], figures["unknown_references"]) == (190, 185, 394)
    assert figures["time_span"] == {"first_ns": 34200000000230, "last_ns": 34200002364611, "span_ns": 2364381}
    assert (figures["end_record"], figures["malformed"]) == (False, 0)


def test_stats_for_people(snippet_path: Path) -> None:
    result = run("stats", snippet_path)
    assert result.exit_code == 0
    for text in ("Order Replace", "225", "09:30:00.000000230", "394", "slice"):
        assert text in result.stdout


def test_stats_count_what_does_not_decode(tmp_path: Path, snippet: list[bytes]) -> None:
    path = tmp_path / "damaged"
    binaryfile.write(path, [snippet[0], b"?", snippet[1], b"A"])
    figures = json.loads(run("stats", path, "--json").stdout)
    assert (figures["messages"], figures["malformed"], figures["end_record"]) == (4, 2, True)
    assert figures["first_fault"].startswith("message 2: no such ITCH 5.0 message type")


@pytest.mark.parametrize("after", [0, 1, 10, 500, 999, 1000, None])
def test_books_after_some_messages(snippet_path: Path, snippet: list[bytes], after: int | None) -> None:
    books = OrderBooks()
    for raw in snippet[:after]:
        books.apply(itch50.decode(raw))
    for symbol in ("ACGL", "VIXM", "AMAT"):
        arguments: list[object] = ["book", snippet_path, "--symbol", symbol, "--json"]
        result = run(*arguments, *([] if after is None else ["--after", after]))
        locate = books.locate_of(symbol)
        assert json.loads(result.stdout) == (
            books.book(locate).view() if locate is not None else {"bids": [], "asks": []}
        )


def test_a_book_for_people(snippet_path: Path) -> None:
    result = run("book", snippet_path, "--symbol", "ACGL")
    assert result.exit_code == 0
    assert "41.6100" in result.stdout
    assert "44.6900" in result.stdout


def test_dump_is_a_line_a_message(snippet_path: Path) -> None:
    result = run("dump", snippet_path)
    lines = result.stdout.splitlines()
    assert len(lines) == 1000
    assert lines[0] == (
        "09:30:00.000000230 1 D OrderDelete stock_locate=3041 tracking_number=0 order_reference_number=4851694"
    )
    decoded = [json.loads(line) for line in run("dump", snippet_path, "--json").stdout.splitlines()]
    assert len(decoded) == 1000
    assert decoded[0] == {
        "number": 1, "type": "D", "name": "OrderDelete", "stock_locate": 3041, "tracking_number": 0,
        "timestamp": 34200000000230, "order_reference_number": 4851694,
    }  # fmt: skip


def test_dump_of_a_capture(tmp_path: Path, snippet: list[bytes]) -> None:
    payloads = [
        mold.encode_packet("SESSION", 5, snippet[:2]),
        mold.encode_packet("SESSION", 7, [b"?"]),
        b"no mold",
        mold.encode_heartbeat("SESSION", 8),
        mold.encode_end("SESSION", 8),
    ]
    path = capture(tmp_path / "feed.pcap", payloads)
    result = run("dump", path)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("1700000000.000000000 09:30:00.000000230 239.20.0.1:26401 SESSION 5 D OrderDelete ")
    assert " SESSION 6 E OrderExecuted " in lines[1]
    assert "no such ITCH 5.0 message type" in lines[2]
    assert "a MoldUDP64 packet has at least 20 bytes" in lines[3]
    assert lines[4].endswith("SESSION heartbeat next_sequence=8")
    assert lines[5].endswith("SESSION end of session next_sequence=8")


def test_files_that_cannot_be_used(tmp_path: Path, snippet_path: Path, snippet: list[bytes]) -> None:
    text = tmp_path / "text"
    text.write_text("this is no market data\n")
    empty = tmp_path / "empty"
    empty.touch()
    damaged = tmp_path / "damaged"
    binaryfile.write(damaged, [snippet[0], b"?"])
    feed = capture(tmp_path / "feed.pcap", [])
    ended = tmp_path / "ended"
    binaryfile.write(ended, [])
    gzipped = tmp_path / "gzipped"
    gzipped.write_bytes(gzip.compress(snippet_path.read_bytes()))
    zstandard = tmp_path / "zstandard"
    zstandard.write_bytes(ZstdCompressor().compress(snippet_path.read_bytes()))
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(feed.read_bytes()[:-1])
    cases: list[tuple[list[Any], str]] = [
        (["stats", tmp_path / "none"], "none: No such file or directory"),
        (["book", tmp_path / "none", "--symbol", "A"], "none: No such file or directory"),
        (["dump", tmp_path / "none"], "none: No such file or directory"),
        (["dump", tmp_path], "Is a directory"),
        (["stats", text], "the file ends inside message 1"),
        (["dump", text], "the file ends inside message 1"),
        (["stats", empty], "no ITCH 5.0 message in it (the file is empty)"),
        (["stats", feed], "is a packet capture"),
        (["book", feed, "--symbol", "A"], "is a packet capture"),
        (["dump", cut], "the capture ends inside a frame"),
        (["book", damaged, "--symbol", "A"], "message 2: no such ITCH 5.0 message type"),
        (["dump", empty], "no ITCH 5.0 message in it (the file is empty)"),
        (["book", empty, "--symbol", "A"], "no message names the symbol 'A', nor any other"),
        (["dump", ended], "no ITCH 5.0 message in it (the file is empty)"),
        (["dump", feed], "no ITCH 5.0 message in it (no UDP datagram either)"),
        (["stats", gzipped], "gzipped: compressed: gunzip it first"),
        (["dump", gzipped], "gzipped: compressed: gunzip it first"),
        (["book", gzipped, "--symbol", "A"], "gzipped: compressed: gunzip it first"),
        (["dump", zstandard], "zstandard: compressed: unzstd it first"),
        (["book", snippet_path, "--symbol", "acgl"], "symbols are upper case; the nearest are ACGL"),
        (["book", snippet_path, "--symbol", "########"], "symbols are upper case; `hftos itch stats --symbols` lists"),
        (["book", snippet_path, "--symbol", "NONE"], "no message names the symbol 'NONE'"),
        (["book", snippet_path, "--symbol", "ACGL", "--after", 1001], "has only 1000 messages"),
        (["book", snippet_path, "--symbol", "ACGL", "--after", -1], "-1 is not in the range"),
    ]
    for arguments, text_wanted in cases:
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert text_wanted in result.stderr
        assert isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output


def test_a_reader_that_has_seen_enough_is_no_fault(snippet_path: Path) -> None:
    code = "from protocols.cli import itch; itch()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "dump", str(snippet_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "arguments", [["dump"], ["dump", "--json"], ["stats"], ["stats", "--json"], ["book", "--symbol", "ACGL"]]
)
def test_output_that_takes_no_more_is_not_blamed_on_the_input(snippet_path: Path, arguments: list[str]) -> None:
    command, *rest = arguments
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-c", "from protocols.cli import itch; itch()", command, str(snippet_path), *rest],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.stderr == "Error: cannot write to standard output: No space left on device\n"
    assert result.returncode == 1


def test_stats_list_the_symbols(snippet_path: Path, snippet: list[bytes]) -> None:
    symbols = sorted({message.stock for message in map(itch50.decode, snippet) if hasattr(message, "stock")})
    assert json.loads(run("stats", snippet_path, "--symbols", "--json").stdout)["symbol_names"] == symbols
    assert run("stats", snippet_path, "--symbols").stdout.split()[-190:] == symbols


def test_help_names_the_commands() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("stats", "book", "dump"):
        assert command in result.stdout
        assert run(command, "--help").exit_code == 0


def test_a_symbol_named_later_has_an_empty_book(snippet: list[bytes]) -> None:
    symbols = [getattr(itch50.decode(raw), "stock", None) for raw in snippet]
    first = next(number for number, symbol in enumerate(symbols) if symbol is not None)
    symbol = symbols[first]
    assert symbol is not None
    assert book_after(snippet, symbol, first) == {"bids": [], "asks": []}
    with pytest.raises(KeyError):
        book_after(snippet[:first], symbol, None)


def test_the_clock() -> None:
    assert clock(34_200_000_000_230) == "09:30:00.000000230"
