"""`.hlog` files: as HdrHistogram's tools write and read them."""

import io
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader, HistogramLogWriter
from hypothesis import given, settings
from hypothesis import strategies as st

from office.latency import codec, hlog
from office.latency.buckets import buckets
from office.latency.histogram import Histogram
from office.latency.hlog import HlogError, Interval

START = 1_441_812_279_474_000_000
SECOND = 1_000_000_000
LAYOUT = buckets(1, 3_600_000_000_000, 3)


def some(values: list[int]) -> Histogram:
    return Histogram.of(values, LAYOUT)


def written(intervals: list[Interval], **options: object) -> str:
    out = io.StringIO()
    hlog.write(out, intervals, start=START, **options)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_log_is_written_line_by_line_as_version_1_3_says() -> None:
    histogram = some([1_500_000, 2_769_000])
    text = written(
        [Interval(START + 127_000_000, 1_007_000_000, histogram, "A"), Interval(START + SECOND, 1, some([]))],
        comments=["[Quotable: no, emulated]"],
    )
    assert text.splitlines() == [
        "#[Histogram log format version 1.3]",
        "#[Quotable: no, emulated]",
        "#[BaseTime: 1441812279.474 (seconds since epoch)]",
        "#[StartTime: 1441812279.474 (seconds since epoch), 2015-09-09 15:24:39.474+00:00]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        f"Tag=A,0.127000000,1.007000000,2.769000,{codec.encode_text(histogram)}",
        f"1.000000000,0.000000001,0.000000,{codec.encode_text(some([]))}",
    ]


def test_another_implementation_reads_our_log(tmp_path: Path) -> None:
    path = tmp_path / "ours.hlog"
    intervals = [
        Interval(START + number * SECOND, SECOND, some([1000 * number + 1] * (number + 1)), f"tag{number % 2}")
        for number in range(4)
    ]
    path.write_text(written(intervals))
    reader = HistogramLogReader(str(path), HdrHistogram(1, LAYOUT.highest, 3))
    for interval in intervals:
        other = reader.get_next_interval_histogram()
        assert list(other.counts) == interval.histogram.counts.tolist()
        assert other.get_tag() == interval.tag
        assert other.get_start_time_stamp() == pytest.approx(interval.start / 1e6)
        assert other.get_end_time_stamp() == pytest.approx((interval.start + interval.length) / 1e6)
    assert reader.get_next_interval_histogram() is None
    assert reader.get_start_time_sec() == START / SECOND
    reader.close()


def test_we_read_another_implementations_log(tmp_path: Path) -> None:
    path = tmp_path / "theirs.hlog"
    other = HdrHistogram(1, LAYOUT.highest, 3)
    with path.open("w") as file:
        writer = HistogramLogWriter(file)
        writer.output_log_format_version()
        writer.output_base_time(START / 1e6)
        writer.output_legend()
        for number in range(3):
            other.record_value(10**number)
            writer.output_interval_histogram(other, number + 0.5, number + 1.5)
    with path.open() as file:
        log = hlog.read(file)
    assert [each.start for each in log.intervals] == [START + number * SECOND + SECOND // 2 for number in range(3)]
    assert {each.length for each in log.intervals} == {SECOND}
    assert log.intervals[-1].histogram.counts.tolist() == list(other.counts)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**15),
            st.integers(0, 10**13),
            st.lists(st.integers(0, LAYOUT.highest), max_size=5),
            st.from_regex(r"[A-Za-z0-9_.:=-]{0,12}", fullmatch=True),
        ),
        max_size=5,
    )
)
def test_a_log_comes_back_to_the_nanosecond(rows: list[tuple[int, int, list[int], str]]) -> None:
    intervals = [Interval(START + start, length, some(values), tag) for start, length, values, tag in rows]
    log = hlog.read(written(intervals).splitlines())
    assert log.start == START
    assert [(each.start, each.length, each.tag) for each in log.intervals] == [
        (each.start, each.length, each.tag) for each in intervals
    ]
    for found, given_interval in zip(log.intervals, intervals, strict=True):
        assert (found.histogram.counts == given_interval.histogram.counts).all()


TEXT = codec.encode_text(some([5]))


@pytest.mark.parametrize(
    ("lines", "start"),
    [
        (["#[StartTime: 1441812279.474 (seconds since epoch), Wed]", f"0.5,1,0,{TEXT}"], START + SECOND // 2),
        (
            ["#[StartTime: 1441812279.474 (seconds since epoch), Wed]", f"1441812280.000,1,0,{TEXT}"],
            START + 526_000_000,
        ),
        (["#[BaseTime: 1441812279.474 (seconds since epoch)]", f"0.5,1,0,{TEXT}"], START + SECOND // 2),
        ([f"1441812279.974,1,0,{TEXT}"], START + SECOND // 2),
        ([f"0.5,1,0,{TEXT}"], SECOND // 2),
    ],
)
def test_times_count_from_base_time_or_start_time_or_are_absolute(lines: list[str], start: int) -> None:
    assert hlog.read(lines).intervals[0].start == start


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("hello", "line 2: an interval has 4 fields and maybe a tag, not 1"),
        ("1,2,3", "line 2: an interval has 4 fields"),
        (f"x,1,0,{TEXT}", "line 2: 'x' is no time in seconds"),
        (f"-1,1,0,{TEXT}", "line 2: '-1' is no time in seconds of 0"),
        (f"1,NaN,0,{TEXT}", "line 2: 'NaN' is no time"),
        (f"1,1e400,0,{TEXT}", "line 2: '1e400' is no time"),
        ("1,1,0,HIST", "line 2: an encoded histogram has at least"),
        (f"1,1,0,{TEXT[:-8]}", "line 2: the histogram has"),
    ],
)
def test_what_is_no_log_is_named_with_its_line(line: str, text: str) -> None:
    with pytest.raises(HlogError, match=text):
        hlog.read(["#[a comment]", line])


@pytest.mark.parametrize("tag", ["a,b", "a b", "a\nb"])
def test_a_tag_that_would_break_its_line_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="no comma and no blanks"):
        written([Interval(START, 1, some([1]), tag)])


def test_a_comment_is_one_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        written([], comments=["a\nb"])
