"""When actions happen: bursts, the shape of the day, news, at a cost that does not grow with symbols."""

import csv
from collections import Counter
from itertools import pairwise
from math import exp, log, sqrt
from pathlib import Path

import pytest

from exchange.flow.bursts import Bursts
from exchange.flow.excitation import Excitation
from exchange.flow.patterns import CLOSE_SECOND, OPEN_SECOND, PATTERNS, Pattern, day_shape
from exchange.flow.random64 import Random64

SAMPLE = Path(__file__).parents[1] / "data" / "AAPL_2012-06-21_34200000_57600000_message_10.csv"


def draw(bursts: Bursts, seconds: float) -> list[tuple[float, int, bool]]:
    events: list[tuple[float, int, bool]] = []
    while True:
        bursts.advance()
        if bursts.time >= seconds:
            return events
        events.append((bursts.time, bursts.item, bursts.news))


def likelihood(times: list[float], branching: float, decay: float) -> float:
    """Log likelihood of a Hawkes process whose base fits the number of events (Ozaki 1979)."""
    length = times[-1] - times[0]
    base = len(times) / length * (1 - branching)
    excited, total, last = 0.0, -base * length, times[0]
    for time in times:
        excited *= exp(-decay * (time - last))
        total += log(base + branching * decay * excited) - branching * (1 - exp(-decay * (times[-1] - time)))
        excited, last = excited + 1, time
    return total


def test_the_branching_ratio_is_within_a_step_of_the_best_fit_to_the_real_sample() -> None:
    with SAMPLE.open() as file:
        times = [float(row[0]) for row in csv.reader(file)]
    chosen = PATTERNS["bursty"]
    grid = (0.01, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)
    fits = {branching: likelihood(times, branching, chosen.decay) for branching in grid}
    # The best of the grid is 0.75, one step beside the ratio in use.
    assert max(fits, key=lambda branching: fits[branching]) == pytest.approx(chosen.branching, abs=0.051)


def test_bursts_have_the_mean_rate_and_the_dispersion_of_their_branching_ratio() -> None:
    events = draw(Bursts([1.0] * 10, 200, Pattern(own=0.5, market=0.2), Random64(5)), 200)
    assert len(events) == pytest.approx(200 * 200, rel=0.03)
    counts = Counter(int(time) for time, _, _ in events)
    mean = len(events) / 200
    variance = sum((counts[second] - mean) ** 2 for second in range(200)) / 200
    # Hawkes 1971: counts over long windows disperse by 1 / (1 - n)**2.
    assert sqrt(variance / mean) == pytest.approx(1 / (1 - 0.7), rel=0.15)


def test_a_steady_flow_is_poisson() -> None:
    events = draw(Bursts([1.0], 500, PATTERNS["steady"], Random64(5)), 60)
    gaps = [b[0] - a[0] for a, b in pairwise(events)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(1 / 500, rel=0.02)
    assert sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) == pytest.approx(mean, rel=0.03)


def test_children_are_in_the_symbol_of_their_parent_and_by_activity_elsewhere() -> None:
    n = 200
    events = draw(Bursts([1.0] * n, 100, Pattern(own=0.6), Random64(1)), 80)
    same = sum(a[1] == b[1] for a, b in pairwise(events)) / len(events)
    assert same > 0.4, "bursts stay in their symbol"
    market = draw(Bursts([1.0] * n, 100, Pattern(market=0.6), Random64(1)), 80)
    assert sum(a[1] == b[1] for a, b in pairwise(market)) / len(market) < 0.02, "a burst of the whole market does not"


def test_weights_are_kept_whatever_the_bursts() -> None:
    events = draw(Bursts([6.0, 3.0, 1.0], 500, PATTERNS["bursty"], Random64(2)), 60)
    counts = Counter(item for _, item, _ in events)
    for item, share in enumerate((0.6, 0.3, 0.1)):
        assert counts[item] / len(events) == pytest.approx(share, abs=0.02)


def test_the_day_has_an_opening_rush_a_quiet_noon_and_a_run_into_the_close() -> None:
    opening, noon, close = day_shape(OPEN_SECOND), day_shape(OPEN_SECOND + 11_000), day_shape(CLOSE_SECOND - 1)
    assert opening > 4 * noon
    assert 1.2 * noon < close < opening
    assert day_shape(OPEN_SECOND) > day_shape(OPEN_SECOND + 60) > day_shape(OPEN_SECOND + 3600) > noon
    assert day_shape(OPEN_SECOND - 1) < noon / 5
    mean = sum(day_shape(OPEN_SECOND + s) for s in range(23_400)) / 23_400
    assert mean == pytest.approx(1.0, abs=0.001)


def test_the_rate_follows_the_day() -> None:
    bursts = Bursts([1.0] * 5, 1, Pattern(shaped=True), Random64(3))
    bursts.start(OPEN_SECOND)
    events = draw(bursts, CLOSE_SECOND - OPEN_SECOND)
    assert len(events) == pytest.approx(23_400, rel=0.02)
    minutes = Counter(int(time // 600) for time, _, _ in events)
    assert minutes[0] > 1.8 * minutes[18]
    assert minutes[38] > 1.3 * minutes[18]


def test_news_come_at_their_rate_and_raise_their_symbol() -> None:
    n, seconds = 50, 800
    pattern = Pattern(news=10.0, boost=30.0, calm=1 / 5)
    events = draw(Bursts([1.0] * n, 30, pattern, Random64(11)), seconds)
    news = [(time, item) for time, item, is_news in events if is_news]
    assert len(news) == pytest.approx(10 * n * seconds / 23_400, rel=0.4)
    after = [sum(time < t < time + 5 and i == item for t, i, _ in events) for time, item in news[:10]]
    assert sum(after) / len(after) > 5 * (30 / n * 5), "many times as many as in any 5 s"


def test_an_excited_symbol_calms_down() -> None:
    bursts = Bursts([1.0, 1.0], 20, Pattern(boost=50.0, calm=1.0), Random64(1))
    bursts.excite(1)
    events = draw(bursts, 20)
    first = [item for time, item, _ in events if time < 1]
    last = [item for time, item, _ in events if time > 15]
    assert first.count(1) > 200
    assert last.count(1) < 100


def test_marks_decay_and_are_drawn_in_proportion() -> None:
    excitation, rng = Excitation(2.0, 4), Random64(9)
    excitation.add(0.0, 1.0, 100)
    excitation.add(1.0, 3.0, 200)
    old = exp(-2.0)
    assert excitation.at(1.0) == pytest.approx(3.0 + old)
    assert excitation.at(2.0) == pytest.approx((3.0 + old) * exp(-2.0))
    draws = Counter(excitation.draw(rng) for _ in range(20_000))
    assert draws[100] / 20_000 == pytest.approx(old / (3.0 + old), abs=0.005)


def test_only_the_window_counts_and_long_silences_do_no_harm() -> None:
    excitation, rng = Excitation(1.0, 4), Random64(9)
    for item in range(10):
        excitation.add(0.0, 1.0, item)
    assert excitation.at(0.0) == pytest.approx(4.0)
    assert {excitation.draw(rng) for _ in range(200)} == {6, 7, 8, 9}
    excitation.add(100_000.0, 1.0, 42)
    assert excitation.at(100_000.0) == pytest.approx(1.0)
    assert excitation.draw(rng) == 42
    for step in range(1, 2000):
        excitation.add(100_000.0 + step * 0.7, 1.0, step)
    assert excitation.at(100_000.0 + 1999 * 0.7) == pytest.approx(sum(exp(-0.7 * k) for k in range(4)), rel=1e-6)


def test_a_burst_that_never_ends_is_refused() -> None:
    with pytest.raises(ValueError, match=r"branching ratio 1\.2: give own \+ market below 1"):
        Bursts([1.0], 1, Pattern(own=1.0, market=0.2), Random64(1))
    with pytest.raises(ValueError, match="power of two"):
        Excitation(1.0, 1000)
