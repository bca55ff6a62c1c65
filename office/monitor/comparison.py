"""Two views of the same figures, compared by name.

They arrive on two ways, so at any moment one is ahead of the other. What the trader said has to be what the drop copy
said at some moment shortly before or after: a figure differs when it has been none of those for longer than ``grace``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

GRACE: Final = 2_000_000_000
MAX_HISTORY: Final = 4_096


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that differs: `name` and `symbol`, its value by the drop copy and by the trader, since when (ns)."""

    name: str
    symbol: str
    drop_copy: int
    trader: int
    since: int

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Figure:
    ours: int = 0
    theirs: int | None = None
    since: int | None = None
    history: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))


class Comparison:
    """All figures by name and symbol. Times are ns of one clock, the office's."""

    def __init__(self, grace: int = GRACE) -> None:
        self._grace = grace
        self._figures: dict[tuple[str, str], _Figure] = {}

    def ours(self, name: str, symbol: str, value: int, now: int) -> None:
        """The drop copy's figure is now this."""
        figure = self._figures.setdefault((name, symbol), _Figure())
        if figure.ours != value:
            # A value holds until the next one; so the entry says when it ended.
            figure.history.append((now, figure.ours))
            figure.ours = value
        self._look(figure, now)

    def theirs(self, name: str, symbol: str, value: int, now: int) -> None:
        """The trader's figure is now this."""
        figure = self._figures.setdefault((name, symbol), _Figure())
        figure.theirs = value
        self._look(figure, now)

    def differences(self, now: int) -> list[Difference]:
        """What has differed for longer than the grace, by symbol and name."""
        found = []
        for (name, symbol), figure in sorted(self._figures.items(), key=lambda item: (item[0][1], item[0][0])):
            self._look(figure, now)
            if figure.since is not None and figure.theirs is not None and now - figure.since > self._grace:
                found.append(Difference(name, symbol, figure.ours, figure.theirs, figure.since))
        return found

    def _look(self, figure: _Figure, now: int) -> None:
        while figure.history and figure.history[0][0] < now - self._grace:
            figure.history.popleft()
        same = figure.theirs is None or figure.theirs == figure.ours
        if same or any(value == figure.theirs for _, value in figure.history):
            figure.since = None
        elif figure.since is None:
            figure.since = now
