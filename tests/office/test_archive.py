"""The office's copy: lines in any chunks, numbers in any order, hostile bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.archive import Archive, LineSplitter, Place


def journal(number: Any, direction: str = "out", content: str = "4f") -> bytes:
    return json.dumps({"kind": "journal", "n": number, "t": 1, "dir": direction, "hex": content}).encode()


@given(st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")), max_size=10), st.data())
def test_lines_come_out_whole_however_the_stream_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    splitter = LineSplitter()
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == lines


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_line_over_the_limit_is_skipped_and_counted_once(size: int) -> None:
    stream = b"short\n" + b"x" * 50 + b"\nnext\n" + b"y" * 11 + b"\nlast\n"
    splitter = LineSplitter(limit=10)
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == [b"short", b"next", b"last"]
    assert splitter.oversized == 2


def test_records_are_sorted_into_their_places() -> None:
    archive = Archive()
    place, record = archive.take(b'{"kind": "stats", "t": 5}') or (None, {})
    assert (place, record["t"], archive.latest["stats"]) == (Place.TELEMETRY, 5, record)
    place, _ = archive.take(journal(1)) or (None, {})
    assert place is Place.JOURNAL


def test_a_journal_sent_again_after_a_reconnect_is_stored_once() -> None:
    archive = Archive()
    lines = [journal(n, content=f"{n:02x}") for n in range(1, 6)]
    first = [archive.take(line) for line in lines[:3]]
    again = [archive.take(line) for line in lines]
    assert [item is not None for item in first + again] == [True] * 3 + [False] * 3 + [True] * 2
    assert archive.summary()["journal"] == {"count": 5, "last": 5, "holes": [], "duplicates": 3, "conflicts": []}


def test_holes_and_conflicts_are_reported() -> None:
    archive = Archive()
    for number in (3, 4, 9):
        archive.take(journal(number))
    archive.take(journal(4, content="ff"))
    summary = archive.summary()["journal"]
    assert summary["holes"] == [[1, 2], [5, 8]]
    assert summary["conflicts"] == [4]
    assert archive.journal[4] == ("out", "4f")


def test_the_latest_book_of_each_symbol_is_kept() -> None:
    archive = Archive()
    for sequence, symbol in ((1, "AAPL"), (2, "MSFT"), (3, "AAPL")):
        archive.take(json.dumps({"kind": "book", "symbol": symbol, "sequence": sequence}).encode())
    assert {symbol: book["sequence"] for symbol, book in archive.books.items()} == {"AAPL": 3, "MSFT": 2}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"kind": 5}',
        b"\xff\xfe",
        b"[" * 100_000,
        journal("1"),
        journal(0),
        journal(1, direction="up"),
        b'{"kind": "journal"}',
    ],
)
def test_malformed_lines_are_counted(line: bytes) -> None:
    archive = Archive()
    assert archive.take(line) is None
    assert archive.malformed == 1


@given(st.binary(max_size=300))
def test_hostile_streams_never_raise(data: bytes) -> None:
    archive, splitter = Archive(), LineSplitter(limit=50)
    lines = list(splitter.feed(data))
    for line in lines:
        archive.take(line)
    assert archive.malformed <= len(lines) <= data.count(b"\n")
    assert archive.summary()["journal"]["count"] == 0
