"""The kernel's own tracers of disturbance: osnoise, timerlat and hwlat (Documentation/trace of the kernel).

They measure with kernel threads of their own on the CPU that is asked about, so nothing of ours runs there meanwhile.
"""

import errno
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from hftapp import cpu as cpus
from hftapp import libc

TRACEFS: Final = "/sys/kernel/tracing"
_OSNOISE: Final = ("runtime_us", "noise_us", "available", "max_us", "hw", "nmi", "irq", "softirq", "thread")
_OSNOISE_LINE: Final = re.compile(r": (\d+) +(\d+) +(\d+\.\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$")
_TIMERLAT_LINE: Final = re.compile(r"#\d+ +context +(irq|thread|user-ret) +timer_latency +(\d+) ns")
_HWLAT_LINE: Final = re.compile(r"#\d+ +inner/outer\(us\): +(\d+)/(\d+)")


class TracerError(Exception):
    """The kernel has no such tracer, or does not let it run; the text says which and why."""


def osnoise(lines: Iterable[str]) -> dict[str, float]:
    """Sums over the periods: run time, noise, disturbances by kind; the longest one; the least available share in %."""
    found: dict[str, float] = {"periods": 0}
    for line in lines:
        match = _OSNOISE_LINE.search(line)
        if match is None:
            continue
        row = dict(zip(_OSNOISE, map(float, match.groups()), strict=True))
        found["periods"] += 1
        found["available"] = min(found.get("available", 100.0), row.pop("available"))
        found["max_us"] = max(found.get("max_us", 0.0), row.pop("max_us"))
        for name, value in row.items():
            found[name] = found.get(name, 0.0) + value
    return found


def timerlat(lines: Iterable[str]) -> dict[str, float]:
    """Samples, least, mean and largest latency of the timer's interrupt and of the thread that it wakes, in ns."""
    seen: dict[str, list[int]] = {}
    for line in lines:
        if match := _TIMERLAT_LINE.search(line):
            seen.setdefault(match[1], []).append(int(match[2]))
    found: dict[str, float] = {}
    for name, values in seen.items():
        found |= {f"{name}_count": len(values), f"{name}_min_ns": min(values), f"{name}_max_ns": max(values)}
        found[f"{name}_mean_ns"] = round(sum(values) / len(values), 1)
    return found


def hwlat(lines: Iterable[str]) -> dict[str, float]:
    """Interruptions that no interrupt explains: how many, and the longest, in µs."""
    found = [max(map(int, match.groups())) for line in lines if (match := _HWLAT_LINE.search(line))]
    return {"count": len(found), "max_us": max(found, default=0)}


TRACERS: Final[dict[str, tuple[str, Callable[[Iterable[str]], dict[str, float]]]]] = {
    "osnoise": ("osnoise/cpus", osnoise),
    "timerlat": ("osnoise/cpus", timerlat),
    "hwlat": ("tracing_cpumask", hwlat),
}
"""By name: the file that says on which CPUs, and what makes figures of the trace."""


def run_all(names: Iterable[str], cpu: int, seconds: float, root: str = TRACEFS) -> dict[str, Any]:
    """Figures of each tracer by name. One that this kernel does not have, or refuses, has its reason as `error`."""
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = run(name, cpu, seconds, root)
        except TracerError as error:
            found[name] = {"error": str(error)}
    return found


def run(name: str, cpu: int, seconds: float, root: str = TRACEFS) -> dict[str, float]:
    """Figures of one tracer over `seconds` on one CPU. Raises TracerError."""
    if name not in TRACERS:
        raise TracerError(f"tracer {name!r}: must be one of {', '.join(TRACERS)}")
    place, figures = TRACERS[name]
    folder = Path(root)
    _mount(folder)
    try:
        there = (folder / "available_tracers").read_text(encoding="ascii").split()
        if name not in there:
            raise TracerError(f"this kernel has no tracer {name}; it has: {' '.join(there)}")
        mask = cpus.format_mask([cpu]) if place == "tracing_cpumask" else str(cpu)
        _write(folder / place, mask)
        for option, value in _options(name, folder):
            _write(option, value)
        _write(folder / "trace", "")
        _write(folder / "current_tracer", name)
        _write(folder / "tracing_on", "1")
        time.sleep(seconds)
        _write(folder / "tracing_on", "0")
        lines = (folder / "trace").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise TracerError(f"tracer {name}: {error.filename}: {error.strerror}") from error
    finally:
        _off(folder)
    return figures(lines)


def _options(name: str, folder: Path) -> Iterator[tuple[Path, str]]:
    """Without these, hwlat moves from CPU to CPU, and timerlat and osnoise stop at their first stack trace."""
    if name == "hwlat":
        yield folder / "hwlat_detector/mode", "none"
    else:
        yield folder / "osnoise/stop_tracing_us", "0"


def _off(folder: Path) -> None:
    try:
        _write(folder / "current_tracer", "nop")
    except OSError:
        pass  # it never came on


def _mount(folder: Path) -> None:
    if (folder / "available_tracers").exists():
        return
    try:
        libc.mount("tracefs", str(folder), "tracefs")
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise TracerError(f"no tracefs on {folder}: {error.strerror}; the profile lab has the tracers") from error


def _write(path: Path, value: str) -> None:
    with path.open("w", encoding="ascii") as stream:
        stream.write(value)
