"""Memory shared by the supervisor and the trader: anonymous files of a fixed size, mapped before the fork.

A mapping is an array of 64-bit words. Each word is read and written whole (aligned 8-byte moves: Intel SDM vol. 3A
§9.1.1), and x86 keeps loads in order and stores in order (§9.2.2), so publishing something is an ordinary store: what
was written before it is seen by whoever sees it. Only the compiler must be told, which the compiled `acquire` and
`release` do (`shared.pxd`); neither is an instruction of its own, and neither waits.
"""

import fcntl
import mmap
import os

Words = memoryview
"""Signed 64-bit words (format `q`); a compiled module sees `int64_t[::1]`."""


class SharedMemory:
    """`size` bytes, rounded up to whole pages, all zero; `octets` and `words` are two views of the same bytes.

    The file has no name in any file system and cannot change its size. Raises ValueError for a size that is not
    positive, OSError when the kernel has no memory.
    """

    def __init__(self, name: str, size: int) -> None:
        if size <= 0:
            raise ValueError(f"shared memory {name!r} of {size} bytes: must be positive")
        self.name = name
        self.size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(fd, self.size)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            self._map = mmap.mmap(fd, self.size, mmap.MAP_SHARED)
        finally:
            os.close(fd)
        self.octets = memoryview(self._map)
        self.words = self.octets.cast("q")

    def prefault(self) -> None:
        """Enter every page into this process's page table: a fork does not copy the entries of shared mappings."""
        for word in range(0, self.size // 8, mmap.PAGESIZE // 8):
            self.words[word]

    def close(self) -> None:
        """Release this process's mapping; it lives on while a view of it is used elsewhere."""
        self.words.release()
        self.octets.release()
        try:
            self._map.close()
        except BufferError:  # a component still has its slice: the mapping goes with it
            pass


def octets_of(view: memoryview) -> memoryview:
    """Return where the bytes of a view start: compiled a pointer, interpreted the view."""
    return view


def words_of(view: Words) -> Words:
    """Return where the words of a view start: compiled a pointer, interpreted the view."""
    return view


def acquire(words: Words, i: int) -> int:
    """Read a word that another process writes; what it wrote before that word is visible afterwards."""
    word: int = words[i]
    return word


def release(words: Words, i: int, value: int) -> None:
    """Write a word that another process reads, after everything that was written before it."""
    words[i] = value
