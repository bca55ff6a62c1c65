"""Events keep their distances, whatever the clock does in between."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.pacing import Pace


@dataclass
class Time:
    """A clock whose waits take `extra` longer than asked for."""

    now: int = 1000
    extra: int = 0
    waits: list[int] = field(default_factory=list)

    def read(self) -> int:
        return self.now

    def wait(self, ns: int) -> None:
        self.waits.append(ns)
        self.now += ns + self.extra


@pytest.mark.parametrize(
    ("speed", "due"), [(1.0, [1000, 1100, 1400]), (10.0, [1000, 1010, 1040]), (0.5, [1000, 1200, 1800])]
)
def test_events_are_due_at_their_distances(speed: float, due: list[int]) -> None:
    time = Time()
    pace = Pace(speed, time.read, time.wait)
    seen = []
    for event in (50_000, 50_100, 50_400):
        pace(event)
        seen.append(time.now)
    assert seen == due
    assert pace.latest == 0


def test_as_fast_as_possible_never_waits() -> None:
    time = Time()
    pace = Pace(None, time.read, time.wait)
    for event in (0, 10**18):
        pace(event)
    assert (time.waits, pace.latest) == ([], 0)


def test_a_late_event_does_not_push_back_the_next_one() -> None:
    time = Time(extra=30)
    pace = Pace(1.0, time.read, time.wait)
    pace(0)
    pace(100)
    assert (time.now, pace.latest) == (1130, 30)
    pace(120)  # due at 1120: at once
    assert (time.now, pace.latest) == (1130, 30)
    pace(200)
    assert time.now == 1230


def test_a_wait_that_ends_early_is_continued() -> None:
    time = Time()

    def half(ns: int) -> None:
        time.wait((ns + 1) // 2)

    pace = Pace(1.0, time.read, half)
    pace(0)
    pace(100)
    assert time.now == 1100
    assert len(time.waits) == 7


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0.001, 1e6))
def test_no_event_comes_before_its_time(events: list[int], speed: float) -> None:
    time = Time()
    pace = Pace(speed, time.read, time.wait)
    for event in sorted(events):
        pace(event)
        assert time.now >= pace.deadline(event)
