"""Waiting for the ready file of an exchange that is still starting: woken by the file system (inotify(7)), no timer."""

import ctypes
import os
import select
import time
from pathlib import Path
from typing import Final

_RENAMED: Final = 0x80
_CREATED: Final = 0x100
_libc = ctypes.CDLL(None, use_errno=True)


def wait_for(path: Path, seconds: float) -> bool:
    """Wait until there is a file at `path`, at most so long; whether there is. Its folder must be there."""
    watch = int(_libc.inotify_init1(os.O_CLOEXEC))
    if watch < 0:
        return path.exists()
    try:
        _libc.inotify_add_watch(watch, os.fsencode(path.absolute().parent), ctypes.c_uint32(_RENAMED | _CREATED))
        end = time.monotonic() + seconds
        # Looked for after the watch began: a file that comes in between is not missed.
        while not path.exists():
            left = end - time.monotonic()
            if left <= 0 or not path.absolute().parent.is_dir() or not select.select((watch,), (), (), left)[0]:
                return path.exists()
            os.read(watch, 1 << 16)
        return True
    finally:
        os.close(watch)
