"""An experiment is begun, killed, gone on with; what comes out is the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from image.errors import ImageError
from lab.errors import ExperimentError, StorageError
from lab.experiment import Experiment, parse
from lab.knob_levels import Knobs
from lab.model import Result, Run, Variant
from lab.run_experiment import Choices, carry_out
from lab.runner import Here
from tests.lab.doubles import STEPS, Told, measure

ROOT = Path(__file__).resolve().parents[2]
AS_IT_IS = Choices()
KILLS = int(os.environ.get("HFTOS_KILLS", "20"))


def nothing_to_build(_variants: Sequence[Variant], _say: Callable[[str], None]) -> None:
    """Everything is there."""


def experiment(text: str = STEPS) -> Experiment:
    return parse(text.encode(), "steps", "steps.toml")


class Bench:
    """Does experiments in one folder."""

    def __init__(self, path: Path, knobs: Knobs, told: Told) -> None:
        self.path, self.knobs, self.told = path, knobs, told

    def __call__(
        self, text: str = STEPS, choices: Choices = AS_IT_IS, **doubles: Callable[..., object]
    ) -> list[Result]:
        executor = Here(doubles.get("measure", measure))  # type: ignore[arg-type]
        prepare = doubles.get("prepare", nothing_to_build)
        return carry_out(experiment(text), self.knobs, self.path, executor, prepare, self.told, choices)  # type: ignore[arg-type]


@pytest.fixture
def bench(tmp_path: Path, knobs: Knobs, told: Told) -> Bench:
    return Bench(tmp_path / "lab" / "steps", knobs, told)


def files(path: Path) -> dict[str, bytes]:
    """The result set: plan, experiment and everything of the runs."""
    names = [path / "plan.json", path / "experiment.toml", *(path / "runs").iterdir()]
    return {str(name.relative_to(path)): name.read_bytes() for name in names}


def test_every_variant_is_booted_as_often_as_asked(bench: Bench) -> None:
    results = bench()
    assert sorted(result.run.key for result in results) == sorted(
        f"{variant}.{repeat}"
        for variant in ("base", "+tick", "+stat.interval=10", "+stat.interval=120")
        for repeat in (1, 2, 3)
    )
    assert (bench.path / "experiment.toml").read_text() == STEPS


def test_what_has_a_result_is_not_done_again(bench: Bench) -> None:
    first = bench()
    bench.told.ended.clear()
    assert bench() == first
    assert bench.told.ended == []
    assert "12 of 12 runs have a result already" in bench.told.notes


def test_more_repeats_are_added_to_what_is_there(bench: Bench) -> None:
    bench()
    bench.told.ended.clear()
    assert len(bench(choices=Choices(repeats=5))) == 20
    assert len(bench.told.ended) == 8
    assert len(bench()) == 20  # without an option it stays as it was begun


def test_repeats_that_have_results_are_not_taken_back(bench: Bench) -> None:
    bench(choices=Choices(repeats=5))
    assert len(bench(choices=Choices(repeats=2))) == 20
    told = "note: 5 repeats, not 2: it has results of a plan with 5; --fresh begins anew with fewer"
    assert told in bench.told.notes
    assert len(json.loads((bench.path / "plan.json").read_bytes())["runs"]) == 20


def test_repeats_of_which_nothing_is_known_yet_can_be_fewer(bench: Bench) -> None:
    def killed(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench(choices=Choices(repeats=100), measure=killed)
    assert len(bench(choices=Choices(repeats=2))) == 8
    assert not any("not 2" in note for note in bench.told.notes)


def raised(path: Path) -> list[dict[str, int]]:
    found: list[dict[str, int]] = json.loads((path / "plan.json").read_bytes())["raised"]
    return found


def test_each_raise_of_repeats_after_results_is_kept_with_the_plan(bench: Bench) -> None:
    bench()
    assert raised(bench.path) == []
    bench(choices=Choices(repeats=4))
    bench()  # goes on with them
    bench(choices=Choices(repeats=2))
    bench(choices=Choices(repeats=4))  # not more than there were
    bench(STEPS.replace("repeats = 3", "repeats = 6"))  # the file's count as well
    first, second = {"before": 3, "after": 4, "results": 12}, {"before": 4, "after": 6, "results": 16}
    assert raised(bench.path) == [first, second]
    assert any("repeats were raised 2 times after results were there" in note for note in bench.told.notes)
    bench(choices=Choices(fresh=True, repeats=4))
    assert raised(bench.path) == []


def test_a_raise_is_kept_before_its_runs_are_done(bench: Bench) -> None:
    def killed(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench(measure=killed)
    with pytest.raises(KeyboardInterrupt):
        bench(choices=Choices(repeats=4), measure=killed)
    assert raised(bench.path) == []  # nobody has seen anything
    bench()
    with pytest.raises(KeyboardInterrupt):
        bench(choices=Choices(repeats=5), measure=killed)
    assert raised(bench.path) == [{"before": 4, "after": 5, "results": 16}]


def test_only_some_variants_can_be_booted(bench: Bench) -> None:
    assert {result.run.variant.name for result in bench(choices=Choices(only=("base",)))} == {"base"}
    with pytest.raises(ExperimentError, match=r"no variant '\+tikc' in steps; did you mean '\+tick'"):
        bench(choices=Choices(only=("+tikc",)))


def test_failed_runs_are_kept_and_done_again_on_request(bench: Bench) -> None:
    def failing(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        return Result(run, error="panic") if run.repeat == 2 else measure(run, folder, say)

    assert sum(bool(result.error) for result in bench(measure=failing)) == 4
    bench.told.ended.clear()
    assert sum(bool(result.error) for result in bench()) == 4
    assert bench.told.ended == []
    assert not any(result.error for result in bench(choices=Choices(again_failed=True)))
    assert len(bench.told.ended) == 4


def test_a_variant_that_cannot_be_built_fails_alone(bench: Bench) -> None:
    def prepare(variants: Sequence[Variant], say: Callable[[str], None]) -> None:
        if variants[0].name == "+tick":
            raise ImageError("the compiler refused")

    results = bench(prepare=prepare)
    failed = {result.run.variant.name: result.error for result in results if result.error}
    assert failed == {"+tick": "+tick cannot be built: ImageError: the compiler refused"}
    assert sum(not result.error for result in results) == 9


def test_another_experiment_in_the_folder_is_refused_and_kept_aside_on_request(bench: Bench) -> None:
    bench()
    before = files(bench.path)
    changed = STEPS.replace("seconds = 10", "seconds = 20")
    with pytest.raises(
        StorageError, match=r"it differs in: workload\): begin anew with --fresh.*or give another --dir"
    ):
        bench(changed)
    assert files(bench.path) == before
    assert len(bench(changed, Choices(fresh=True))) == 12
    assert files(bench.path.with_name("steps.before-1")) == before


def test_another_title_is_no_other_experiment(bench: Bench) -> None:
    bench()
    bench(STEPS.replace("Which of them?", "Which, then?"))
    assert b"Which, then?" in (bench.path / "experiment.toml").read_bytes()


def test_an_experiment_whose_seconds_were_kept_as_a_fraction_goes_on(bench: Bench) -> None:
    bench()
    for path in (bench.path / "plan.json", *(bench.path / "runs").glob("*.json")):
        path.write_text(path.read_text().replace('"seconds": 10,', '"seconds": 10.0,'))
    assert '"seconds": 10.0' in (bench.path / "plan.json").read_text()
    bench.told.ended.clear()
    assert len(bench()) == 12
    assert bench.told.ended == []


def test_another_seed_is_another_order(bench: Bench) -> None:
    bench(choices=Choices(seed=7))
    bench()  # goes on with the seed it was begun with
    with pytest.raises(StorageError, match="it differs in: seed"):
        bench(choices=Choices(seed=8))


def test_results_without_a_plan_are_not_touched(bench: Bench) -> None:
    bench()
    (bench.path / "plan.json").unlink()
    with pytest.raises(StorageError, match="no plan: begin anew with --fresh"):
        bench()


def test_a_damaged_result_is_done_again(bench: Bench) -> None:
    bench()
    before = files(bench.path)
    (bench.path / "runs" / "base.2.json").write_bytes(before["runs/base.2.json"][:50])
    bench()
    assert bench.told.ended[-1] == "1/1 base.2"
    assert files(bench.path) == before | {"runs/base.2.damaged-1": before["runs/base.2.json"][:50]}


@pytest.mark.parametrize("choices", [AS_IT_IS, Choices(fresh=True)])
def test_a_folder_of_somebody_else_s_is_neither_begun_in_nor_emptied(bench: Bench, choices: Choices) -> None:
    bench.path.mkdir(parents=True)
    (bench.path / "thesis.tex").write_text("years")
    with pytest.raises(StorageError, match=r"no folder of the lab, and not empty \(thesis\.tex\)"):
        bench(choices=choices)
    assert [path.name for path in bench.path.iterdir()] == ["thesis.tex"]
    assert [path.name for path in bench.path.parent.iterdir()] == ["steps"]


def test_a_fresh_start_that_is_refused_moves_nothing(bench: Bench) -> None:
    bench()
    before = files(bench.path)
    with pytest.raises(ExperimentError, match="no variant 'bass'"):
        bench(choices=Choices(fresh=True, only=("bass",)))
    with pytest.raises(ExperimentError, match="no knob 'tikc'"):
        bench(STEPS.replace('"tick"', '"tikc"'), Choices(fresh=True))
    assert files(bench.path) == before
    assert [path.name for path in bench.path.parent.iterdir()] == ["steps"]


VICTIM = """
import sys
from pathlib import Path
from lab.run_experiment import carry_out
from lab.runner import Here
from tests.lab.doubles import Told, make_knobs, measure
from tests.lab.test_run_experiment import experiment, nothing_to_build

def told(run, folder, say):
    print(run.key, flush=True)
    return measure(run, folder, say)

place = Path(sys.argv[1])
carry_out(experiment(), make_knobs(place), place / "lab" / "steps", Here(told), nothing_to_build, Told())
"""


def victim(place: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", VICTIM, str(place)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_killed_at_random_points_and_resumed_it_has_the_same_results(tmp_path: Path, bench: Bench) -> None:
    """SIGKILL comes while a run begins, ends or is written; each time the experiment is started again."""
    bench()
    expected = files(bench.path)
    chance = random.Random(20)
    kills = experiments = 0
    while kills < KILLS or (tmp_path / f"{experiments}").exists():
        place = tmp_path / f"{experiments}"
        place.mkdir(exist_ok=True)
        with victim(place) as process:
            assert process.stdout is not None
            if kills < KILLS:
                for _ in range(chance.choice((0, 1, 1, 2))):
                    process.stdout.readline()
                spin(chance.uniform(0, 0.004))
                process.kill()
            process.stdout.read()
        if process.returncode == 0:  # this one is complete, the next kills hit another one
            assert files(place / "lab" / "steps") == expected
            experiments += 1
        else:
            assert process.returncode == -signal.SIGKILL
            kills += 1
    assert experiments >= 1


def spin(seconds: float) -> None:
    """Let a moment pass that is far shorter than a process's time slice."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def test_the_plan_is_json_that_others_read(bench: Bench) -> None:
    bench()
    table = json.loads((bench.path / "plan.json").read_bytes())
    assert table["factors"] == {"tick": ["unset", "{isolated}"], "stat.interval": ["1", "10", "120"]}
    assert table["reference"] == table["variants"][0] == "base"
    assert len(table["variants"]) == 4
    assert table["metrics"] == ["loc_per_s"]
    assert len(table["runs"]) == 12
