"""The switch's cables: TAP devices and unix datagram sockets, one Ethernet frame a read, write or datagram.

QEMU's end of a datagram cable is `-netdev dgram,local.type=unix,local.path=…,remote.type=unix,remote.path=…`.
"""

import os
import socket
from collections import deque
from pathlib import Path
from typing import Protocol

BURST = 64
QUEUE_LIMIT = 4_096
_READ_BYTES = 1 << 14


class Cable(Protocol):
    """One port's link to the outside. `dropped` counts frames that the outside did not take."""

    dropped: int

    def fileno(self) -> int:
        """The descriptor to wait on."""

    def read_burst(self) -> list[bytes]:
        """Up to `BURST` frames that are there; empty when none."""

    def write(self, frame: bytes) -> None:
        """Send one frame, or queue it when the outside is slow."""

    def backlog(self) -> int:
        """How many frames wait for the descriptor to become writable."""

    def flush(self) -> None:
        """Send queued frames, as many as go."""

    def close(self) -> None:
        """Give the descriptor back."""


class TapCable:
    """A TAP device opened by somebody else (no packet information, no vnet header), given as a descriptor."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self.dropped = 0

    def fileno(self) -> int:
        """The TAP's descriptor."""
        return self._descriptor

    def read_burst(self) -> list[bytes]:
        """Up to `BURST` frames; a device that is down (EIO) has none."""
        frames: list[bytes] = []
        try:
            while len(frames) < BURST:
                frames.append(os.read(self._descriptor, _READ_BYTES))
        except BlockingIOError:
            pass
        return frames

    def write(self, frame: bytes) -> None:
        """Give the kernel one frame; it refuses runts and frames to a device that is down."""
        try:
            os.write(self._descriptor, frame)
        except OSError:
            self.dropped += 1

    def backlog(self) -> int:
        """Always 0: the kernel takes a frame or refuses it."""
        return 0

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Close the descriptor; a TAP without holders is gone."""
        os.close(self._descriptor)


class DatagramCable:
    """A pair of unix datagram sockets. Frames for a peer that is not there are dropped, as on a dead cable.

    The kernel queues only a handful of datagrams (`net.unix.max_dgram_qlen`); a busy guest needs more, so up to
    `QUEUE_LIMIT` frames wait here, then the newest is dropped.
    """

    def __init__(self, local: Path, remote: Path) -> None:
        self._local, self._remote = local, str(remote)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(local))
        self._connected = False
        self._queue: deque[bytes] = deque()
        self.dropped = 0

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def read_burst(self) -> list[bytes]:
        """Up to `BURST` frames; a peer that went away counts as silence."""
        frames: list[bytes] = []
        try:
            while len(frames) < BURST:
                frames.append(self._socket.recv(_READ_BYTES))
        except BlockingIOError:
            pass
        except (ConnectionRefusedError, ConnectionResetError):
            self._connected = False
        return frames

    def write(self, frame: bytes) -> None:
        """Send one frame behind those that wait; drop it when the peer is gone or the queue is full."""
        if self._queue:
            if len(self._queue) >= QUEUE_LIMIT:
                self.dropped += 1
            else:
                self._queue.append(frame)
        elif not self._send(frame):
            self._queue.append(frame)

    def backlog(self) -> int:
        """Frames that wait for room in the peer's queue."""
        return len(self._queue)

    def flush(self) -> None:
        """Send waiting frames until the peer's queue is full again."""
        while self._queue and self._send(self._queue[0]):
            self._queue.popleft()

    def close(self) -> None:
        """Close the socket and remove its path."""
        self._socket.close()
        self._local.unlink(missing_ok=True)

    def _send(self, frame: bytes) -> bool:
        """False when the peer's queue is full; a frame nobody can take counts as dropped and as done."""
        try:
            if not self._connected:
                # Only a connected datagram socket tells, by being writable, that its peer has room.
                self._socket.connect(self._remote)
                self._connected = True
            self._socket.send(frame)
        except BlockingIOError:
            return False
        except OSError:
            self._connected = False
            self.dropped += 1
        return True
