"""The benchmark of the store: every engine does the same work, and a difference in their answers is no figure."""

from typing import Any

import pytest
from rich.console import Console

from benchmarks import store as benchmark
from benchmarks import store_rows
from store import asof
from tests.store.test_itch_walk import rows_of


def test_all_ways_are_measured_on_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "ROWS", 10_000)
    results = benchmark.run(quick=True)
    assert results["rows"] == 1_000
    assert [row["rows"] for row in results["ingest"]] == [1_000] * 5
    assert {row["name"] for row in results["asof"]["engines"]} == {"store", "DuckDB", "polars"}
    assert all(row["rate"] > 0 for row in results["ingest"])
    assert results["file"]["messages"] == 1_000
    console = Console(record=True, width=160)
    for table in benchmark.tables(results):
        console.print(table)
    assert "packed NumPy records as RowBinary" in console.export_text()


def test_another_answer_of_one_engine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "ROWS", 10_000)
    monkeypatch.setattr(asof, "QUOTED_TRADES", asof.QUOTED_TRADES.replace("t.sequence > q", "t.sequence + 9 > q"))
    with pytest.raises(RuntimeError, match="the engines' answers differ"):
        benchmark.run(quick=True)


def test_an_engine_that_answers_this_way_and_that_is_an_error() -> None:
    answers: list[tuple[int, ...]] = [(1,), (1,), (2,)]
    with pytest.raises(RuntimeError, match=r"x gave 2 answers in 3 runs"):
        benchmark._joined("x", lambda: answers.pop(), 3)


def test_the_file_is_a_day_without_errors() -> None:
    data = store_rows.itch_file(3_000)
    raw: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        raw.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    found, walk = rows_of(raw)
    assert len(raw) == len(found["l3_events"]) == 3_000
    counts: dict[str, Any] = {"unknown": walk.unknown, "malformed": walk.malformed, "duplicates": walk.duplicates}
    assert set(counts.values()) == {0}, counts
