"""Gives a guest's polling CPU a CPU of the host for itself, so that a round trip does not wait for the scheduler."""

import os

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


def guest() -> psutil.Process:
    """The guest that this process has started. Raises LookupError when there is not exactly one."""
    found = [child for child in psutil.Process().children() if child.name().startswith("qemu-system")]
    if len(found) != 1:
        raise LookupError(f"{len(found)} guests run below this process: it measures one at a time")
    return found[0]
