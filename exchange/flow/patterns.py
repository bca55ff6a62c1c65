"""How activity is spread over time, as tables: bursts, the shape of the day, news.

The bursts follow the LOBSTER sample in tests/data (AAPL, 2012-06-21, the first 49 s, 999 messages).
At each decay tried from 500 to 3,000/s the likelihood of a self-exciting process with one exponential kernel is highest
at a branching ratio of 0.70 or 0.75. The decay itself the sample does not settle: the likelihood still rises at
3,000/s. Nor does one kernel give all of its dispersion: 25 in windows of a second, where a ratio of 0.7 gives 11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp

OPEN_SECOND = 34_200
CLOSE_SECOND = 57_600


@dataclass(frozen=True)
class Pattern:
    """``own`` and ``market``: children of an event in its own symbol and in any (by activity), ``decay`` in 1/s.

    ``shaped``: intensity follows the day. ``news``: price jumps a symbol and day; each adds ``boost`` times the
    symbol's own intensity, which decays at ``calm`` (1/s).
    """

    own: float = 0.0
    market: float = 0.0
    decay: float = 1000.0
    shaped: bool = False
    news: float = 0.0
    boost: float = 5.0
    calm: float = 1 / 60

    @property
    def branching(self) -> float:
        """Children an event has on average; below 1, or the activity would grow without end."""
        return self.own + self.market


# Assumptions: 1 ms, as the several messages of one order, which come faster, are one action here; that a fifth of the
# children are in other symbols; that a symbol has news on one day of five.
_BURSTY = Pattern(own=0.55, market=0.15, decay=1000.0, news=0.2)

PATTERNS: dict[str, Pattern] = {"steady": Pattern(), "bursty": _BURSTY, "day": replace(_BURSTY, shaped=True)}

# (height, decay in s, from): the rush of the opening, the morning, the run into the close, over a floor of 1. The U is
# that of real days; the heights and decays are assumptions.
_SHAPE = ((8.0, 60.0, "open"), (1.5, 3600.0, "open"), (2.0, 1800.0, "close"))
_OUTSIDE_HOURS = 0.05


def _mean() -> float:
    length = CLOSE_SECOND - OPEN_SECOND
    return 1.0 + sum(height * decay * (1.0 - exp(-length / decay)) / length for height, decay, _ in _SHAPE)


_MEAN = _mean()


def day_shape(second: float) -> float:
    """Intensity at a second since midnight, relative to the mean of the trading day (09:30 to 16:00)."""
    if not OPEN_SECOND <= second < CLOSE_SECOND:
        return _OUTSIDE_HOURS
    total = 1.0
    for height, decay, side in _SHAPE:
        total += height * exp(-(second - OPEN_SECOND if side == "open" else CLOSE_SECOND - second) / decay)
    return total / _MEAN
