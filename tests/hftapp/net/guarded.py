"""Memory behind which nothing may be read: a frame that ends where a page without access begins (mprotect(2)).

Compiled code that reads past the end of a frame dies by SIGSEGV there; interpreted it gets an IndexError.
"""

from __future__ import annotations

import ctypes
import mmap

import cython

from hftapp.net.stack import Stack

if not cython.compiled:
    from hftapp.nic.area import base, part
    from hftapp.octets import copy

_SIZE = 4 * 4096


class Guard:
    """Feeds frames of up to 16 KiB to a stack, each in memory that ends with it."""

    def __init__(self) -> None:
        self._pages = mmap.mmap(-1, _SIZE + 4096)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mprotect(ctypes.c_void_p(address + _SIZE), 4096, 0):  # PROT_NONE
            raise OSError(ctypes.get_errno(), "mprotect")
        self._memory = base(self._pages)

    def feed(self, stack: Stack, frame: bytes, now: int) -> int:
        """Let a frame arrive; returns what `Stack.on_frame` does."""
        at = _SIZE - len(frame)
        copy(self._memory, at, frame, 0, len(frame))
        return stack.on_frame(part(self._memory, at, len(frame)), len(frame), now)
