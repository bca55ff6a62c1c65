"""Levels against the catalogue."""

import pytest

from lab import experiment as experiments
from lab import knob_levels
from lab.errors import ExperimentError
from lab.knob_levels import Knobs
from lab.model import Variant
from lab.plan import make


def test_an_unknown_knob_is_answered_with_those_near_it(knobs: Knobs) -> None:
    with pytest.raises(ExperimentError, match=r"here: no knob 'tikc'; did you mean 'tick'\?"):
        knobs.check_levels({"tikc": "unset"}, "here")


def test_an_unknown_level_is_answered_with_those_there_are_and_where_to_add_one(knobs: Knobs) -> None:
    with pytest.raises(ExperimentError) as caught:
        knobs.check_levels({"hz": "300"}, "here")
    assert str(caught.value) == (
        "here: hz = '300': must be one of '100', '250', '1000', 'unset'; to try another, add it to `levels` of its row "
        "in kernel-config/catalogue/test.toml"
    )


def test_knobs_that_contradict_each_other_are_named(knobs: Knobs) -> None:
    text = knobs.refusal(Variant("a", {"nohz": "off"}))
    assert "nohz" in text
    assert "tick" in text
    assert knobs.refusal(Variant("a", {"nohz": "off", "tick": "unset"})) == ""


def test_a_level_that_is_the_profile_s_own_is_no_change(knobs: Knobs) -> None:
    variant = Variant("a", {"tick": "{isolated}", "k01": "0"})
    assert knobs.own(variant) == {"k01": "0"}
    assert knobs.changes(Variant("b"), variant) == {"k01": "0"}
    assert knobs.changes(variant, Variant("b")) == {"k01": "1"}


def test_all_knobs_but_the_compiled_in_ones_can_be_unset_at_once(knobs: Knobs) -> None:
    bare = knobs.spelled_out(Variant("bare", {"*": "unset", "k02": "0"}))
    assert bare.levels["k01"] == bare.levels["tick"] == "unset"
    assert bare.levels["k02"] == "0"
    assert "hz" not in bare.levels
    assert "*" not in bare.levels
    with pytest.raises(ExperimentError, match='all knobs can only be "unset"'):
        knobs.check_levels({"*": "0"}, "here")


def test_a_foreign_kernel_has_what_the_variant_names_and_nothing_else(knobs: Knobs) -> None:
    variant = Variant("stock", {"k01": "1"}, kernel="debian")
    assert knobs.own(variant) == {"k01": "1"}
    assert knobs.complete(variant)["tick"] == "unset"
    assert knobs.refusal(Variant("stock", {"nohz": "off"}, kernel="debian")) == ""


def test_a_foreign_kernel_cannot_have_another_compiled_in_level(knobs: Knobs) -> None:
    text = knobs.refusal(Variant("stock", {"hz": "250"}, kernel="debian"))
    assert text.startswith("hz = '250' is compiled in, and the kernel debian is booted as it is: set hz to \"unset\"")
    assert knobs.refusal(Variant("stock", {"hz": "unset"}, kernel="debian")) == ""
    assert knobs.refusal(Variant("ours", {"hz": "250"})) == ""


@pytest.mark.parametrize("name", experiments.shipped())
def test_the_shipped_experiments_agree_with_the_catalogue(name: str) -> None:
    plan = make(experiments.find(name), knob_levels.load())
    assert len(plan.variants) >= 2
    assert not plan.notes


def test_isolation_is_six_variants_or_more_and_ends_with_the_profile_as_it_is() -> None:
    plan = make(experiments.find("isolation"), knob_levels.load())
    assert len(plan.variants) >= 6
    assert plan.experiment.repeats >= 3
    assert not knob_levels.load().own(plan.variants[-1])
