"""Gives a guest's polling CPU a CPU of the host for itself, and keeps the others awake: a round trip then waits neither
for the scheduler nor for a CPU that has to leave a sleep state."""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator

import psutil


def give_own_cpu(process: psutil.Process) -> bool:
    """Put the busiest thread of a process on the last CPU, its other threads and the caller on the others.

    The busiest thread of a guest that polls its card is the CPU that polls. False where there is one CPU only.
    """
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        return False
    threads = process.threads()
    busiest = max(threads, key=lambda thread: thread.user_time + thread.system_time)
    for thread in threads:
        os.sched_setaffinity(thread.id, cpus[-1:] if thread.id == busiest.id else cpus[:-1])
    os.sched_setaffinity(0, cpus[:-1])
    return True


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Keep the CPUs of the caller out of sleep states: on each one a process spins that anything else displaces.

    It is of the scheduling class SCHED_IDLE (sched(7)), so nobody waits for it.
    """
    context = multiprocessing.get_context("fork")
    spinning = [context.Process(target=_spin, args=(cpu,), daemon=True) for cpu in sorted(os.sched_getaffinity(0))]
    for process in spinning:
        process.start()
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.join()


def _spin(cpu: int) -> None:
    parent = os.getppid()
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while os.getppid() == parent:
        pass


def guest() -> psutil.Process:
    """The guest that this process has started. Raises LookupError when there is not exactly one."""
    found = [child for child in psutil.Process().children() if child.name().startswith("qemu-system")]
    if len(found) != 1:
        raise LookupError(f"{len(found)} guests run below this process: it measures one at a time")
    return found[0]
