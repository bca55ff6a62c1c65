"""A process that wakes often on the housekeeping CPUs, as the supervisor does, and does nothing.

Besides being what a trading machine has, it bounds how long a CPU that spins goes on when CPUs are emulated in turn:
QEMU passes on to the next one at the guest's next timer, and a tickless machine has none for a long time.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Final

from hftapp import libc

PERIOD_S: Final = 0.005


@contextlib.contextmanager
def beating(cpus: Sequence[int], *, locked: bool) -> Iterator[int]:
    """The process, on `cpus`, for as long as the context lasts. `locked`: this process's memory is locked.

    Then it is made its own again: a fork lets both share it until either writes, which is a page fault.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.sched_setaffinity(0, cpus)
            while os.getppid() == parent:
                time.sleep(PERIOD_S)
        finally:
            os._exit(0)
    if locked:
        libc.mlockall()
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
