"""Knobs on a fake tree: applied, read back, and honest about what did not take."""

import os
from pathlib import Path

import pytest

from hftapp import knobs


def put(root: Path, path: str, text: str, mode: int = 0o644) -> Path:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)
    return target


def by_name(results: list[knobs.Result]) -> dict[str, knobs.Result]:
    return {result.name: result for result in results}


def test_values_are_written_and_read_back(tmp_path: Path) -> None:
    rows = knobs.table([1], [0])
    for row in rows:
        put(tmp_path, row.path, "777\n" if row.kind != "choice" else "[always] never")
    results = by_name(knobs.apply(rows, root=str(tmp_path)))
    fair = results["sched.fair_server.cpu1"]
    assert (fair.requested, fair.effective, fair.ok) == ("0", "0", True)
    assert (tmp_path / "sys/kernel/debug/sched/fair_server/cpu1/runtime").read_text().startswith("0")
    assert results["kernel.sched_rt_runtime_us"].effective == "-1"
    assert results["workqueue.cpumask"].ok


def test_what_the_kernel_keeps_is_effective_not_what_was_requested(tmp_path: Path) -> None:
    row = knobs.Knob("k", "/proc/k", "0", "why")
    target = put(tmp_path, row.path, "5\n")
    original = knobs._write
    try:
        knobs._write = lambda _path, _value: (_ for _ in ()).throw(OSError(22, "Invalid argument"))  # type: ignore[assignment]
        (result,) = knobs.apply([row], root=str(tmp_path))
    finally:
        knobs._write = original
    assert target.read_text() == "5\n"
    assert (result.effective, result.ok) == ("5 (write refused: Invalid argument)", False)


def test_an_absent_feature_is_fine_only_where_the_row_says_so(tmp_path: Path) -> None:
    rows = [knobs.Knob("a", "/x/a", "0", "", absent_ok=True), knobs.Knob("b", "/x/b", "0", "")]
    results = knobs.apply(rows, root=str(tmp_path))
    assert [(result.effective, result.ok) for result in results] == [("absent", True), ("absent", False)]


@pytest.mark.parametrize(
    ("kind", "requested", "effective", "agree"),
    [
        ("int", "0", "00", True),
        ("int", "0", "x", False),
        ("mask", "1", "00000000,00000001", True),
        ("mask", "1", "3", False),
        ("choice", "never", "always madvise [never]", True),
        ("choice", "never", "[always] madvise never", False),
        ("text", "a", "a", True),
        ("text", "a", "b", False),
    ],
)
def test_agreement_by_kind(kind: str, requested: str, effective: str, agree: bool) -> None:
    assert knobs._agree(kind, requested, effective) is agree


def test_interrupts_are_moved_and_the_stuck_ones_named(tmp_path: Path) -> None:
    for number, effective in (("1", "0"), ("24", "1"), ("25", "")):
        put(tmp_path, f"/proc/irq/{number}/smp_affinity_list", "0-1")
        put(tmp_path, f"/proc/irq/{number}/effective_affinity_list", effective)
    result = knobs.move_interrupts([1], [0], root=str(tmp_path))
    assert (result.requested, result.effective, result.ok) == ("0", "0-1 (on isolated CPUs: 24)", False)
    assert (tmp_path / "proc/irq/1/smp_affinity_list").read_text().startswith("0")
    put(tmp_path, "/proc/irq/24/effective_affinity_list", "0")
    assert knobs.move_interrupts([1], [0], root=str(tmp_path)).ok


def test_wakeup_latency_is_absent_without_cpu_idle(tmp_path: Path) -> None:
    fd, result = knobs.hold_wakeup_latency(str(tmp_path / "none"))
    assert fd is None
    assert (result.effective, result.ok) == ("absent", True)


def test_the_record_has_the_four_fields_of_the_boot_message() -> None:
    result = knobs.Result("n", "0", "1", False, "why")
    assert result.record() == {"name": "n", "requested": "0", "effective": "1", "ok": False}


def test_every_row_gives_its_reason_once() -> None:
    rows = knobs.table([1, 2], [0])
    assert all(row.reason for row in rows)
    assert len({row.name for row in rows}) == len(rows)


def test_a_row_that_names_a_cpu_is_written_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    here = min(before)
    (tmp_path / "runtime").write_text("950000000\n")
    seen: list[set[int]] = []
    write = knobs._write

    def recorded(path: Path, value: str) -> None:
        seen.append(os.sched_getaffinity(0))
        write(path, value)

    monkeypatch.setattr(knobs, "_write", recorded)
    rows = [knobs.Knob("fair_server", "/runtime", "0", "why", cpu=here), knobs.Knob("other", "/runtime", "0", "why")]
    assert all(result.ok for result in knobs.apply(rows, root=str(tmp_path)))
    assert seen == [{here}, before]
    assert os.sched_getaffinity(0) == before


def test_the_summary_does_not_call_an_absent_knob_set() -> None:
    rows = [("a", "0", True), ("b", "1", False), ("c", "absent", True), ("d", "absent", False), ("e", "0", True)]
    results = [knobs.Result(name, "0", effective, ok, "why") for name, effective, ok in rows]
    assert knobs.summary(results) == "2 set, 1 absent, 2 failed"


@pytest.mark.parametrize(("frames", "pages"), [(128, "17"), (1024 + 256, "18"), (2 * 16_384, "56")])
def test_huge_pages_cover_the_rings(frames: int, pages: str) -> None:
    row = knobs.huge_pages(frames)
    assert row.value == pages
    assert int(pages) * knobs.HUGE_PAGE_BYTES > frames * 2560
