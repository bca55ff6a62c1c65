"""The ready file: what a client needs to know, written once everything serves."""

from __future__ import annotations

import errno
import json
import logging
import os
import select
from contextlib import suppress
from pathlib import Path
from typing import Any

from exchange.control import answers
from exchange.settings import ServiceError

log = logging.getLogger(__name__)

DEFAULT_READY_FILE = Path("build/exchange.json")


def write_ready(path: Path, value: Any) -> str | None:
    """Write a file, or tell whoever reads the FIFO or other special file at `path`, which a rename would replace.

    Returns the text of the file, None for a special one. ServiceError when it cannot be written.
    """
    if path.is_dir():
        raise ServiceError(f"cannot write {path}: it is a folder; give the path of a file in it")
    if not path.exists() or path.is_file():
        return write_json(path, value)
    try:
        # Without a reader a FIFO opens only in blocking mode, where nobody could stop the exchange.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.set_blocking(descriptor, True)
            file.write(json.dumps(value) + "\n")
    except OSError as error:
        reason = "nobody reads from it" if error.errno == errno.ENXIO else error.strerror
        raise ServiceError(f"cannot write {path}: {reason}; open it for reading first, or give a new path") from error
    return None


def running(path: Path) -> object:
    """The process number in a ready file whose exchange is alive and answers; None where there is none.

    Both are asked for: the port of one that was killed may be served by its successor, its number may be another's.
    """
    ready = _content(path)
    return ready["pid"] if ready is not None and _alive(ready["pid"]) and answers(ready) else None


def left_behind(path: Path) -> bool:
    """Whether the file is that of an exchange that ended without removing it."""
    return _content(path) is not None and running(path) is None


def _content(path: Path) -> dict[str, Any] | None:
    """What a ready file says; None for anything else. A FIFO is not read: its content comes once."""
    try:
        ready = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError):
        return None
    return ready if isinstance(ready, dict) and {"pid", "control"} <= ready.keys() else None


def _alive(pid: Any) -> bool:
    """Whether a process of this number runs; one that nobody has waited for yet does not (pidfd_open(2))."""
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, TypeError, OverflowError):
        return False
    try:
        return not select.select((descriptor,), (), (), 0)[0]
    finally:
        os.close(descriptor)


def remove_ready(path: Path, text: str) -> None:
    """Remove the ready file unless it is gone, or another exchange has written its own in the meantime."""
    try:
        if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
            path.unlink()
    except OSError as error:
        log.warning("cannot remove %s: %s", path, error.strerror)


def write_json(path: Path, value: Any) -> str:
    """Write a file that is complete from the moment it has its name; returns its text."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(value) + "\n"
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        return text
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ServiceError(
            f"cannot write {path}: {error.strerror}; give a path in a folder you may write to"
        ) from error
