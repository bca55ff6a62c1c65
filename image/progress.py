"""Tells a person, or a log file, what the build is doing and how long it will still take."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_INTERVAL = 10.0


class Reporter(Protocol):
    """Where a build reports to; `steps_run` names the steps that really worked, in order."""

    steps_run: list[str]

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Announces a step that really runs; the result takes (done, total) as the step goes on."""

    def notice(self, text: str) -> None:
        """Says something that is no failure but that the user should know."""


class Quiet:
    """Reports nothing; remembers the steps that ran and the notices."""

    def __init__(self) -> None:
        self.steps_run: list[str] = []
        self.notices: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Remembers the step."""
        self.steps_run.append(name)
        yield lambda _done, _total: None

    def notice(self, text: str) -> None:
        """Remembers the notice."""
        self.notices.append(text)


class Lines:
    """Plain lines for logs: one when a step starts, one every ten seconds, one when it ends."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.steps_run: list[str] = []
        self._stream = stream or sys.stderr
        self._clock = clock

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Prints the step's start, its progress with the time left, and how long it took."""
        self.steps_run.append(name)
        start = last = self._clock()
        self._print(f"{name} …")

        def update(done: int, total: int) -> None:
            nonlocal last
            now = self._clock()
            if now - last >= LINE_INTERVAL:
                last = now
                self._print(f"{name}: {describe(done, total, now - start)}")

        yield update
        self._print(f"{name}: done in {self._clock() - start:.1f} s")

    def notice(self, text: str) -> None:
        """Prints the notice."""
        self._print(f"note: {text}")

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Bars:
    """A progress bar with the time left, for a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.steps_run: list[str] = []
        self._console = console or Console(stderr=True)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Shows the step as a bar; one that knows no total pulses."""
        self.steps_run.append(name)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(name, total=None)
            yield lambda done, total: progress.update(task, completed=min(done, total), total=total)
            progress.update(task, total=1, completed=1)

    def notice(self, text: str) -> None:
        """Prints the notice above the bars."""
        self._console.print(f"note: {text}", highlight=False)


def describe(done: int, total: int, elapsed: float) -> str:
    """Progress in words: `412 of 1300, 32 %, about 95 s left` (elapsed in seconds)."""
    if not total or not done:
        return f"{elapsed:.0f} s so far"
    done = min(done, total)
    left = elapsed / done * (total - done)
    return f"{done} of {total}, {100 * done // total} %, about {left:.0f} s left"


def default() -> Reporter:
    """Bars on a terminal, lines everywhere else."""
    return Bars() if sys.stderr.isatty() else Lines()
