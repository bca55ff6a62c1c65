"""Labels: lines that are complete at any moment, once each, also when a session is resumed."""

import json
from pathlib import Path

import pytest

from exchange.flow.labels import Label, LabelError, Labels, read


def label(number: int, kind: str = "spoof") -> Label:
    return Label(
        id=f"{kind}1-{number}",
        kind=kind,
        agent=f"{kind}1",
        firm="A001",
        symbol="AAPL",
        start=10,
        end=20,
        side="B",
        intent="i",
        honest=False,
        orders=[1 << 33, 7],
        matches=[5],
    )


def test_a_line_each_complete_at_once(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    with Labels(path) as labels:
        labels.add(label(1))
        row = json.loads(path.read_text())
        labels.add(label(2))
        labels.add(label(1, "wash"))
    assert {"id", "kind", "agent", "firm", "symbol", "start", "end", "side", "orders", "matches", "intent"} <= set(row)
    assert row["orders"] == [1 << 33, 7]
    assert read(path) == [label(1), label(2), label(1, "wash")]
    assert labels.counts == {"spoof": 2, "wash": 1}


def test_a_resumed_session_writes_no_label_twice(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    with Labels(path) as labels:
        labels.add(label(1))
    with Labels(path) as labels:
        labels.add(label(1))
        labels.add(label(2))
    assert [each.id for each in read(path)] == ["spoof1-1", "spoof1-2"]


def test_half_a_line_of_a_crash_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    with Labels(path) as labels:
        labels.add(label(1))
    whole = path.read_text()
    path.write_text(whole + '{"id":"spo')
    assert read(path) == [label(1)]
    with Labels(path) as labels:
        labels.add(label(2))
    assert read(path) == [label(1), label(2)]


def test_without_a_path_labels_are_counted() -> None:
    labels = Labels()
    labels.add(label(1))
    labels.close()
    assert labels.counts == {"spoof": 1}


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"id": 1}\n')
    with pytest.raises(LabelError, match=r"labels\.jsonl, line 1 is no label"):
        read(path)
    with pytest.raises(LabelError, match="give another folder"):
        Labels(tmp_path / "missing" / "labels.jsonl")
