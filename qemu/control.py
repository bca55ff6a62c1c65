"""Control of a running QEMU through the QEMU Machine Protocol, and why its guest ended.

QEMU connects to our socket, so nobody waits for a path to appear. (The module cannot be called `qmp`: the protocol's
library is `qemu.qmp`, in the same namespace.)
"""

import logging
from pathlib import Path

from qemu.qmp import EventListener, QMPClient, QMPError

_EVENTS = ("SHUTDOWN", "GUEST_PANICKED")


class GuestControl:
    """One QMP session. `listen` before QEMU starts, `accept` after; then `ending` tells what events came."""

    def __init__(self) -> None:
        self._client = QMPClient("guest")
        # The library logs every disconnection as an error; a guest that powers off is none.
        self._client.logger.setLevel(logging.CRITICAL)
        self._listener = EventListener(_EVENTS)
        self._client.register_listener(self._listener)

    async def listen(self, path: Path) -> None:
        """Make the socket that QEMU will connect to."""
        await self._client.start_server(str(path))

    async def accept(self) -> None:
        """Wait for QEMU and agree on the protocol."""
        await self._client.accept()

    def ending(self) -> str | None:
        """Why the guest ended, in QEMU's words ("guest-shutdown", "guest-reset", "panicked: …"); None: no event."""
        reason = None
        for event in self._listener.history:
            data = event.get("data")
            details = data if isinstance(data, dict) else {}
            if event["event"] == "GUEST_PANICKED":
                return f"panicked: {details.get('action', 'unknown action')}"
            reason = str(details.get("reason", "unknown"))
        return reason

    async def quit(self) -> None:
        """Ask QEMU to end at once; a QEMU that is already gone is fine."""
        try:
            await self._client.execute("quit")
        except (QMPError, OSError, EOFError):
            return

    async def close(self) -> None:
        """End the session, whatever state it is in."""
        try:
            await self._client.disconnect()
        except (QMPError, OSError, EOFError):
            return
