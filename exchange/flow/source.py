"""What a session script drives: a source of order flow in exchange time."""

from __future__ import annotations

from typing import Any, Protocol


class Flow(Protocol):
    """A source of order flow. Times are nanoseconds since midnight."""

    def start(self, now: int) -> None:
        """Begin at this time."""

    def next_time(self) -> int | None:
        """When the next action is due, None when there is none left."""

    def step(self) -> None:
        """Do the next action, at its own time."""

    def counters(self) -> dict[str, Any]:
        """What the flow did so far."""
