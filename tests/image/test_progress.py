"""A log gets a line every ten seconds with the time left."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from image import progress


def test_the_time_left_in_words() -> None:
    assert progress.describe(500, 2000, 50) == "500 of 2000, 25 %, about 150 s left"
    assert progress.describe(2100, 2000, 50) == "2000 of 2000, 100 %, about 0 s left"
    assert progress.describe(0, 0, 12) == "12 s so far"


def test_lines_come_every_ten_seconds() -> None:
    now: Iterator[float] = iter([0.0, 4.0, 11.0, 15.0, 22.0, 30.0])
    stream = io.StringIO()
    lines = progress.Lines(stream, lambda: next(now))
    with lines.step("kernel") as update:
        for done in (100, 250, 300, 500):
            update(done, 1000)
    lines.notice("that is all")
    assert stream.getvalue().splitlines() == [
        "kernel …",
        "kernel: 250 of 1000, 25 %, about 33 s left",
        "kernel: 500 of 1000, 50 %, about 22 s left",
        "kernel: done in 30.0 s",
        "note: that is all",
    ]
    assert lines.steps_run == ["kernel"]


def test_bars_show_the_step() -> None:
    stream = io.StringIO()
    bars = progress.Bars(Console(file=stream, force_terminal=True, width=100, _environ={"TERM": "xterm"}))
    with bars.step("kernel") as update:
        update(5, 10)
    bars.notice("gone")
    assert "kernel" in stream.getvalue()
    assert "note: gone" in stream.getvalue()
    assert bars.steps_run == ["kernel"]


@pytest.mark.parametrize("reporter", [progress.Quiet(), progress.Lines(io.StringIO())])
def test_a_failing_step_is_not_swallowed(reporter: progress.Reporter) -> None:
    with pytest.raises(ValueError, match="x"), reporter.step("s"):
        raise ValueError("x")
