"""Where the harness's frames go: a guest behind QEMU's unix datagram sockets, or anything else that takes frames."""

import select
import socket
from pathlib import Path
from typing import Protocol

_MAX_FRAME = 2_048


class LinkGoneError(Exception):
    """There is nobody at the other end."""


class Link(Protocol):
    """One Ethernet link."""

    def put(self, frame: bytes) -> None:
        """Send a frame. Raises LinkGoneError."""

    def wait(self, seconds: float) -> bytes | None:
        """The next frame that comes in, None when none does within some time that is at most `seconds`."""

    def close(self) -> None:
        """Let go of it."""


class SocketLink:
    """`local` is this side's socket path, `remote` QEMU's."""

    def __init__(self, local: Path, remote: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(local))
        self._remote = str(remote)

    def put(self, frame: bytes) -> None:
        """Send a frame. Raises LinkGoneError where QEMU has no socket, yet or any more."""
        try:
            self._socket.sendto(frame, self._remote)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise LinkGoneError(f"QEMU's socket {self._remote} is not there") from error

    def connect(self) -> int:
        """Send to QEMU's socket only, and return the descriptor for who does it without this class.

        Raises LinkGoneError where QEMU has no socket.
        """
        try:
            self._socket.connect(self._remote)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise LinkGoneError(f"QEMU's socket {self._remote} is not there") from error
        return self._socket.fileno()

    def wait(self, seconds: float) -> bytes | None:
        """The next frame, None when none comes within `seconds`."""
        if not select.select((self._socket,), (), (), seconds)[0]:
            return None
        return self._socket.recv(_MAX_FRAME)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()
