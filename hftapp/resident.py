"""Keeps the trader's pages in memory, and all of them present before it trades.

What is there when trading is prepared is locked and touched, and so is all that comes after the card is open. What the
card's driver asks for itself is locked when it is first touched, which happens while it starts: DPDK has memory for
every CPU that there could be, and a thread with a stack that it does not use.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from hftapp import libc

T = TypeVar("T")


class Mapping(NamedTuple):
    """One row of /proc/PID/maps: addresses, permissions such as `rw-p`, and the file, "" for none."""

    start: int
    end: int
    permissions: str
    file: str


def opened(lock: bool, open_card: Callable[[], T]) -> T:
    """What `open_card` returns. With `lock`, this process's memory is locked from then on.

    Raises OSError where that is not permitted, and what `open_card` raises.
    """
    if not lock:
        return open_card()
    libc.mlockall(libc.MCL_CURRENT)
    made = open_card()
    libc.mlockall(libc.MCL_CURRENT | libc.MCL_ONFAULT)
    for mapping in mappings():
        if mapping.file.startswith("/"):
            touch(mapping)
    libc.mlockall(libc.MCL_FUTURE)
    return made


def mappings(path: Path = Path("/proc/self/maps")) -> Iterator[Mapping]:
    """The mappings of a process (proc(5))."""
    for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        words = line.split(maxsplit=5)
        start, _, end = words[0].partition("-")
        yield Mapping(int(start, 16), int(end, 16), words[1], words[5] if len(words) > 5 else "")


def touch(mapping: Mapping) -> None:
    """Enter every page of a mapping of a file into the page table; private ones that can be written are copied."""
    if mapping.permissions.startswith("rw"):
        advice = libc.MADV_POPULATE_WRITE
    elif mapping.permissions.startswith("r"):
        advice = libc.MADV_POPULATE_READ
    else:
        return
    try:
        libc.madvise(mapping.start, mapping.end - mapping.start, advice)
    except OSError:
        return  # a device's registers, or a file that is shorter than its mapping: neither has pages to be entered
