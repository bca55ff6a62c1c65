"""Memory for big tables: whole huge pages where the system has them, and every page present before trading starts."""

from __future__ import annotations

import mmap
from typing import Literal

HUGE: int = 2 << 20
"""Bytes of a huge page; below it a table is ordinary memory."""
_PAGE = 4096
_MAP_HUGETLB = 0x40000  # asm-generic/mman-common.h; Python's mmap has no name for it


def pages(count: int) -> int:
    """Return how many huge pages `words` takes for `count` words."""
    return -(-8 * count // HUGE) if 8 * count >= HUGE else 0


def words(count: int, kind: Literal["q", "Q"] = "Q", *, mapped: bool = True) -> memoryview:
    """Return `count` 64-bit words of zeros; `kind`: `Q` for unsigned ones, `q` for signed ones.

    `mapped`: take huge pages from the kernel. Without, it is ordinary heap memory, which is all that a trader may take
    once it runs without system calls.
    """
    size = 8 * count
    if not mapped or size < HUGE:
        return memoryview(bytearray(size)).cast(kind)
    area = _area(size)
    for at in range(0, size, _PAGE):
        area[at] = 0  # a page fault now instead of one on the path
    return memoryview(area).cast("B")[:size].cast(kind)


def _area(size: int) -> mmap.mmap:
    """Return memory in huge pages that were reserved for it (vm.nr_hugepages), or in whatever the kernel has."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    try:
        return mmap.mmap(-1, -(-size // HUGE) * HUGE, flags=flags | _MAP_HUGETLB)
    except OSError:
        area = mmap.mmap(-1, size, flags=flags)  # none are left
    try:
        area.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        pass  # a kernel without transparent huge pages: 4 KiB pages do, only slower
    return area
