"""Which system calls the trader may make once it trades, by port, and the numbers of x86-64 (Linux syscall_64.tbl)."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Call(NamedTuple):
    """An allowed system call and why; `first`: the only value allowed for its first argument, None for any."""

    name: str
    why: str
    first: int | None = None


NUMBERS: Final[Mapping[str, int]] = {
    "read": 0, "write": 1, "open": 2, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10,
    "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "ioctl": 16, "pread64": 17,
    "pwrite64": 18, "readv": 19, "writev": 20, "select": 23, "sched_yield": 24, "mremap": 25, "madvise": 28,
    "nanosleep": 35, "getpid": 39, "socket": 41, "connect": 42, "sendto": 44, "recvfrom": 45, "sendmsg": 46,
    "recvmsg": 47, "setsockopt": 54, "getsockopt": 55, "clone": 56, "fork": 57, "execve": 59, "exit": 60, "kill": 62,
    "fcntl": 72, "gettimeofday": 96, "getppid": 110, "mlock": 149, "prctl": 157, "gettid": 186, "futex": 202,
    "sched_setaffinity": 203, "clock_gettime": 228, "clock_nanosleep": 230, "exit_group": 231, "epoll_wait": 232,
    "openat": 257, "newfstatat": 262, "ppoll": 271, "sendmmsg": 307, "getrandom": 318, "membarrier": 324, "statx": 332,
    "rseq": 334,
}  # fmt: skip

SHUTDOWN: Final = (
    Call("exit_group", "the end of the process; the kernel gives back everything else"),
    Call("write", "the last words of a trader that failed, on its standard error", first=2),
)
PORTS: Final[Mapping[str, tuple[Call, ...]]] = {
    "dpdk": (),
    "memory": (),
    "af_packet": (
        Call("sendmmsg", "the doorbell: the kernel sends"),
        Call("getsockopt", "its count of dropped frames, for the figures"),
    ),
    "af_xdp": (
        Call("sendto", "the doorbell when the driver needs a wake-up"),
        Call("recvfrom", "busy polling: the kernel runs the driver in the trader's own time"),
        Call("getsockopt", "its count of dropped frames, for the figures"),
    ),
}
"""Ports that allow silence, and what each needs. The port `socket` is not among them: it is the kernel's network."""


def name_of(number: int) -> str:
    """`name (number)` of a system call; only the number when the table does not have it."""
    found = next((name for name, known in NUMBERS.items() if known == number), "")
    return f"{found} ({number})" if found else f"number {number}"
