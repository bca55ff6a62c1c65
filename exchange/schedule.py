"""The times of a trading day, in ns since midnight New York."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.cross_hours import MINUTE, CrossHours, closing_hours, opening_hours

HOUR = 60 * MINUTE


@dataclass(frozen=True)
class Schedule:
    """When a day's messages, system hours and market hours begin and end (ITCH 5.0 `S`: O S Q M E C)."""

    messages_begin: int
    system_begins: int
    market_opens: int
    market_closes: int
    system_ends: int
    messages_end: int

    def __post_init__(self) -> None:
        times = list(vars(self).values())
        if times != sorted(set(times)) or times[0] < 0 or times[-1] >= 24 * HOUR:
            raise ValueError(f"the times of a day must rise within 24 hours, these do not: {self}")

    @property
    def opening(self) -> CrossHours:
        """The hours of the opening cross."""
        return opening_hours(self.market_opens)

    @property
    def closing(self) -> CrossHours:
        """The hours of the closing cross."""
        return closing_hours(self.market_closes)


REGULAR = Schedule(
    messages_begin=3 * HOUR,
    system_begins=4 * HOUR,
    market_opens=9 * HOUR + 30 * MINUTE,
    market_closes=16 * HOUR,
    system_ends=20 * HOUR,
    messages_end=20 * HOUR + 5 * MINUTE,
)
# The day after Thanksgiving and its like: everything from the close on is three hours earlier.
EARLY_CLOSE = Schedule(
    messages_begin=3 * HOUR,
    system_begins=4 * HOUR,
    market_opens=9 * HOUR + 30 * MINUTE,
    market_closes=13 * HOUR,
    system_ends=17 * HOUR,
    messages_end=17 * HOUR + 5 * MINUTE,
)
