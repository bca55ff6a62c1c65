"""A log tells how much, how fast and how long still."""

import io
from collections.abc import Iterator

from rich.console import Console

from image.flash import progress

MIB = 1 << 20


def test_lines_come_every_ten_seconds() -> None:
    now: Iterator[float] = iter([0.0, 4.0, 11.0, 20.0, 30.0])
    stream = io.StringIO()
    with progress.Lines(stream, lambda: next(now)).step("writing") as update:
        for done in (10, 110, 200):
            update(done * MIB, 330 * MIB)
    assert stream.getvalue().splitlines() == [
        "writing …",
        "writing: 110.0 MiB of 330.0 MiB, 33 %, 10.0 MiB/s, about 22 s left",
        "writing: 200.0 MiB in 30.0 s, 6.7 MiB/s",
    ]


def test_nothing_is_known_at_the_beginning() -> None:
    assert progress.describe(0, 100, 12.4) == "12 s so far"


def test_bars_have_the_rate_and_the_time_left() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, _environ={"TERM": "xterm"})
    with progress.Bars(console).step("writing") as update:
        update(100 * MIB, 200 * MIB)
        update(200 * MIB, 200 * MIB)
    assert "writing" in stream.getvalue()
    assert "200.0/200.0 MiB" in stream.getvalue()


def test_no_bars_without_a_terminal() -> None:
    stream = io.StringIO()
    with progress.default(stream)("comparing") as update:
        update(MIB, MIB)
    assert stream.getvalue().startswith("comparing …\ncomparing: 1.0 MiB in ")
