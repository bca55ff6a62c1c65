"""A search with its folder: boots are kept, and not done twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lab import storage
from lab.bisect import Rule
from lab.errors import BisectError, StorageError
from lab.knob_levels import Knobs
from lab.model import Result, Run, Variant
from lab.searching import Searching
from lab.storage import Folder
from tests.lab.doubles import IDLE, Told

GOOD = Variant("good")
BAD = Variant("bad", {f"k{number:02}": "0" for number in range(1, 17)})


def prepare(_variants: Sequence[Variant], _say: Callable[[str], None]) -> None:
    """Everything is there."""


def guest(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    """Knob k11 brings the tick back."""
    bad = run.variant.levels.get("k11") == "0"
    return Result(run, seconds=10, metrics={"loc_per_s": 1000.0 if bad else 0.0})


def searching(path: Path, knobs: Knobs, metric: str = "loc_per_s", bad: Variant = BAD) -> Searching:
    return Searching(GOOD, bad, IDLE, metric, knobs, Folder(path))


def test_one_culprit_among_sixteen_knobs_takes_six_boots(tmp_path: Path, knobs: Knobs, told: Told) -> None:
    search = searching(tmp_path, knobs)
    finding = search.find(guest, prepare, Rule(), told)
    table = search.as_dict(finding)
    assert table["culprit"] == {"k11": ["1", "0"]}
    assert table["boots"] == 6
    assert table["share"] == 1.0
    assert len(Folder(tmp_path).results()) == 6
    assert told.notes == ["16 knobs differ: 6 boots when all are clear"]
    assert told.began == [
        "1/6 0-of-16.1",
        "2/6 16-of-16.1",
        "3/6 8-of-16.1",
        "4/6 12-of-16.1",
        "5/6 10-of-16.1",
        "6/6 11-of-16.1",
    ]
    assert told.left[-1] == 0.0
    assert [point["knobs"] for point in table["points"]] == [0, 16, 8, 12, 10, 11]


def test_a_search_goes_on_where_it_was_killed(tmp_path: Path, knobs: Knobs, told: Told) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first = searching(whole, knobs).find(guest, prepare, Rule(), told)
    boots: list[str] = []

    def dies(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        boots.append(run.key)
        if len(boots) in (2, 4, 7):
            raise KeyboardInterrupt
        return guest(run, folder, say)

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            searching(broken, knobs).find(dies, prepare, Rule(), told)
    assert searching(broken, knobs).find(dies, prepare, Rule(), told) == first
    assert len(boots) == 6 + 3
    for path in (whole / "runs").glob("*.json"):
        assert (broken / "runs" / path.name).read_bytes() == path.read_bytes()


def test_a_boot_that_fails_is_named_and_tried_again(tmp_path: Path, knobs: Knobs, told: Told) -> None:
    def fails(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        return Result(run, error="panic")

    with pytest.raises(BisectError, match=r"the boot 0-of-16\.1 failed: panic; the same command tries it again"):
        searching(tmp_path, knobs).find(fails, prepare, Rule(), told)
    assert searching(tmp_path, knobs).find(guest, prepare, Rule(), told).culprit == ("k11",)


def test_a_metric_that_the_boots_do_not_have_is_answered_with_those_they_have(
    tmp_path: Path, knobs: Knobs, told: Told
) -> None:
    with pytest.raises(BisectError, match=r"has no boot_s: choose a --metric of: loc_per_s"):
        searching(tmp_path, knobs, "boot_s").find(guest, prepare, Rule(), told)


def test_a_metric_that_the_workload_does_not_have_is_refused_before_a_boot(tmp_path: Path, knobs: Knobs) -> None:
    with pytest.raises(BisectError, match=r"instructions_p50 is not measured under the workload idle: choose another"):
        searching(tmp_path / "search", knobs, "instructions_p50")
    assert not (tmp_path / "search").exists()


def test_boots_of_different_images_are_warned_of(tmp_path: Path, knobs: Knobs, told: Told) -> None:
    def changing(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        return replace(guest(run, folder, say), machine={"initramfs_sha256": f"image {run.number // 3}"})

    searching(tmp_path, knobs).find(changing, prepare, Rule(), told)
    assert [note for note in told.notes if "2 different images" in note and "profile qemu" in note]


def test_another_search_in_the_folder_is_refused(tmp_path: Path, knobs: Knobs) -> None:
    searching(tmp_path, knobs)
    searching(tmp_path, knobs, "boot_s")  # the boots tell of every metric
    with pytest.raises(StorageError, match="holds the boots of another search: begin anew with --fresh"):
        searching(tmp_path, knobs, bad=Variant("bad", {"k01": "0"}))


def test_a_folder_of_an_experiment_is_refused(tmp_path: Path, knobs: Knobs) -> None:
    with storage.opened(tmp_path / "full") as folder:
        folder.write_plan({"definition": {"design": "full"}, "runs": []}, b"")
    with pytest.raises(StorageError, match="another search"):
        searching(tmp_path / "full", knobs)
