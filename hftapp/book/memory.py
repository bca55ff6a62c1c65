"""Memory for big tables: whole huge pages where the system has them, and every page present before trading starts."""

from __future__ import annotations

import mmap
from typing import Literal

HUGE: int = 2 << 20
"""Bytes of a huge page; below it a table is ordinary memory."""
_PAGE = 4096


def words(count: int, kind: Literal["q", "Q"] = "Q", *, mapped: bool = True) -> memoryview:
    """Return `count` 64-bit words of zeros; `kind`: `Q` for unsigned ones, `q` for signed ones.

    `mapped`: take huge pages from the kernel. Without, it is ordinary heap memory, which is all that a trader may take
    once it runs without system calls.
    """
    size = 8 * count
    if not mapped or size < HUGE:
        return memoryview(bytearray(size)).cast(kind)
    area = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        area.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        pass  # a kernel without transparent huge pages: 4 KiB pages do, only slower
    for at in range(0, size, _PAGE):
        area[at] = 0  # a page fault now instead of one on the path
    return memoryview(area).cast("B").cast(kind)
