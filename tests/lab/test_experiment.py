"""An experiment's file: what it may say, and how it is told what is wrong with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import experiment as experiments
from lab import knob_levels, level_sets
from lab.designs import DESIGNS
from lab.errors import ExperimentError
from lab.experiment import Experiment, parse
from lab.model import KERNELS, WORKLOADS, Variant, Workload
from lab.plan import make
from tests.lab.doubles import STEPS


def read(text: str) -> Experiment:
    return parse(text.encode(), "test", "test.toml")


def refused(text: str) -> str:
    with pytest.raises(ExperimentError) as caught:
        read(text)
    return str(caught.value)


def test_a_file_says_what_is_varied_and_how() -> None:
    found = read(STEPS)
    assert (found.title, found.design, found.repeats, found.metrics) == ("Steps", "steps", 3, ("loc_per_s",))
    assert found.workload == Workload("idle", 10.0)
    assert [factor.name for factor in found.factors] == ["tick", "stat.interval"]
    assert [level.name for level in found.factors[1].levels] == ["1", "10", "120"]
    assert found.factors[0].levels[0].knobs == {"tick": "unset"}


def test_a_factor_may_move_several_knobs() -> None:
    found = read(STEPS + '[[factor]]\nname = "many"\nlevels = { off = { k01 = "0", k02 = "0" }, on = {} }\n')
    assert [dict(level.knobs) for level in found.factors[2].levels] == [{"k01": "0", "k02": "0"}, {}]


def test_a_variant_is_the_base_with_changes() -> None:
    base = '[base]\nname = "ours"\nlevels = { k01 = "0" }\n'
    found = read(STEPS + base + '[[variant]]\nname = "stock"\nkernel = "debian"\nlevels = { k02 = "0" }\n')
    assert found.base == Variant("ours", {"k01": "0"})
    assert found.variants == (Variant("stock", {"k01": "0", "k02": "0"}, kernel="debian"),)


def test_a_variant_may_take_a_set_of_knobs_and_change_some() -> None:
    stock = '[[variant]]\nname = "tuned"\nkernel = "debian"\nset = "tuned-by-hand"\n'
    found = read(STEPS + stock + 'levels = { skew_tick = "0", k02 = "0" }\n').variants[0]
    assert found.levels["nohz_full"] == "{isolated}"
    assert (found.levels["skew_tick"], found.levels["k02"]) == ("0", "0")


def test_every_set_is_of_knobs_and_levels_of_the_catalogue() -> None:
    for name in level_sets.names():
        knob_levels.load().check_levels(level_sets.levels(name), name)
    assert "tuned-by-hand" in level_sets.names()


def test_what_decides_the_runs_is_their_definition() -> None:
    found = read(STEPS)
    assert found.definition() == read(STEPS.replace("Which of them?", "Which?")).definition()
    assert found.definition() == found.changed(repeats=9).definition()
    assert found.definition() != found.changed(seed=9).definition()
    assert found.definition() != read(STEPS.replace("seconds = 10", "seconds = 11")).definition()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("design", "desing"), ["unknown key 'desing'", "did you mean 'design'"]),
        (('"steps"', '"stairs"'), ["'stairs'", "one-factor, steps, full, pairwise"]),
        (("repeats = 3", "repeats = 0"), ["repeats: 0", "from 1 to 1000"]),
        (("repeats = 3", "repeats = true"), ["repeats: True"]),
        (("seconds = 10", "seconds = inf"), ["workload: seconds: inf", "a whole number from 1 to 3600"]),
        (("seconds = 10", "seconds = 0.2"), ["workload: seconds: 0.2", "a whole number from 1 to 3600"]),
        (("seconds = 10", "seconds = 2.5"), ["workload: seconds: 2.5", "a whole number from 1 to 3600"]),
        (('kind = "idle"', 'kind = "sleep"'), ["'sleep'", "idle, feed, tick-to-trade, burst"]),
        (('kind = "idle"', 'kind = "idle"\nspeed = 1'), ["workload: unknown key 'speed'"]),
        (('["loc_per_s"]', '["loc_pers"]'), ["metrics: unknown 'loc_pers'", "did you mean", "'loc_per_s'"]),
        (('["loc_per_s"]', '["loc_per_s", "loc_per_s"]'), ["each is once"]),
        (('["loc_per_s"]', "[]"), ["metrics: []", "list of 1 or more"]),
        (('title = "Steps"', ""), ["title: missing"]),
        (("metrics =", "metric ="), ["metrics: missing", "unknown key 'metric'; did you mean 'metrics'?"]),
        (('knob = "tick"', 'knobs = "tick"'), ["name: missing", "unknown key 'knobs'; did you mean 'knob'?"]),
        (("repeats =", "Repeats ="), ["unknown key 'Repeats'; did you mean 'repeats'?"]),
        (('title = "Steps"', 'title = " "'), ["title: ' '"]),
        (('["unset", "{isolated}"]', '["unset"]'), ["factor 1: levels", "list of 2 or more"]),
        (('["unset", "{isolated}"]', '["unset", 1]'), ["factor 1: levels"]),
        (('["unset", "{isolated}"]', '["unset", "unset"]'), ["'unset' is there twice"]),
        (('knob = "tick"', 'knob = "stat.interval"'), ["stat.interval is in the factors"]),
        (('knob = "tick"', 'name = "../etc"'), ["'../etc'", "must be a name"]),
        (('knob = "tick"', 'knob = "tick"\ncolour = "red"'), ["factor 1: unknown key 'colour'"]),
        (("[workload]", '[base]\nset = "tuned"\n\n[workload]'), ["base: no set 'tuned'", "tuned-by-hand"]),
        (("[workload]", "[workload"), ["test.toml"]),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(change: tuple[str, str], words: list[str]) -> None:
    assert change[0] in STEPS
    text = refused(STEPS.replace(*change, 1))
    assert text.startswith("test.toml")
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[base]\nprofile = "moon"', ["base: profile: 'moon'", "one of", "qemu"]),
        ('[base]\nkernel = "bsd"', ["base: kernel: 'bsd'", "hftos, debian, debian-rt"]),
        ("[base]\nlevels = { k01 = 0 }", ["base: levels.k01 = 0", "must be a text"]),
        ("[base]\nlevels = 7", ["base: levels: 7", "table"]),
        ("base = 7", ["base = 7: must be a table"]),
        ('[[variant]]\nname = "a"\n[[variant]]\nname = "a"', ["two [[variant]] are called 'a'"]),
        ('[[variant]]\nname = "a b"', ["variant 1: name: 'a b'"]),
        ('[[factor]]\nname = "x"\nlevels = { a = { k01 = "0" } }', ["at least 2"]),
        ("[factors]", ["unknown key 'factors'"]),
    ],
)
def test_what_is_wrong_further_down_is_named_too(more: str, words: list[str]) -> None:
    text = refused(f"{more}\n{STEPS}" if more.startswith("base") else f"{STEPS}\n{more}\n")
    for word in words:
        assert word in text


def test_a_metric_that_the_workload_does_not_have_is_refused() -> None:
    text = STEPS.replace("loc_per_s", "instructions_p50")
    with pytest.raises(ExperimentError, match="instructions_p50 is not measured under the workload idle: leave it out"):
        parse(text.encode(), "steps", "steps.toml")
    assert parse(text.replace('"idle"', '"tick-to-trade"').encode(), "steps", "s").metrics == ("instructions_p50",)


def test_more_factors_than_anybody_needs_are_refused() -> None:
    factors = "".join(f'[[factor]]\nname = "f{n}"\n[factor.levels]\na = {{}}\nb = {{}}\n' for n in range(201))
    with pytest.raises(ExperimentError, match=r"201 \[\[factor\]\], at most 200 are allowed"):
        parse((STEPS.partition("[[factor]]")[0] + factors).encode(), "steps", "steps.toml")


def test_a_file_without_anything_to_compare_is_refused() -> None:
    assert "neither [[factor]] nor [[variant]]" in refused(STEPS.partition("[[factor]]")[0])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_experiment_or_an_error(content: bytes) -> None:
    try:
        parse(content, "test", "test.toml")
    except ExperimentError as error:
        assert str(error).startswith("test.toml")


@given(
    st.dictionaries(
        st.sampled_from(["title", "design", "repeats", "seed", "metrics", "workload", "base", "factor", "variant"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_any_values_are_an_experiment_or_an_error(document: dict[str, object]) -> None:
    try:
        experiments.read_document(document, "test", "test.toml")
    except ExperimentError as error:
        assert str(error).startswith("test.toml")


def test_an_experiment_is_found_by_name_or_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(STEPS, encoding="utf-8")
    assert experiments.find(str(file)).name == "own"
    assert experiments.find("isolation").name == "isolation"
    with pytest.raises(ExperimentError, match="did you mean 'isolation'"):
        experiments.find("isolatoin")
    with pytest.raises(ExperimentError, match="No such file"):
        experiments.find(str(tmp_path / "none.toml"))


def test_the_documentation_names_every_shipped_experiment_and_every_key() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "lab.md").read_text(encoding="utf-8")
    for name in (*experiments.shipped(), *DESIGNS, *WORKLOADS, *KERNELS, "repeats", "seed", "question", "ticks"):
        assert f"`{name}`" in page, name


def test_the_example_in_the_documentation_is_an_experiment() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "lab.md").read_text(encoding="utf-8")
    plan = make(read(page.split("```toml\n")[1].split("```")[0]), knob_levels.load())
    assert [variant.name for variant in plan.variants] == ["nothing", "+nohz_full", "+irqs", "debian"]
