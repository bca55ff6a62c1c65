"""A heap that never asks the kernel for anything, and counts who asks it.

The C library gets its memory at the start and keeps it (mallopt(3): no mappings of single blocks, no trimming), in
touched pages. Python's allocator of small objects gets blocks from a pool of that memory instead of mmap(2)
(`PyObject_SetArenaAllocator`). So also what is cold and ordinary Python (a strategy that is not compiled, a report)
makes no system call. A trader that uses up pool and headroom asks for more with brk(2), and the filter ends it.

All calls of Python's allocators go through wrappers that count them (`hftapp.silence.counted`). All of this is C that
Python has no other words for, so it is in `heap.pxd`, and only a compiled trader has it. One process does it once.
"""

from __future__ import annotations

import cython

from hftapp.shared import Words

AVAILABLE = cython.compiled
BLOCK = 1 << 20
ARENAS = 32
"""Blocks of 1 MiB for Python's small objects."""
HEADROOM = 32 << 20
"""Bytes for everything else, free when trading starts."""
PAD = 1 << 20
"""Bytes that the C library takes more than it needs each time: so it asks less often while things are built."""
MAX_ARENAS = 256


class HeapError(Exception):
    """There is not enough memory for the heap that the trader needs."""


def keep() -> None:
    """From now on the C library gives nothing back and maps no single block: call this before anything is built."""
    if cython.compiled:
        _no_mappings(PAD)  # type: ignore[name-defined]  # noqa: F821


def pool(words: Words, arenas: int = ARENAS) -> bool:
    """Give small objects their blocks from the pool already now, if huge pages are left for it; whether they are.

    What is built for trading then lies in them. `words` as in `prepare`.
    """
    return bool(cython.compiled and _make_pool(words, arenas, False))  # type: ignore[name-defined]  # noqa: F821


def prepare(words: Words, arenas: int = ARENAS, headroom: int = HEADROOM) -> None:
    """Set up the pool if there is none, headroom, stack and counters; `words`: of the group `silence`.

    They must outlive the process.

    Raises ValueError for more arenas than `MAX_ARENAS`, HeapError a second time, interpreted, or without the memory.
    """
    global _prepared
    if not 1 <= arenas <= MAX_ARENAS:
        raise ValueError(f"{arenas} arenas: must be 1 to {MAX_ARENAS}")
    if _prepared:
        raise HeapError("the heap of this process has been prepared already")
    if not cython.compiled:
        raise HeapError("an interpreted trader has no heap of its own: compile it, or set [cpu] silence = false")
    _prepared = True
    keep()
    if not _set_up(words, arenas, headroom):  # type: ignore[name-defined]  # noqa: F821
        raise HeapError(f"no memory for {arenas} MiB of Python objects and {headroom >> 20} MiB more")


def used() -> int:
    """Bytes in use in the C library's heap (mallinfo2(3)); 0 interpreted."""
    return int(_bytes_used()) if cython.compiled else 0  # type: ignore[name-defined]  # noqa: F821


_prepared = False
