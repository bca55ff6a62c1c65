"""One run at a time in one directory: a lock file that names its holder and that the kernel frees, come what may."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = ".lock"


class DirectoryBusyError(RuntimeError):
    """Another run writes into the directory; the text names its process id."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a directory (made if it is missing) for the length of the context; raises `DirectoryBusyError`."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise DirectoryBusyError(
                f"{directory} is in use by the run with pid {holder}: wait for its end, or give another --dir"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
