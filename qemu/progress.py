"""What a scenario tells the person who waits: one status line on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.status import Status


class Progress(Protocol):
    """Where a scenario reports what it does."""

    def phase(self, name: str) -> None:
        """A new phase begins; the one before is done."""

    def detail(self, text: str) -> None:
        """News within the phase."""

    def note(self, text: str) -> None:
        """Something that people need while the run goes on."""


class ConsoleProgress:
    """Phases with their durations on a rich console; with a spinner and news when it is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._name = ""
        self._began = 0.0

    def phase(self, name: str) -> None:
        """Close the phase before with its duration and show the new one."""
        self._finish("[green]✓[/]")
        self._name, self._began = name, time.monotonic()
        if self._status is not None:
            self._status.update(name)

    def detail(self, text: str) -> None:
        """Show news behind the phase's name, on a terminal only."""
        if self._status is not None:
            self._status.update(f"{self._name}  [dim]{text}[/]")

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The spinner's line goes first: on a terminal nothing of it may stay behind the last mark.
        if self._status is not None:
            self._status.stop()
        self._finish("[green]✓[/]" if error is None else "[red]✗[/]")

    def _finish(self, mark: str) -> None:
        if self._name:
            seconds = time.monotonic() - self._began
            self._console.print(f"{mark} {self._name} [dim]{seconds:.1f} s[/]", highlight=False)
            self._name = ""
