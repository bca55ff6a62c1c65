"""From an experiment to its runs."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.designs import DESIGNS
from lab.errors import ExperimentError
from lab.experiment import parse
from lab.knob_levels import Knobs
from lab.plan import MOST_RUNS, Plan, make, ordered, runs_of
from lab.table import NAME
from tests.lab.doubles import STEPS, make_knobs


def planned(text: str, knobs: Knobs) -> Plan:
    return make(parse(text.encode(), "test", "test.toml"), knobs)


def names(plan: Plan) -> list[str]:
    return [variant.name for variant in plan.variants]


def test_steps_are_named_after_what_they_add(knobs: Knobs) -> None:
    plan = planned(STEPS, knobs)
    assert names(plan) == ["base", "+tick", "+stat.interval=10", "+stat.interval=120"]
    assert plan.variants[3].levels == {"tick": "{isolated}", "stat.interval": "120"}
    assert plan.variants[2].factors == {"tick": "{isolated}", "stat.interval": "10"}
    assert [v and v.name for v in map(plan.compared, plan.variants)] == ["base", "base", "+tick", "+stat.interval=10"]


def test_every_repeat_has_every_variant_in_an_order_of_its_own(knobs: Knobs) -> None:
    plan = planned(STEPS.replace("repeats = 3", "repeats = 8"), knobs)
    orders = [[run.variant.name for run in plan.runs if run.repeat == repeat] for repeat in range(1, 9)]
    assert all(sorted(order) == sorted(names(plan)) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    assert [run.number for run in plan.runs] == list(range(32))
    assert [run.repeat for run in plan.runs] == sorted(run.repeat for run in plan.runs)


def test_the_order_is_the_seed_s(knobs: Knobs) -> None:
    experiment = planned(STEPS, knobs).experiment
    variants = planned(STEPS, knobs).variants
    assert ordered(variants, experiment) == ordered(variants, experiment)
    assert ordered(variants, experiment) != ordered(variants, experiment.changed(seed=2))


def test_more_repeats_only_add_runs(knobs: Knobs) -> None:
    plan = planned(STEPS, knobs)
    more = make(plan.experiment.changed(repeats=5), knobs)
    assert more.runs[: len(plan.runs)] == plan.runs


def test_a_variant_that_is_another_one_is_booted_once(knobs: Knobs) -> None:
    own = '[[variant]]\nname = "as-is"\nlevels = { tick = "{isolated}", "stat.interval" = "120", k01 = "1" }\n'
    plan = planned(STEPS + own, knobs)
    assert "as-is" not in names(plan)
    assert "as-is is the same as +stat.interval=120: booted once, as +stat.interval=120" in plan.notes


def test_two_things_with_one_name_are_refused(knobs: Knobs) -> None:
    with pytest.raises(ExperimentError, match="two variants are called 'base'"):
        planned(STEPS + '[[variant]]\nname = "base"\nlevels = { k01 = "0" }\n', knobs)


def test_knobs_that_contradict_each_other_are_named_with_the_variant(knobs: Knobs) -> None:
    with pytest.raises(ExperimentError, match=r"variant odd: nohz = 'off' cannot be together with tick"):
        planned(STEPS + '[[variant]]\nname = "odd"\nlevels = { nohz = "off" }\n', knobs)


def test_an_unknown_knob_is_named_with_its_place(knobs: Knobs) -> None:
    with pytest.raises(ExperimentError, match=r"test: factor tik: no knob 'tik'; did you mean 'tick'"):
        planned(STEPS.replace('knob = "tick"', 'knob = "tik"'), knobs)
    with pytest.raises(ExperimentError, match="test: variant v: no knob 'nothing_like_it'"):
        planned(STEPS + '[[variant]]\nname = "v"\nlevels = { nothing_like_it = "1" }\n', knobs)


def test_too_many_runs_are_refused_before_they_are_made(knobs: Knobs) -> None:
    factors = "".join(f'[[factor]]\nknob = "k{n:02}"\nlevels = ["1", "0"]\n' for n in range(1, 17))
    text = STEPS.partition("[[factor]]")[0].replace('"steps"', '"full"') + factors
    with pytest.raises(ExperimentError, match=f"65,536 variants × 3 repeats are 196,608 runs, at most {MOST_RUNS:,}"):
        planned(text, knobs)
    assert len(planned(text.replace('"full"', '"pairwise"'), knobs).variants) <= 16


def test_full_leaves_out_what_contradicts_and_says_so(knobs: Knobs) -> None:
    text = STEPS.partition("[[factor]]")[0].replace('"steps"', '"full"')
    text += '[[factor]]\nknob = "tick"\nlevels = ["{isolated}", "unset"]\n'
    text += '[[factor]]\nknob = "nohz"\nlevels = ["on", "off"]\n'
    plan = planned(text, knobs)
    assert names(plan) == ["base", "tick=unset,nohz=on", "tick=unset,nohz=off"]
    assert plan.notes == ("1 combinations cannot be booted, as the catalogue says; left out",)
    plan = planned(text.replace('"full"', '"pairwise"'), knobs)
    assert plan.notes == ("tick={isolated} with nohz=off: cannot be booted together, left out",)


def test_pairwise_leaves_out_only_what_no_row_can_have(knobs: Knobs) -> None:
    """nohz=off needs a tick of its own: the base's must not rule it out before the last factor has its level."""
    text = STEPS.partition("[[factor]]")[0].replace('"steps"', '"pairwise"')
    text += '[[factor]]\nknob = "nohz"\nlevels = ["unset", "off"]\n'
    text += '[[factor]]\nknob = "k01"\nlevels = ["1", "0"]\n'
    text += '[[factor]]\nknob = "tick"\nlevels = ["{isolated}", "unset"]\n'
    plan = planned(text, knobs)
    assert plan.notes == ("nohz=off with tick={isolated}: cannot be booted together, left out",)
    met = {(v.factors["nohz"], v.factors["k01"]) for v in plan.variants}
    assert met == {("unset", "1"), ("unset", "0"), ("off", "1"), ("off", "0")}
    assert not any(knobs.refusal(variant) for variant in plan.variants)


def test_without_factors_the_base_is_compared_with_the_variants(knobs: Knobs) -> None:
    head = STEPS.partition("[[factor]]")[0]
    plan = planned(head + '[[variant]]\nname = "stock"\nkernel = "debian"\n', knobs)
    assert names(plan) == ["base", "stock"]
    assert plan.compared(plan.variants[1]) is None
    with pytest.raises(ExperimentError, match="one variant only"):
        planned(head + '[[variant]]\nname = "same"\n', knobs)


def test_the_plan_comes_back_from_its_dictionary(knobs: Knobs) -> None:
    plan = planned(STEPS, knobs)
    assert runs_of(plan.as_dict()) == list(plan.runs)


ODD = ["unset", "{isolated}", "a b/c", "../x" * 20, "ü", "1"]


@pytest.mark.parametrize("design", list(DESIGNS))
@given(counts=st.lists(st.integers(2, len(ODD)), min_size=1, max_size=2))
def test_names_are_good_for_files_and_different(design: str, counts: list[int]) -> None:
    text = STEPS.partition("[[factor]]")[0].replace('"steps"', f'"{design}"')
    for number, count in enumerate(counts):
        text += f'[[factor]]\nname = "f{number}"\n[factor.levels]\n'
        for place in range(count):
            knob = f'k{8 * number + place:02} = "0"' if place else ""
            text += f'"{ODD[place]}" = {{ {knob} }}\n'
    with tempfile.TemporaryDirectory() as folder:
        plan = planned(text, make_knobs(Path(folder)))
    assert len(set(names(plan))) == len(names(plan)) > 1
    assert all(NAME.fullmatch(name.removeprefix("+")) for name in names(plan))
