"""The times of a day."""

import pytest

from exchange.clock import SECOND
from exchange.cross_hours import CrossHours, closing_hours, opening_hours
from exchange.schedule import EARLY_CLOSE, REGULAR, Schedule


def clock(time: int) -> str:
    minutes = time // (60 * SECOND)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def hours(cross: CrossHours) -> list[str]:
    return [clock(time) for time in vars(cross).values()]


def test_a_regular_day() -> None:
    assert [clock(time) for time in vars(REGULAR).values()] == ["03:00", "04:00", "09:30", "16:00", "20:00", "20:05"]
    assert hours(REGULAR.opening) == ["09:25", "09:28", "09:28", "09:28", "09:28", "09:30"]
    assert hours(REGULAR.closing) == ["15:50", "15:55", "15:50", "15:55", "15:58", "16:00"]


def test_an_early_close() -> None:
    times = [clock(time) for time in vars(EARLY_CLOSE).values()]
    assert times == ["03:00", "04:00", "09:30", "13:00", "17:00", "17:05"]
    assert hours(EARLY_CLOSE.closing) == ["12:50", "12:55", "12:50", "12:55", "12:58", "13:00"]


@pytest.mark.parametrize(
    "times", [(0, 1, 2, 3, 4, 4), (2, 1, 3, 4, 5, 6), (-1, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 86_400)]
)
def test_times_must_rise_within_a_day(times: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must rise within 24 hours"):
        Schedule(*(time * SECOND for time in times))


def test_indications_begin_and_get_frequent_on_time() -> None:
    opening = opening_hours(1_000 * SECOND)
    for now, due in ((0, 700), (700, 710), (705, 710), (875, 880), (879, 880), (880, 881), (998, 999), (999, None)):
        assert opening.next_indication(now * SECOND) == (None if due is None else due * SECOND)
    closing = closing_hours(1_000 * SECOND)
    assert closing.next_indication(696 * SECOND) == 700 * SECOND
