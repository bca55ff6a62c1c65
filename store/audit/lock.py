"""The lock of an audit log: one writer, or readers who want it to stand still."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import Final

from store.audit.record import AuditError

PATIENCE: Final = 5.0
_LOOK_AGAIN: Final = 0.001


def take(descriptor: int, path: Path, *, shared: bool = False) -> None:
    """Lock an open file; AuditError when somebody holds it too long. It is given back with `release`, or by closing.

    The kernel offers no wait with an end for this lock, so this one looks again.
    """
    end = time.monotonic() + PATIENCE
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise AuditError(f"another process holds {path} for more than {PATIENCE:g} s: end it") from None
            time.sleep(_LOOK_AGAIN)


def release(descriptor: int) -> None:
    """Give the lock back."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
