"""What PID 1 holds open as long as the machine runs: the kernel undoes it when the descriptor is closed."""

import os
import socket
from collections.abc import Callable
from typing import Final, NamedTuple

from hftapp.knobs.readback import Reader
from hftapp.knobs.result import UNSET

SO_TIMESTAMP: Final = 29
"""asm-generic/socket.h: SO_TIMESTAMP_OLD; Python's socket module has no name for it."""


class Held(NamedTuple):
    """What is effective (None: the machine has no such thing), and the descriptor that keeps it so."""

    effective: str | None
    descriptor: int | None = None


def wakeup_latency(value: str, reader: Reader) -> Held:
    """Ask for a wake-up latency of at most `value` µs: CPUs stay out of deeper sleep states (pm_qos_interface.rst)."""
    path = reader.path("/dev/cpu_dma_latency")
    try:
        fd = os.open(path, os.O_RDONLY if value == UNSET else os.O_RDWR)
    except FileNotFoundError:
        return Held(None)
    if value != UNSET:
        os.write(fd, int(value).to_bytes(4, "little", signed=True))
    effective = str(int.from_bytes(os.pread(fd, 4, 0), "little", signed=True))
    if value == UNSET:
        os.close(fd)
        return Held(effective)
    return Held(effective, fd)


def timestamp_socket(value: str, _reader: Reader) -> Held:
    """Switch time stamps of received packets on once and for all: later no socket does it while we trade."""
    if value == UNSET:
        return Held(UNSET)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
    effective = "held" if sock.getsockopt(socket.SOL_SOCKET, SO_TIMESTAMP) else "refused"
    return Held(effective, sock.detach())


HELD: Final[dict[str, Callable[[str, Reader], Held]]] = {
    "cpu_dma_latency": wakeup_latency,
    "timestamp_socket": timestamp_socket,
}
"""By the key of a row of layer `process`."""
