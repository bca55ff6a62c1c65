"""What an experiment tells the person who waits."""

import io

from rich.console import Console

from lab.model import Result, Run, Variant
from lab.run_progress import RunProgress
from lab.runner import Finished
from tests.lab.doubles import IDLE, figures

RUN = Run(0, Variant("+[red]"), 2, IDLE)


def told(terminal: bool) -> str:
    stream = io.StringIO()
    with RunProgress(Console(file=stream, force_terminal=terminal, width=120)) as progress:
        progress.preparing("kernel hz=250")
        progress.started(RUN, 1, 2, 130)
        progress.said(RUN, "boots")
        progress.finished(Finished(figures(RUN), 15.84), 1, 2, 100)
        progress.finished(Finished(Result(RUN, error="panic\nmore"), 3.0), 2, 2, 0)
        progress.note("done [all]")
    return stream.getvalue()


def test_a_log_has_a_line_for_each_run_with_the_time_left() -> None:
    assert told(terminal=False).splitlines() == [
        "kernel hz=250",
        "✓ [1/2] +[red], repeat 2 15.8 s, 1 min 40 s left",
        "✗ [2/2] +[red], repeat 2 3.0 s, the last one",
        "    panic",
        "done [all]",
    ]


def test_a_terminal_also_shows_what_goes_on() -> None:
    text = told(terminal=True)
    assert "+[red], repeat 2" in text
    assert text.index("15.8 s") < text.index("done [all]")
