"""Waiting for the exchange's ready file, woken by the file system (inotify(7)) and not by a timer."""

import json
import os
import select
import time
from pathlib import Path
from typing import Any

from protocols import inotify

_THIS_HOST = "127."  # whether an exchange still runs can be seen only here


def wait_for(path: Path, seconds: float) -> dict[str, Any]:
    """The ready file's content once it is there, whole, and its exchange alive.

    TimeoutError after `seconds`, with what was wrong at the end; OSError when its folder cannot be watched.
    """
    watch = inotify.watch(path.absolute().parent, inotify.WRITTEN | inotify.RENAMED | inotify.CREATED)
    try:
        poller = select.poll()
        poller.register(watch, select.POLLIN)
        end = time.monotonic() + seconds
        while True:
            found = _ready(path)
            if isinstance(found, dict):
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{path}: {found} (waited {seconds:g} s)")
            if poller.poll(left * 1000):
                os.read(watch, 1 << 16)
    finally:
        os.close(watch)


def _ready(path: Path) -> dict[str, Any] | str:
    """The content, or what is wrong with it."""
    try:
        found = json.loads(path.read_bytes())
        if found["ouch"]["host"].startswith(_THIS_HOST):
            os.kill(found["pid"], 0)
        return dict(found)
    except FileNotFoundError:
        return "no such file; is `hftos exchange --ready-file` running?"
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return "not the ready file of an exchange"
    except ProcessLookupError:
        return f"left by an exchange that has ended (process {found['pid']})"
    except PermissionError:
        pass  # alive, and somebody else's
    return dict(found)
