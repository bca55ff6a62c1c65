"""The contest of captures: one set of frames in both formats, and every task of ours does what it is timed for."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import captures
from benchmarks.capture_contest import MODULES, TASKS, measure
from protocols.pcap_index import PacketIndex

COUNT = 500


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("contest")
    made = {kind: folder / f"frames.{kind}" for kind in ("pcap", "pcapng")}
    captures.make(made["pcap"], made["pcapng"], COUNT, lambda _: None)
    return made


def frames(path: Path) -> list[tuple[int, bytes]]:
    with PacketIndex(path) as index:
        assert index.fault is None
        return [(int(time), index.frame(row)) for row, time in enumerate(index.columns.times)]


def test_both_files_hold_the_same_frames(files: dict[str, Path]) -> None:
    one = frames(files["pcap"])
    assert one == frames(files["pcapng"])
    assert len(one) == COUNT
    assert {len(frame) for _, frame in one} == {60, 84, 96, 130, 132, 240, 400}


@pytest.mark.parametrize("task", captures.TASKS)
def test_each_of_our_tasks_does_its_work(files: dict[str, Path], tmp_path: Path, task: str) -> None:
    file = files["pcap"] if task.startswith("write") else files[task.split()[1]]
    found = measure("hftos", task, file, tmp_path / "out", COUNT, 2)
    assert (found["packets"], found["bytes"]) == (COUNT, sum(len(frame) for _, frame in frames(file)))
    if task.startswith("write"):
        # The same frames were in the file that the benchmark itself made.
        assert found["file"] == files[task.split()[1]].stat().st_size
    assert len(found["seconds"]) == 2
    assert not (tmp_path / "out").exists()


def test_what_is_timed_gets_its_rows_ready_made(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def write(path: Path, rows: list[tuple[float, bytes]]) -> None:
        given.append(rows)
        path.write_bytes(b"")

    monkeypatch.setitem(TASKS["dpkt"], "write pcap", write)
    monkeypatch.setitem(MODULES, "dpkt", ())
    found = measure("dpkt", "write pcap", files["pcap"], tmp_path / "out", COUNT, 2)
    assert given[0] is given[1], "made once, in nobody's time"
    assert given[0] == [(time / 1e9, frame) for time, frame in frames(files["pcap"])]
    assert (found["packets"], found["bytes"]) == (COUNT, sum(len(frame) for _, frame in given[0]))


def test_every_task_has_a_table_with_its_figures_or_what_went_wrong() -> None:
    assert all(set(tasks) <= set(captures.TASKS) for tasks in TASKS.values())
    rows: list[dict[str, Any]] = [
        {
            "task": "read pcap",
            "package": "hftos",
            "version": "",
            "packets": 10,
            "rate": 900,
            "cpu_rate": 990,
            "kind": "Python",
        },
        {"task": "read pcap", "package": "dpkt", "version": "1", "packets": 10, "rate": 300, "cpu_rate": 330},
        {"task": "read pcap", "package": "scapy", "version": "2", "error": "gave up after 300 s"},
    ]
    first = captures.tables({"rows": rows})[0]
    cells = [list(column.cells) for column in first.columns]
    assert cells[0] == ["hftos (interpreted)", "dpkt", "scapy"]
    assert cells[3] == ["900", "300", "gave up after 300 s"]
    assert cells[4] == ["990", "330", ""]
    assert cells[5] == ["", "3.0", ""]
