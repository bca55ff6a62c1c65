"""The trader's histograms as HDR histograms: its buckets are those of two significant digits, so nothing is lost.

`hftapp.histogram` counts 128 buckets a power of two, values below 256 each for themselves, and everything of more than
40 bits in the last one: bucket for bucket HdrHistogram's layout of 2 digits.
"""

from typing import Final

import numpy as np

from office.latency.buckets import Buckets, buckets
from office.latency.histogram import UNSET, Histogram
from protocols.errors import LengthError, RangeError
from protocols.management import BUCKET, Latency

LAYOUT: Final[Buckets] = buckets(1, (1 << 40) - 1, 2)
"""Of the trader's histograms, in ticks. Its last count also holds what was higher."""
NANOSECONDS: Final = 1_000_000_000
MOST: Final = 1 << 44
"""Most values in a bucket: a whole message of such buckets still sums in 64 bits."""
TICK_TO_TRADE: Final = "tick_to_trade"
STAGES: Final = ("frame_parsed", "book_updated", "decision", "risk_passed", "doorbell")
"""Stages of the trader in their order, as its histograms name them (`stages.NAME`)."""


def from_message(message: Latency) -> Histogram:
    """The histogram of a `Latency` message, in ticks; LengthError or RangeError for a body that is none.

    An exact greatest value beyond the layout is kept as `greatest`.
    """
    if len(message.body) % BUCKET.size:
        raise LengthError(f"buckets have {BUCKET.size} bytes each", None, len(message.body))
    pairs = np.frombuffer(message.body, dtype=">u8").reshape(-1, 2)
    floors, amounts = pairs[:, 0], pairs[:, 1]
    if not len(floors):
        return Histogram(LAYOUT)
    if int(floors.max()) > LAYOUT.highest:
        raise RangeError(f"a bucket starts at 0 to {LAYOUT.highest} ticks", None, int(floors.max()))
    if int(amounts.max()) >= MOST:
        raise RangeError(f"a bucket counts less than {MOST}", None, int(amounts.max()))
    counts = np.zeros(LAYOUT.size, dtype=np.int64)
    np.add.at(counts, LAYOUT.indices(floors.astype(np.int64)), amounts.astype(np.int64))
    if message.least > message.greatest or message.greatest > 1 << 62:
        raise RangeError("the least value is not above the greatest", None, message.least)
    found = Histogram.from_counts(LAYOUT, counts)
    return found if not found.total else Histogram.from_counts(LAYOUT, counts, message.least, message.greatest)


def to_body(histogram: Histogram) -> bytes:
    """The body of a `Latency` message with this histogram of layout `LAYOUT`."""
    used = np.flatnonzero(histogram.counts)
    pairs = np.stack((histogram.layout.floors[used], histogram.counts[used]), axis=1)
    return pairs.astype(">u8").tobytes()


def to_nanoseconds(histogram: Histogram, ticks_per_second: int) -> Histogram:
    """A histogram of ticks in ns with 3 digits (`Histogram.scaled`); exact where a tick is a nanosecond."""
    if ticks_per_second <= 0:
        raise RangeError("a clock has at least one tick a second", None, ticks_per_second)
    return histogram.scaled(NANOSECONDS, ticks_per_second)


def nanoseconds(ticks: int, ticks_per_second: int) -> int:
    """A duration in ns, to the nearest."""
    return (2 * ticks * NANOSECONDS + ticks_per_second) // (2 * ticks_per_second)


__all__ = [
    "LAYOUT",
    "NANOSECONDS",
    "STAGES",
    "TICK_TO_TRADE",
    "UNSET",
    "from_message",
    "nanoseconds",
    "to_body",
    "to_nanoseconds",
]
