"""What an arbiter counts and reports."""

from typing import NamedTuple


class Gap(NamedTuple):
    """Messages `first` to `last` (both included) that neither line delivered in time."""

    first: int
    last: int


class FeedCounters(NamedTuple):
    """The counts of one feed at one moment.

    `packets` counts data packets of all lines, `messages` those passed on, `lost` messages given up, `held` early
    packets, `oversized` those too large to be held, `line_a` and `line_b` the data packets of a line.
    """

    packets: int
    messages: int
    duplicates: int
    heartbeats: int
    gaps: int
    lost: int
    malformed: int
    wrong_session: int
    implausible: int
    held: int
    oversized: int
    line_a: int
    line_b: int

    @property
    def by_line(self) -> list[int]:
        """Data packets of each line."""
        return [self.line_a, self.line_b]


COUNTERS = FeedCounters._fields
"""Names of `Arbiter.counts`, in its order."""
