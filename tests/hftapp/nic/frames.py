"""What every test of a port does: send a few frames with one doorbell, take what arrived."""

from collections.abc import Iterable

from hftapp.nic.port import Port


def transmit(port: Port, frames: Iterable[bytes]) -> int:
    """Build each frame in the port's room, send it, ring; returns how many were not dropped before the doorbell."""
    sent = 0
    for frame in frames:
        port.room()[: len(frame)] = frame
        sent += port.send(len(frame))
    port.flush()
    return sent


def burst(port: Port) -> list[bytes]:
    """Copies of the frames of one burst."""
    return port.receive()
