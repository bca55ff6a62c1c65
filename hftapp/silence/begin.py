"""The trader falls silent: the last thing before its loop spins.

What the loop may use afterwards: memory, and the system calls of its port. No file, no import of a module for the
first time, no clock of the kernel; the end of the process is exit_group(2), not an orderly closing of what the kernel
cleans up anyway.
"""

import gc
import sys

from hftapp import figures as shared
from hftapp.clock import Clock
from hftapp.silence import calls, counted, heap, seccomp, trap


def obstacle(port: str, clock: Clock) -> str:
    """Why a trader on this port cannot be silent; empty when it can."""
    if port not in calls.PORTS:
        return f'port "{port}" {"reads files" if port == "pcap" else "is served by the kernel"}'
    if not heap.AVAILABLE:
        return "the trader runs interpreted"
    if not clock.tsc:
        return f"its clock is the kernel's: {clock.source}"
    return ""


def begin(figures: shared.Figures, port: str, headroom: int = heap.HEADROOM, arenas: int = heap.ARENAS) -> None:
    """Touch all memory, count from now on, and let the kernel end the process at any other system call.

    `headroom`: bytes of free memory to begin with; `arenas`: MiB for Python's small objects.

    Raises OSError without seccomp, HeapError without memory.
    """
    words = figures.words(counted.GROUP)
    sys.setswitchinterval(3600)  # one thread: nobody waits for the interpreter's lock
    heap.prepare(words, arenas, headroom)
    figures.shared.prefault()

    def collected(phase: str, _info: dict[str, int]) -> None:
        words[counted.COLLECTIONS] += phase == "stop"

    gc.callbacks.append(collected)
    refuse = trap.arm(words)
    words[counted.HEAP_START] = words[counted.HEAP_USED] = heap.used()
    words[counted.ALLOCATIONS] = words[counted.ON_PATH] = 0
    words[counted.INSTALLED] = 1
    seccomp.install((*calls.SHUTDOWN, *calls.PORTS[port]), refuse)


def silent(figures: shared.Figures) -> bool:
    """Whether the filter is on."""
    return bool(figures.words(counted.GROUP)[counted.INSTALLED])


def end(figures: shared.Figures) -> None:
    """The last figures of a trader that stops; it stays silent."""
    figures.words(counted.GROUP)[counted.HEAP_USED] = heap.used()
