"""The trader's clock: nanoseconds of CLOCK_MONOTONIC, worked out from the time stamp counter without the kernel.

One multiplication turns ticks into nanoseconds. The rate is measured at the start, so it is off by a few millionths;
about once a second somebody else (the supervisor, from its own CPU) gives the true time of a tick, and the rate changes
a little so that the error is gone a second later. So the clock runs on without steps, never goes backwards, and is
never off by more than what one second of the wrong rate makes.

The counter is used where it runs at a constant rate in every power state (CPUID 0x80000007, EDX bit 8; Intel SDM
vol. 3B §17.17.1), which Linux shows as `constant_tsc nonstop_tsc`; a virtual machine may not be told, but has no power
states of its own either. Elsewhere, and interpreted, the clock asks the C library.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import cython

from hftapp.shared import Words

CALIBRATION_NS: Final = 50_000_000
"""How long the counter is compared with CLOCK_MONOTONIC at the start."""
SETTLE_NS: Final = 1_000_000_000
"""An error is taken away over this long."""
MAX_SLEW: Final = 500
"""Most by which the rate leaves the measured one: 1/1,000,000."""
SECOND: Final = 1_000_000_000
REFERENCE: Final = 3
"""Words of a reference in shared memory: how often it was written (odd: it is being written), a tick, its ns."""
INVARIANT: Final = frozenset({"constant_tsc", "nonstop_tsc"})
VIRTUAL: Final = "hypervisor"

_SETTLE = SETTLE_NS
_FARTHEST = SETTLE_NS // 1_000_000 * MAX_SLEW

if not cython.compiled:

    def _read_tsc() -> int:
        return time.perf_counter_ns()

    def _read_monotonic() -> int:
        return time.monotonic_ns()

    def _scaled(ticks: int, multiplier: int) -> int:
        return (ticks * multiplier) >> 32


@cython.final
@cython.cclass
class Timescale:
    """Arithmetic only: nanoseconds of a tick. `origin` ticks are `base` ns; then `ticks_per_second`.

    Raises ValueError for a rate that is not positive.
    """

    def __init__(self, origin: int, base: int, ticks_per_second: int) -> None:
        if ticks_per_second <= 0:
            raise ValueError(f"{ticks_per_second} ticks a second: a clock must run forward")
        self._origin = origin
        self._base = base
        self.ticks_per_second = ticks_per_second
        self._nominal = self._multiplier = (SECOND << 32) // ticks_per_second

    def at(self, ticks: int) -> int:
        """The time in ns at a tick; before the last adjustment, as of that adjustment."""
        if ticks <= self._origin:
            return self._base
        return self._base + _scaled(ticks - self._origin, self._multiplier)

    def adjust(self, ticks: int, ns: int, present: int) -> None:
        """It truly was `ns` at the tick `ticks`: run faster or slower from the tick `present` on until that is true.

        What was measured before the last adjustment changes nothing.
        """
        if ticks <= self._origin:
            return
        error = ns - self.at(ticks)
        if error > _FARTHEST:
            error = _FARTHEST
        elif error < -_FARTHEST:
            error = -_FARTHEST
        # From the present on: with another rate since `ticks`, which were a while ago, the time would step.
        self._base = self.at(present)
        self._origin = present
        if error >= 0:
            self._multiplier = self._nominal + self._nominal * error // _SETTLE
        else:
            step = self._nominal * -error // _SETTLE
            self._multiplier = self._nominal - step


@cython.final
@cython.cclass
class Clock:
    """The time. `tsc`: whether it comes from the counter; `source` says so in words; `scale`: ticks to ns.

    `standing`: it stands still at `time` until somebody moves that (`manual`); a test's clock.

    `ticks` and `now` are one instruction and a multiplication with the counter, a call of the C library without.
    """

    def __init__(self, cpuinfo: str | Path = "/proc/cpuinfo", *, standing: bool = False) -> None:
        self.standing = standing
        self.time = 0
        if standing:
            self.source = "by hand"
        else:
            self.source = _source(cpuinfo) if cython.compiled else "monotonic clock (interpreted)"
        self.tsc = self.source.startswith("TSC")
        if self.tsc:
            self.scale = _calibrated()
        else:
            now = 0 if standing else _read_monotonic()
            self.scale = Timescale(now, now, SECOND)

    def now(self) -> int:
        """Nanoseconds of CLOCK_MONOTONIC."""
        if self.tsc:
            return self.scale.at(_read_tsc())
        if self.standing:
            return self.time
        return _read_monotonic()

    def ticks(self) -> int:
        """The raw counter, `scale.ticks_per_second` a second: for differences on one CPU."""
        if self.tsc:
            return _read_tsc()
        if self.standing:
            return self.time
        return _read_monotonic()

    def adjust(self, ticks: int, ns: int) -> None:
        """Take in what somebody else measured: at the tick `ticks` CLOCK_MONOTONIC showed `ns`."""
        if self.tsc:
            self.scale.adjust(ticks, ns, _read_tsc())

    def follow(self, reference: Words) -> bool:
        """Take in what `publish` wrote last; False when it is just being written or nothing is there yet."""
        written = reference[0]
        ticks, ns = reference[1], reference[2]
        if written == 0 or written & 1 or reference[0] != written:
            return False
        self.adjust(ticks, ns)
        return True


def publish(reference: Words) -> None:
    """Measure a tick and its CLOCK_MONOTONIC and write them for another process's clock to `follow`; for one writer."""
    ticks, ns = _pair()
    written = reference[0]
    reference[0] = written + 1
    reference[1], reference[2] = ticks, ns
    reference[0] = written + 2


def manual(time: int = 0) -> Clock:
    """A clock that stands still until a test moves it: `time` is what it shows, and its ticks are nanoseconds."""
    clock = Clock(standing=True)
    clock.time = time
    return clock


def _source(cpuinfo: str | Path) -> str:
    """Which clock this CPU allows, in words."""
    try:
        lines = Path(cpuinfo).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return "monotonic clock (no cpuinfo)"
    flags = next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
    if flags >= INVARIANT:
        return "TSC (invariant)"
    return "TSC (virtual)" if VIRTUAL in flags and "tsc" in flags else "monotonic clock (no invariant TSC)"


def _pair() -> tuple[int, int]:
    """A tick and its CLOCK_MONOTONIC: the closest of a few readings, so that an interrupt does not count."""
    best = None
    for _ in range(16):
        before = _read_tsc()
        ns = _read_monotonic()
        after = _read_tsc()
        if best is None or after - before < best[0]:
            best = after - before, before + (after - before) // 2, ns
    assert best is not None
    return best[1], best[2]


def _calibrated() -> Timescale:
    """Compare the two clocks over `CALIBRATION_NS`."""
    ticks, ns = _pair()
    time.sleep(CALIBRATION_NS / SECOND)
    later, then = _pair()
    return Timescale(later, then, (later - ticks) * SECOND // (then - ns))
