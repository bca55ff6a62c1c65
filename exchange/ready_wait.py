"""Waiting for the ready file of an exchange that is still starting: woken by the file system (inotify(7)), no timer."""

import os
import select
import time
from pathlib import Path

from exchange.ready_file import left_behind
from protocols import inotify


def wait_for(path: Path, seconds: float) -> bool:
    """Wait until there is a file at `path` that no dead exchange left behind, at most so long; whether there is.

    Its folder must be there.
    """
    folder = path.absolute().parent
    try:
        watch = inotify.watch(folder, inotify.WRITTEN | inotify.RENAMED | inotify.CREATED)
    except OSError:
        return _is_ready(path)
    try:
        end = time.monotonic() + seconds
        # Looked for after the watch began: a file that comes in between is not missed.
        while not _is_ready(path):
            left = end - time.monotonic()
            if left <= 0 or not folder.is_dir() or not select.select((watch,), (), (), left)[0]:
                return _is_ready(path)
            os.read(watch, 1 << 16)
        return True
    finally:
        os.close(watch)


def _is_ready(path: Path) -> bool:
    return path.exists() and not left_behind(path)
