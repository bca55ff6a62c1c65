"""Shows how a transfer goes on: how much, how fast, how long it will still take."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from image.flash import units
from image.flash.writing import Step
from image.progress import LINE_INTERVAL


class Lines:
    """Plain lines for logs: one when a step starts, one every ten seconds, one when it ends."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Prints the start, the progress and the end of a step."""
        start = last = self._clock()
        count = 0
        self._print(f"{name} …")

        def update(done: int, total: int) -> None:
            nonlocal count, last
            count, now = done, self._clock()
            if now - last >= LINE_INTERVAL:
                last = now
                self._print(f"{name}: {describe(done, total, now - start)}")

        yield update
        seconds = self._clock() - start
        rate = f", {units.size(int(count / seconds))}/s" if seconds else ""
        self._print(f"{name}: {units.size(count)} in {seconds:.1f} s{rate}")

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Bars:
    """A bar for each step, with rate and time left, for a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Shows the step as a bar."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(name, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)


def describe(done: int, total: int, elapsed: float) -> str:
    """`120.0 MiB of 353.0 MiB, 33 %, 12.0 MiB/s, about 19 s left` (elapsed in seconds)."""
    if not done or not elapsed:
        return f"{elapsed:.0f} s so far"
    left = elapsed / done * (total - done)
    rate = units.size(int(done / elapsed))
    return f"{units.size(done)} of {units.size(total)}, {100 * done // total} %, {rate}/s, about {left:.0f} s left"


def default(stream: TextIO | None = None) -> Step:
    """Bars on a terminal, lines everywhere else; on standard error."""
    stream = stream or sys.stderr
    return Bars(Console(file=stream)).step if stream.isatty() else Lines(stream).step
