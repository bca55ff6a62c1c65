"""A loop that reads the time stamp counter without end: whatever takes its CPU away shows as a gap between two reads.

As `osnoise` does it, but from user space, as a trader is: what a gap holds (an interrupt, a tick, another thread, the
hypervisor) the counters of `hftapp.probe.sampler` tell. While it measures it makes no system call and allocates
nothing. What it found lies in words that it shares with the process that started it.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.histogram import SIZE, Histogram, export, lower
from hftapp.shared import Words

if not cython.compiled:
    from time import perf_counter_ns as _read_tsc

    from hftapp.shared import acquire, words_of

WARM, MEASURE, STOP = 0, 1, 2
"""What the other process wants of the loop."""
NAMES: Final = ("state", "count", "stolen", "turn", "threshold", "start", "end", "turns")
"""Words in order: the wanted state; gaps, and their sum; how long an undisturbed turn of the loop takes; what counts as
a gap from there on; first and last tick of the measurement; turns of the loop in it. Times are ticks of the counter."""
KEPT: Final = 16
"""So many of the longest gaps are kept one by one, each with the tick at which it ended."""
LONGEST: Final = len(NAMES)
HISTOGRAM: Final = LONGEST + 2 * KEPT
WORDS: Final = HISTOGRAM + SIZE
FACTOR: Final = 16
"""A gap is a turn that takes so many times as long as an undisturbed one."""
BATCH: Final = 64
"""Turns that are timed together to find that out: the counter may move in steps (AMD family 1Ah: of 10 ns), and two
reads of it show no time between them."""
WARM_TURNS: Final = 100_000
"""Turns of the warm-up at least."""

_STATE, _COUNT, _STOLEN, _TURN, _THRESHOLD, _START, _END, _TURNS = range(len(NAMES))
_LONGEST, _KEPT = LONGEST, KEPT
_WARM, _MEASURE = WARM, MEASURE
_WARM_TURNS, _BATCH = WARM_TURNS, BATCH
_NEVER = (1 << 62) - 1


@cython.final
@cython.cclass
class GapProbe:
    """The loop. `words`: `WORDS` words, all zero. Raises ValueError for another number."""

    def __init__(self, words: Words, factor: int = FACTOR) -> None:
        if len(words) != WORDS:
            raise ValueError(f"a gap probe has {WORDS} words, not {len(words)}")
        self._view = words
        self._words = words_of(words)
        self._histogram = Histogram(words[HISTOGRAM:])
        self._factor = factor

    def warm(self) -> int:
        """Spin while the state is `WARM`; returns the ticks of a turn in the fastest batch, and sets the threshold."""
        least = _NEVER
        left = _WARM_TURNS
        turns = 0
        previous = _read_tsc()
        while left > 0 or acquire(self._words, _STATE) == _WARM:
            left -= 1
            turns += 1
            now = _read_tsc()
            if turns == _BATCH:
                if now - previous < least:
                    least = now - previous
                previous = now
                turns = 0
        turn = (least + _BATCH - 1) // _BATCH
        self._words[_TURN] = turn
        self._words[_THRESHOLD] = turn * self._factor
        return turn

    def measure(self) -> None:
        """Note every gap for as long as the state is `MEASURE`. What noting takes is in no gap."""
        threshold = self._words[_THRESHOLD]
        turns = 0
        previous = _read_tsc()
        self._words[_START] = previous
        while acquire(self._words, _STATE) == _MEASURE:
            now = _read_tsc()
            gap = now - previous
            turns += 1
            if gap >= threshold:
                self._note(gap, now)
                previous = _read_tsc()
            else:
                previous = now
        self._words[_END] = previous
        self._words[_TURNS] = turns

    def _note(self, gap: int, now: int) -> None:
        self._words[_COUNT] += 1
        self._words[_STOLEN] += gap
        self._histogram.record(gap)
        least = _LONGEST
        for place in range(_LONGEST, _LONGEST + 2 * _KEPT, 2):
            if self._words[place] < self._words[least]:
                least = place
        if gap > self._words[least]:
            self._words[least] = gap
            self._words[least + 1] = now


def report(words: Words, ticks_per_second: int) -> dict[str, object]:
    """What a finished probe found, in ns: `count`, `stolen_ns`, `window_ns`, `turn_ns`, `threshold_ns`, `turns`.

    `longest`: `[ns, seconds after the start]` of the longest gaps, the longest first; `histogram`: `[[upper bound in
    ns, count], …]` in order.
    """
    found = dict(zip(NAMES, words[: len(NAMES)].tolist(), strict=True))

    def ns(ticks: int) -> int:
        return ticks * 1_000_000_000 // ticks_per_second

    longest = words[LONGEST:HISTOGRAM].tolist()
    pairs = sorted(((longest[i], longest[i + 1]) for i in range(0, 2 * KEPT, 2) if longest[i]), reverse=True)
    counts = export(words[HISTOGRAM:])["counts"]
    assert isinstance(counts, dict)
    return {
        "count": found["count"],
        "stolen_ns": ns(found["stolen"]),
        "window_ns": ns(found["end"] - found["start"]),
        "turn_ns": ns(found["turn"]),
        "threshold_ns": ns(found["threshold"]),
        "turns": found["turns"],
        "longest": [[ns(gap), round((at - found["start"]) / ticks_per_second, 6)] for gap, at in pairs],
        "histogram": [[ns(lower(number + 1)), count] for number, count in counts.items()],
    }
