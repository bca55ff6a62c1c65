"""The page: well formed, alone in the world, right in its geometry, whatever it is given."""

import itertools
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from office.latency import charts, run
from office.latency.buckets import Int64s
from office.latency.histogram import DAY_NS, Histogram
from office.latency.hlog import Interval
from office.latency.measured import Breakdown, Measured, Series, sliced
from office.latency.plot import page
from office.latency.svg import LinearScale, LogScale, TailScale
from tests.office.latency.run_maker import make_run


class Tags(HTMLParser):
    """Checks that tags nest, and collects what would fetch something."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset", "data", "onclick")]
        if tag in ("script", "link", "iframe", "object", "image", "use"):
            self.outside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> list[ElementTree.Element]:
    """The page's pictures, after it has been found to be well formed and to fetch nothing."""
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.outside) == ([], [])
    assert "url(" not in text and "@import" not in text and "://" not in text
    assert "nan" not in re.sub(r">[^<]*<", "><", text).lower()
    return [ElementTree.fromstring(picture) for picture in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def test_the_page_of_a_run_has_every_hop_in_every_chart(tmp_path: Path) -> None:
    make_run(tmp_path, 120)
    measured = run.load(tmp_path, interval=100_000_000).measured
    text = page(measured)
    pictures = checked(text)
    names = [picture.get("aria-label") for picture in pictures]
    hops = len(measured.histograms)
    assert names.count("Latency by percentile") == 3
    assert names.count("Histogram") == hops
    assert names.count("Over time") == hops
    assert [name for name in names if name and name.startswith("Parts of")] == [
        "Parts of wire_to_wire",
        "Parts of tick_to_trade",
    ]
    assert "not quotable (tcg: no KVM here)" in text


def measured(values: Int64s, name: str = "hop") -> Measured:
    series = Series(np.arange(len(values), dtype=np.int64) * 300_000_000, values)
    return Measured(
        '<b>&"source',
        histograms={name: Histogram.of(values)},
        series={name: series},
        timeline={name: sliced(series, name)},
    )


@pytest.mark.parametrize(
    "values",
    [[0], [5], [0, 0, 0], [1, DAY_NS], [10_000] * 7, list(range(2_000)), [0, 1, 2, 3]],
    ids=["zero", "one", "zeros", "a day", "all alike", "many", "tiny"],
)
def test_any_values_make_a_page(values: list[int]) -> None:
    assert checked(page(measured(np.array(values, dtype=np.int64))))


def test_names_cannot_break_the_page() -> None:
    text = page(measured(np.array([5, 6]), name='</svg><script>alert("x")</script>'))
    checked(text)
    assert "&lt;b&gt;&amp;&quot;source" in text


def test_more_hops_than_colours_get_more_charts() -> None:
    found = Measured("many", histograms={f"strategy.{number}": Histogram.of([number + 1]) for number in range(20)})
    labels = [picture.get("aria-label") for picture in checked(page(found))]
    assert labels.count("Latency by percentile") == 3


def test_the_parts_are_as_wide_as_their_share_of_the_mean() -> None:
    picture = ElementTree.fromstring(
        charts.breakdown_chart(Breakdown("whole", 9, [("a", 250.0), ("b", 750.0)]), {"a": 0, "b": 1})
    )
    widths = [float(part.get("width", "")) + 1 for part in picture.findall("rect")]
    assert widths[1] == pytest.approx(3 * widths[0], abs=0.2)


def test_the_percentile_line_ends_at_the_greatest_value_and_half_a_value_before_all() -> None:
    histogram = Histogram.of([100] * 9 + [1_000])
    picture = ElementTree.fromstring(charts.percentile_chart({"hop": histogram}, {"hop": 0}))
    course = next(part for part in picture.findall("path")).get("d", "")
    points = [tuple(map(float, point.split())) for point in course[1:].split("L")]
    across = TailScale(20, 64, charts.WIDTH - 190)
    assert points[0][0] == pytest.approx(across(0), abs=0.1)
    assert points[-1][0] == pytest.approx(across(0.95), abs=0.1)
    step = [x for (x, y), (_, following) in itertools.pairwise(points) if following < y - 10]
    assert step == [pytest.approx(across(0.9), abs=0.3)]


def test_every_bar_is_as_high_as_its_count() -> None:
    picture = ElementTree.fromstring(charts.histogram_chart(Histogram.of([100] * 30 + [5_000] * 10), 0))
    heights = sorted(float(bar.get("height", "")) for bar in picture.findall("rect"))
    assert heights[1] == pytest.approx(3 * heights[0], rel=0.01)


def test_intervals_lie_where_their_time_is() -> None:
    intervals = [Interval(second * 1_000_000_000, 1_000_000_000, Histogram.of([50])) for second in (0, 1, 3)]
    picture = ElementTree.fromstring(charts.time_chart(intervals, 0, 0, 4_000_000_000))
    places = [float(dot.get("cx", "")) for dot in picture.findall("circle")]
    assert (places[2] - places[1]) == pytest.approx(2 * (places[1] - places[0]), abs=0.4)


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (LogScale(90, 11_000, 0, 1), [100, 200, 500, 1_000, 2_000, 5_000, 10_000]),
        (LogScale(9, 2_000_000, 0, 1), [10, 100, 1_000, 10_000, 100_000, 1_000_000]),
        (LogScale(9, 50, 0, 1), [10, 20, 30, 40]),
        (LogScale(9, 20, 0, 1), [10, 15, 20]),
        (LinearScale(0, 10, 0, 1), [0, 2, 4, 6, 8, 10]),
        (LinearScale(0.3, 0.31, 0, 1), [0.3, 0.302, 0.304, 0.306, 0.308, 0.31]),
        (TailScale(2_000, 0, 1), [0, 0.5, 0.9, 0.99, 0.999]),
    ],
)
def test_ticks_are_round_and_inside(scale: LogScale | LinearScale | TailScale, ticks: list[float]) -> None:
    assert scale.ticks() == pytest.approx(ticks)
    assert all(-1e-9 <= scale(tick) <= 1 + 1e-9 for tick in scale.ticks())


def test_every_nine_is_as_wide_as_the_first() -> None:
    scale = TailScale(10_000, 0, 400)
    assert [scale(share) for share in (0, 0.9, 0.99, 0.999, 0.9999)] == pytest.approx([0, 100, 200, 300, 400])
    assert math.isfinite(scale(1))


def labels_of(picture: ElementTree.Element, style: str) -> list[tuple[float, float, float]]:
    """(begin, end, y) of the labels of a class, with characters as wide as in the widest of the usual fonts."""
    found = []
    for each in picture.findall("text"):
        if style in str(each.get("class")).split():
            size = (7.2 if style == "name" else 6.0) * len(each.text or "")
            begin = (
                float(each.get("x", "")) - {"start": 0.0, "middle": 0.5, "end": 1.0}[each.get("text-anchor", "")] * size
            )
            found.append((begin, begin + size, float(each.get("y", ""))))
    return found


@pytest.mark.parametrize(
    "shares", [[1] * 7, [1000, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1000], [1, 500, 1, 500, 1, 1]]
)
def test_the_parts_names_touch_neither_each_other_nor_the_edge(shares: list[int]) -> None:
    parts = [(f"a_rather_long_part_{number}", 100.0 * share) for number, share in enumerate(shares)]
    picture = ElementTree.fromstring(
        charts.breakdown_chart(Breakdown("whole", 9, parts), {name: n for n, (name, _) in enumerate(parts)})
    )
    labels = labels_of(picture, "name")
    assert len(labels) == len(parts)
    assert all(begin >= 0 and end <= charts.WIDTH for begin, end, _ in labels)
    for one, other in itertools.combinations(labels, 2):
        assert one[2] != other[2] or one[1] <= other[0] or other[1] <= one[0]
    assert max(y for _, _, y in labels) < float(str(picture.get("viewBox")).split()[3])


@pytest.mark.parametrize(
    "values", [[3_600] * 30, [100, 101, 102], [1_000] * 99 + [10**9], list(range(1, 5_000)), list(range(80, 430))]
)
def test_what_is_written_in_a_histogram_is_inside_and_apart(values: list[int]) -> None:
    picture = ElementTree.fromstring(charts.histogram_chart(Histogram.of(values), 0))
    labels = labels_of(picture, "small")
    assert all(begin >= 0 and end <= charts.SMALL_WIDTH for begin, end, _ in labels)
    tail, median = [label for label in labels if label[2] < 12]
    assert median[1] <= tail[0] + 0.1
    below = sorted(label for label in labels if label[2] == charts.SMALL_HEIGHT - 8)
    assert below
    assert all(one[1] <= other[0] + 0.1 for one, other in itertools.pairwise(below))
