"""Being told by the kernel that a folder changed (inotify(7)), which CPython does not offer. Not part of the image."""

import ctypes
import os
from pathlib import Path

MODIFIED = 0x2
WRITTEN = 0x8  # closed after writing
RENAMED = 0x80  # another file took the name
CREATED = 0x100
DELETED = 0x200

_libc = ctypes.CDLL(None, use_errno=True)


def watch(folder: Path, events: int) -> int:
    """A descriptor that is readable when one of `events` happened in `folder`; read it to wait for the next.

    OSError when the folder cannot be watched.
    """
    descriptor = int(_libc.inotify_init1(os.O_CLOEXEC))
    if descriptor < 0 or _libc.inotify_add_watch(descriptor, os.fsencode(folder), ctypes.c_uint32(events)) < 0:
        number = ctypes.get_errno()
        if descriptor >= 0:
            os.close(descriptor)
        raise OSError(number, os.strerror(number), str(folder))
    return descriptor
