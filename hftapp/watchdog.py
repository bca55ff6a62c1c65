"""The machine's watchdogs: hardware that resets it when nobody has said for a while that all is well.

The interface is the kernel's (its documentation, "The Linux Watchdog driver API").

Every watchdog there is gets fed, because the firmware may have started any of them. They are stopped at an orderly end:
a machine that was told to stop trading must not start again by itself.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

# include/uapi/linux/watchdog.h: struct watchdog_info is 40 bytes, the other requests take an int.
_GET_SUPPORT: Final = 0x80285700
_SET_TIMEOUT: Final = 0xC0045706
_IDENTITY: Final = slice(8, 40)
SHORTEST: Final = 10
"""Seconds: a management controller may take its time to answer, and PID 1 has a journal to write in between."""
_STOP: Final = b"V"
"""Written before closing, it tells an ordinary end from a crash ("magic close")."""
_ALIVE: Final = b"\0"


class Watchdog:
    """Watchdogs that are running; `feed` puts the reset off, `stop` ends them. `interval_ns`: how often to feed."""

    def __init__(self, descriptors: Sequence[int] = (), interval_ns: int = 0) -> None:
        self._descriptors = list(descriptors)
        self._interval_ns = interval_ns
        self._due = 0

    def feed(self, now: int) -> None:
        """Say that all is well, when it is time to. `now`: monotonic nanoseconds.

        No more often than needed: a management controller may take tens of milliseconds to answer.
        """
        if now < self._due:
            return
        self._due = now + self._interval_ns
        for descriptor in self._descriptors:
            with contextlib.suppress(OSError):  # nobody could do anything about it but the watchdog itself
                os.write(descriptor, _ALIVE)

    def stop(self) -> None:
        """Stop them; once more does nothing."""
        while self._descriptors:
            descriptor = self._descriptors.pop()
            with contextlib.suppress(OSError):
                os.write(descriptor, _STOP)
            os.close(descriptor)


def start(seconds: int, say: Callable[[str], None], folder: Path = Path("/dev")) -> Watchdog:
    """Start every watchdog of this machine, to reset it after about `seconds` of silence; 0 leaves them alone.

    Says which there are, and which are not as asked for. A machine without one trades without. `folder`: /dev.
    """
    descriptors = []
    asked = max(seconds, SHORTEST)
    # The first one has two names, `watchdog0` and `watchdog`; whichever is opened first is the only one that opens.
    for path in sorted(folder.glob("watchdog*"), reverse=True) if seconds else ():
        try:
            descriptor = os.open(path, os.O_WRONLY)
        except OSError as error:
            if error.errno != errno.EBUSY:
                say(f"watchdog {path} cannot be used: {error.strerror}")
            continue
        descriptors.append(descriptor)
        say(f"watchdog {path.name}{_identity(descriptor)}: {_set(descriptor, asked)}")
    return Watchdog(descriptors, asked * 1_000_000_000 // 4)


def _identity(descriptor: int) -> str:
    """What the driver calls the hardware, in brackets; empty where it does not say."""
    try:
        info = fcntl.ioctl(descriptor, _GET_SUPPORT, bytes(40))
    except OSError:
        return ""
    name = info[_IDENTITY].split(b"\0")[0].decode("ascii", "replace")
    return f" ({name})" if name else ""


def _set(descriptor: int, seconds: int) -> str:
    """Set the time; what the hardware made of it, in words."""
    try:
        (effective,) = struct.unpack("i", fcntl.ioctl(descriptor, _SET_TIMEOUT, struct.pack("i", seconds)))
    except OSError as error:
        return f"it does not take {seconds} s ({error.strerror}) and keeps its own time"
    rounded = "" if effective == seconds else f", not {seconds} s as asked for"
    return f"resets the machine after {effective} s of silence{rounded}"
