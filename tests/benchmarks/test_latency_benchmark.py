"""`hftos bench latency` compares what both sides counted before it measures, and shows every row."""

import pytest

from benchmarks import latency


def test_every_row_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "VALUES", 20_000)
    monkeypatch.setattr(latency, "MERGES", 20)
    monkeypatch.setattr(latency, "FRAMES", 2_000)
    said: list[str] = []
    results = latency.run(quick=True, progress=said.append)
    assert said == [row["name"] for row in results["rows"][:-1]] + ["captures"]
    assert all(row["ours"] > 0 for row in results["rows"])
    assert [row["name"] for row in results["rows"] if row["hdrhistogram"] is None] == ["capture to arrivals"]
    (table,) = latency.tables(results)
    assert table.row_count == len(results["rows"]) == 7
