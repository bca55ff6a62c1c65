"""What an experiment tells the person who waits: a line for each finished run, on a terminal also what goes on now."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from lab.durations import words
from lab.model import Run
from lab.runner import Finished


class RunProgress:
    """A `lab.runner.Watch` on a rich console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stack = ExitStack()
        self._status: Status | None = None
        self._now = ""

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def preparing(self, text: str) -> None:
        """What is built before the first run."""
        if self._status is not None:
            self._status.update(escape(text))
        else:
            self.note(text)

    def started(self, run: Run, place: int, total: int, left: float) -> None:
        """Show the run on a terminal."""
        self._now = f"[{place}/{total}] {run.variant.name}, repeat {run.repeat}, about {words(left)} left in all"
        if self._status is not None:
            self._status.update(escape(self._now))

    def said(self, run: Run, text: str) -> None:
        """Show news of the run on a terminal."""
        del run
        if self._status is not None:
            self._status.update(f"{escape(self._now)}  [dim]{escape(text)}[/]")

    def finished(self, done: Finished, place: int, total: int, left: float) -> None:
        """Print how the run ended and how long the others will take."""
        run, error = done.result.run, done.result.error
        mark = "[red]✗[/]" if error else "[green]✓[/]"
        rest = f"{words(left)} left" if place < total else "the last one"
        name = escape(f"[{place}/{total}] {run.variant.name}, repeat {run.repeat}")
        text = f"{mark} {name} [dim]{done.took:.1f} s, {rest}[/]"
        if error:
            text += f"\n    {escape(error.strip().splitlines()[0] if error.strip() else error)}"
        self._console.print(text, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._stack.enter_context(self._console.status("preparing"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._status = None
