"""A gap is a turn of the loop that takes many times as long as others; each is counted, summed, and timed."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.probe import gaps
from hftapp.probe.gaps import GapProbe
from hftapp.shared import SharedMemory

TURN = 10
THRESHOLD = TURN * gaps.FACTOR


@pytest.fixture
def words() -> Iterator[memoryview]:
    yield from fresh()


def fresh() -> Iterator[memoryview]:
    shared = SharedMemory("gaps", 8 * gaps.WORDS)
    yield shared.words[: gaps.WORDS]


def play(words: memoryview, patch: pytest.MonkeyPatch, steps: list[int]) -> GapProbe:
    """Run warm-up and measurement on a counter that advances by these steps; noting a gap takes one turn."""
    at = 1_000

    def script(count: int, jumps: Iterator[int], last: int) -> None:
        """The counter as `count` reads give it; the other process changes its mind with the last one."""

        def read() -> int:
            nonlocal at, count
            at += next(jumps, TURN)
            count -= 1
            if count == 0:
                words[0] = last
            return at

        patch.setattr(gaps, "_read_tsc", read)

    patch.setattr(gaps, "_WARM_TURNS", gaps.BATCH)
    probe = GapProbe(words)
    script(1 + gaps.BATCH, iter([]), gaps.MEASURE)
    assert probe.warm() == TURN
    reads = 1 + len(steps) + sum(step >= THRESHOLD for step in steps)
    jumps = [TURN]
    for step in steps:
        jumps += [step, TURN] if step >= THRESHOLD else [step]
    script(reads, iter(jumps), gaps.STOP)
    probe.measure()
    return probe


def test_gaps_are_counted_and_summed_and_other_turns_are_not(
    words: memoryview, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(words, monkeypatch, [TURN, THRESHOLD - 1, THRESHOLD, TURN, 5_000])
    found = gaps.report(words, 1_000_000_000)
    assert (found["count"], found["stolen_ns"]) == (2, THRESHOLD + 5_000)
    assert (found["turn_ns"], found["threshold_ns"], found["turns"]) == (TURN, THRESHOLD, 5)


def test_each_gap_has_its_time_and_its_bucket(words: memoryview, monkeypatch: pytest.MonkeyPatch) -> None:
    play(words, monkeypatch, [TURN, 5_000, TURN, 400])
    found = gaps.report(words, 1_000_000_000)
    first = TURN + 5_000
    second = first + TURN + TURN + 400
    assert found["longest"] == [[5_000, round(first / 1e9, 6)], [400, round(second / 1e9, 6)]]
    histogram = found["histogram"]
    assert isinstance(histogram, list)
    assert [count for _, count in histogram] == [1, 1]
    assert 400 < histogram[0][0] <= 404
    assert 5_000 < histogram[1][0] <= 5_050


@given(st.lists(st.integers(1, 100_000), max_size=60))
def test_what_is_kept_is_the_longest_whatever_comes(steps: list[int]) -> None:
    for words in fresh():
        with pytest.MonkeyPatch.context() as patch:
            play(words, patch, steps)
        found = gaps.report(words, 1_000_000_000)
        long = sorted((step for step in steps if step >= THRESHOLD), reverse=True)
        assert found["count"] == len(long)
        assert found["stolen_ns"] == sum(long)
        longest = found["longest"]
        assert isinstance(longest, list)
        assert [gap for gap, _ in longest] == long[: gaps.KEPT]


def test_another_counter_s_ticks_become_nanoseconds(words: memoryview, monkeypatch: pytest.MonkeyPatch) -> None:
    play(words, monkeypatch, [6_000])
    assert gaps.report(words, 3_000_000_000)["stolen_ns"] == 2_000


@pytest.mark.parametrize(("step", "expected"), [(40, 10), (41, 11)])
def test_a_counter_that_moves_in_steps_longer_than_a_turn_makes_no_gap_of_each_step(
    words: memoryview, monkeypatch: pytest.MonkeyPatch, step: int, expected: int
) -> None:
    """Three of four reads show no time at all; a batch that something disturbed does not count."""
    counter, reads = 0, 0

    def read() -> int:
        nonlocal counter, reads
        reads += 1
        if reads % 4 == 0:
            counter += step
        if reads == 10:
            counter += 1_000_000
        if reads == 1 + 2 * gaps.BATCH:
            words[0] = gaps.MEASURE
        return counter

    monkeypatch.setattr(gaps, "_WARM_TURNS", gaps.BATCH)
    monkeypatch.setattr(gaps, "_read_tsc", read)
    assert GapProbe(words).warm() == expected
    assert gaps.report(words, 1_000_000_000)["threshold_ns"] == expected * gaps.FACTOR


def test_a_probe_wants_all_its_words() -> None:
    with pytest.raises(ValueError, match=f"a gap probe has {gaps.WORDS} words, not 3"):
        GapProbe(memoryview(bytearray(24)).cast("q"))
