"""The pictures: marks are where the figures are, and without data there are none."""

import re

import pytest

from lab.report import charts, distributions, heat


def numbers(picture: str, pattern: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, picture)]


def test_dots_are_in_the_order_of_their_values() -> None:
    picture = charts.strips("x", [("a", "plain", [1.0, 3.0, 2.0]), ("b", "good", [9.0])], "µs")
    first, third, second, other = numbers(picture, r'cx="([\d.]+)"')
    assert first < second < third < other
    assert "<title>a: 1 µs</title>" in picture
    assert 'class="median good"' in picture


def test_a_variant_without_runs_says_so() -> None:
    assert "no run" in charts.strips("x", [("a", "plain", [1.0]), ("b", "plain", [])], "")
    assert charts.strips("x", [("a", "plain", [])], "") == ""


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-3.0, 4.0], [1e-9], [1e15, 1e15 + 1]])
def test_an_axis_has_room_and_marks(values: list[float]) -> None:
    low, high = charts.limits(values)
    assert low <= min(values) <= max(values) <= high
    assert low < high
    assert 1 <= len(charts.marks(low, high)) <= 9


def test_long_names_are_cut_and_hostile_ones_escaped() -> None:
    picture = charts.strips("x", [("<b>" + "n" * 60, "plain", [1.0])], "")
    assert "<b>" not in picture
    assert "…" in picture


def test_effects_are_bars_from_zero_with_their_intervals() -> None:
    picture = charts.effects("x", [("a", "bar-good", -50.0, (-60.0, -40.0), "hint"), ("b", "bar-bad", 25.0, None, "")])
    wide, narrow = numbers(picture, r'<rect[^>]* width="([\d.]+)"')
    assert wide == pytest.approx(2 * narrow, rel=0.01)
    assert picture.count("whisker") == 1
    assert charts.effects("x", []) == ""


def test_heat_goes_by_the_logarithm() -> None:
    assert [heat.heat_class(value, 1000) for value in (0, 0.5, 1, 5, 50, 400, 1000)] == [0, 1, 1, 2, 4, 6, 6]
    assert heat.heat_class(1, 1) == 1
    picture = heat.heat("x", [("a", [0, 1000]), ("b", [3, 0])])
    assert re.findall(r'<rect class="h(\d)"', picture) == ["0", "6", "1", "0"]
    assert "<title>a, second 2: 1,000</title>" in picture
    assert heat.heat("x", [("a", [])]) == ""
    assert [kind for kind, _ in heat.legend_of_heat(1000)] == [f"h{number}" for number in range(7)]


def test_a_percentile_plot_climbs_to_the_right() -> None:
    picture = distributions.percentiles("x", [("a", "v0", [[1.0, 900], [10.0, 90], [100.0, 10]])], "µs")
    (path,) = re.findall(r'<path class="line v0" d="M([^"]*)"', picture)
    points = [tuple(map(float, point.split())) for point in path.split("L")]
    assert points == sorted(points, key=lambda point: (point[0], -point[1]))
    assert len({y for _, y in points}) == 3
    assert "99.9 %" in picture


def test_a_histograms_counts_are_shares_of_their_variant() -> None:
    lines = [("a", "v0", [[10.0, 5], [11.0, 5]]), ("b", "v1", [[10.0, 5000], [11.0, 5000]])]
    picture = distributions.histogram("x", lines, "instructions")
    first, second = (re.search(rf'class="line {kind}" d="([^"]*)"', picture) for kind in ("v0", "v1"))
    assert first is not None
    assert second is not None
    assert first[1] == second[1]


@pytest.mark.parametrize("rows", [[[5.0, 3]], [[0.0, 1], [1e9, 1]], [[0.25, 7], [4096.0, 1]]])
def test_any_histogram_has_a_picture(rows: list[list[float]]) -> None:
    for draw in (distributions.histogram, distributions.percentiles):
        assert "nan" not in draw("x", [("a", "v0", rows)], "")
        assert draw("x", [("a", "v0", [])], "") == ""


def test_a_histograms_name_has_its_unit() -> None:
    assert distributions.unit_of("gaps_us") == ("gaps", "µs")
    assert distributions.unit_of("tick_to_trade_ns") == ("tick to trade", "ns")
    assert distributions.unit_of("instructions_whole") == ("instructions whole", "instructions")
