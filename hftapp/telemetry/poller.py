"""Waits for the telemetry's socket, whichever it has at the moment."""

import contextlib
import select

from hftapp.telemetry.client import Telemetry


class Poller:
    """`poll` on one socket that comes, changes and goes."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._registered: tuple[int, int] | None = None

    def follow(self, telemetry: Telemetry) -> None:
        """Be in step with its descriptor and with the events that it wants."""
        fd = telemetry.fileno()
        before = self._registered
        if before is not None and before[0] != fd:
            with contextlib.suppress(KeyError, OSError):
                self._poll.unregister(before[0])
        if fd is None:
            self._registered = None
            return
        events = select.POLLIN | (select.POLLOUT if telemetry.wants_write() else 0)
        if before != (fd, events):
            self._poll.register(fd, events)
        self._registered = fd, events

    def wait(self, milliseconds: int) -> None:
        """Wait for an event, so long at most."""
        self._poll.poll(milliseconds)
