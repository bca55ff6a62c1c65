"""Looking for the knob that makes the difference."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import bisect
from lab.bisect import Boot, Rule, Unit
from lab.errors import BisectError
from lab.knob_levels import Knobs
from lab.model import Variant

GOOD = Variant("good")
BAD = Variant("bad", {f"k{number:02}": "0" for number in range(1, 17)})
SIXTEEN: list[Unit] = [(f"k{number:02}",) for number in range(1, 17)]


def planted(culprit: int, boots: list[int], good: float = 0.0, bad: float = 100.0) -> Boot:
    """A guest that is bad from the culprit on; the counts that were booted go into `boots`."""

    def boot(count: int, repeat: int) -> float:
        boots.append(count)
        return bad if count > culprit else good

    return boot


@pytest.mark.parametrize("culprit", range(16))
def test_one_culprit_among_sixteen_is_found_in_six_boots(culprit: int) -> None:
    boots: list[int] = []
    found = bisect.find(SIXTEEN, planted(culprit, boots), Rule())
    assert found.culprit == SIXTEEN[culprit]
    assert len(boots) == found.boots == 6
    assert (found.good.count, found.bad.count) == (culprit, culprit + 1)
    assert found.share == 1.0


@given(st.integers(1, 200), st.data(), st.booleans())
def test_it_takes_a_boot_for_each_halving_and_one_for_each_end(count: int, data: st.DataObject, falls: bool) -> None:
    culprit = data.draw(st.integers(0, count - 1))
    boots: list[int] = []
    values = (100.0, 0.0) if falls else (0.0, 100.0)
    found = bisect.find([(str(n),) for n in range(count)], planted(culprit, boots, *values), Rule())
    assert found.culprit == (str(culprit),)
    assert len(boots) <= 2 + math.ceil(math.log2(count)) if count > 1 else len(boots) == 2
    assert len(boots) <= bisect.most_boots(count, Rule())


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30).filter(lambda parts: abs(sum(parts)) > 1))
def test_with_many_culprits_what_it_says_is_still_what_was_booted(parts: list[float]) -> None:
    def boot(count: int, repeat: int) -> float:
        return 1000 + sum(parts[:count])

    try:
        found = bisect.find([(str(n),) for n in range(len(parts))], boot, Rule())
    except BisectError:
        return  # the ends are too near to each other
    assert found.bad.count == found.good.count + 1
    assert found.good.value == boot(found.good.count, 1)
    assert found.bad.value == boot(found.bad.count, 1)
    assert not found.good.bad
    assert found.bad.bad


def test_a_culprit_that_makes_a_part_of_it_is_said_to() -> None:
    found = bisect.find([("a",), ("b",), ("c",)], lambda count, _: [0, 30, 90, 100][count], Rule())
    assert found.culprit == ("b",)
    assert found.share == pytest.approx(0.6)


def test_repeats_and_what_is_not_clear_is_booted_again() -> None:
    """With noise of a tenth of the difference, three boots of each point find the culprit every time."""

    def noisy(chance: random.Random) -> Boot:
        return lambda count, _: (100.0 if count > 9 else 0.0) + chance.gauss(0, 10)

    found = [bisect.find(SIXTEEN, noisy(random.Random(seed)), Rule(repeats=3, most=7)) for seed in range(200)]
    assert {finding.culprit for finding in found} == {("k10",)}
    assert all(18 <= finding.boots <= 6 + 4 * 7 for finding in found)
    single = [bisect.find(SIXTEEN, noisy(random.Random(seed)), Rule(repeats=1, most=1)) for seed in range(200)]
    assert sum(finding.culprit == ("k10",) for finding in single) >= 195


def test_an_unclear_point_is_decided_by_the_median() -> None:
    values = {0: [0.0], 4: [100.0], 2: [52.0, 3.0, 2.0], 3: [99.0]}
    found = bisect.find([("a",), ("b",), ("c",), ("d",)], lambda count, repeat: values[count][repeat - 1], Rule(most=3))
    assert found.culprit == ("c",)
    assert [point.values for point in found.points if point.count == 2] == [(52.0, 3.0, 2.0)]


@pytest.mark.parametrize(
    ("good", "bad", "rule", "words"),
    [
        (5.0, 5.0, Rule(), "the two ends do not differ: 5 and 5"),
        (100.0, 102.0, Rule(), "the two ends do not differ"),
        (0.0, 0.0, Rule(repeats=2), "do not differ: 0, 0 and 0, 0"),
        (0.0, 10.0, Rule(threshold=20), "the threshold 20 is not between the two ends, 0 and 10"),
    ],
)
def test_ends_that_do_not_differ_are_said_after_booting_them(good: float, bad: float, rule: Rule, words: str) -> None:
    boots: list[int] = []
    with pytest.raises(BisectError, match=words):
        bisect.find(SIXTEEN, planted(8, boots, good, bad), rule)
    assert len(boots) == 2 * rule.repeats


def test_ends_whose_repeats_overlap_do_not_differ() -> None:
    values = {0: [0.0, 60.0], 16: [50.0, 100.0]}
    with pytest.raises(BisectError, match="0, 60 and 50, 100"):
        bisect.find(SIXTEEN, lambda count, repeat: values[count][repeat - 1], Rule(repeats=2))


def test_knobs_that_are_compiled_in_come_first_and_are_few_kernels(knobs: Knobs) -> None:
    bad = Variant("bad", dict(BAD.levels) | {"hz": "1000"})
    assert bisect.differing(GOOD, bad, knobs) == [("hz",), *SIXTEEN]


def test_levels_that_are_the_profile_s_own_do_not_differ(knobs: Knobs) -> None:
    assert bisect.differing(GOOD, Variant("bad", {"k01": "1", "k02": "0"}), knobs) == [("k02",)]
    assert bisect.differing(Variant("good", {"k02": "0"}), Variant("bad"), knobs) == [("k02",)]


def test_knobs_that_contradict_each_other_move_in_an_order_or_together(knobs: Knobs) -> None:
    good, bad = Variant("good"), Variant("bad", {"nohz": "off", "tick": "unset", "k01": "0"})
    units = bisect.differing(good, bad, knobs)
    assert sorted(name for unit in units for name in unit) == ["k01", "nohz", "tick"]
    for count in range(len(units) + 1):
        mixed = [name for unit in units[:count] for name in unit]
        assert not knobs.refusal(bisect.mixture(good, bad, mixed, knobs))


def test_variants_of_two_kernels_are_refused(knobs: Knobs) -> None:
    with pytest.raises(
        BisectError, match=r"stock boot different kernels \(hftos, debian\), and .*: take two of one kernel"
    ):
        bisect.differing(GOOD, Variant("stock", kernel="debian"), knobs)
    with pytest.raises(BisectError, match="have the same knobs"):
        bisect.differing(GOOD, Variant("same", {"k01": "1"}), knobs)


def test_a_mixture_is_the_good_one_at_one_end_and_the_bad_one_at_the_other(knobs: Knobs) -> None:
    good, bad = Variant("good", {"k01": "0", "k02": "0"}), Variant("bad", {"k02": "0", "k03": "0"})
    names = [name for unit in bisect.differing(good, bad, knobs) for name in unit]
    assert names == ["k03", "k01"] or names == ["k01", "k03"]
    assert knobs.own(bisect.mixture(good, bad, [], knobs)) == knobs.own(good)
    assert knobs.own(bisect.mixture(good, bad, names, knobs)) == knobs.own(bad)
