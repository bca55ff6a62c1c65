"""The seam between the trader and any network card: raw Ethernet frames in and out, in bursts, never blocking.

A port knows nothing of what the frames mean. One module per backend implements `Port`; everything above
(`hftapp.net`) is the same for all of them. No frame is an object: received ones are read where the card put them, and
the next one to send is built where the card will fetch it.
"""

from __future__ import annotations

from typing import NamedTuple

import cython

from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.octets import copy

BURST = 32
"""Most frames one `rx_burst` receives: bounds how long the trader stays away from its timers."""
ROOM = 1536
"""Bytes of a frame to be sent: an Ethernet frame with a VLAN tag, without FCS, and some to spare."""


class PortError(OSError):
    """A port that cannot be opened or has gone away; the message names the value and the remedy."""


class PortStats(NamedTuple):
    """Totals since the port was opened. Frames and bytes count whole Ethernet frames without FCS."""

    rx_frames: int
    tx_frames: int
    rx_bytes: int
    tx_bytes: int
    rx_dropped: int
    tx_dropped: int


class Port:
    """A network card, or something that behaves like one. `mac`: its own Ethernet address, 6 bytes.

    `frames`, `lengths`: the bytes of each frame of the last burst and how many there are, for whoever reads them all.
    """

    def __init__(self, mac: bytes) -> None:
        if len(mac) != 6:
            raise ValueError(f"an Ethernet address has 6 bytes, not {len(mac)}: {mac.hex(':')}")
        self.mac = mac
        if not cython.compiled:  # C arrays otherwise
            self.frames: list[Octets] = [b""] * BURST
            self.lengths = [0] * BURST

    def rx_burst(self) -> int:
        """Receive up to `BURST` frames, oldest first; returns how many, 0 at once when there is none.

        They can be read in `frames` and `lengths`, or with `frame` and `length`, until the next call.
        """
        raise NotImplementedError

    def frame(self, i: int) -> Octets:
        """Return the bytes of frame `i` of the last burst."""
        return self.frames[i]

    def length(self, i: int) -> int:
        """Return the number of bytes of frame `i` of the last burst."""
        return self.lengths[i]

    def room(self) -> Room:
        """Return the `ROOM` bytes in which the next frame to send is to be built; the same until `send` or `flush`.

        What an earlier frame left there is not cleared.
        """
        raise NotImplementedError

    def send(self, length: int) -> bool:
        """Queue the frame of `length` bytes that was built in `room`; False when it had to be dropped.

        A dropped frame is counted in `tx_dropped`, not kept: an order that waited in a queue is worse than one that TCP
        sends again.
        """
        raise NotImplementedError

    def flush(self) -> None:
        """Put everything queued on the wire: ring the doorbell."""
        raise NotImplementedError

    def launch(self, length: int) -> bool:
        """`send` and `flush` in one: what an order leaves by."""
        queued = self.send(length)
        self.flush()
        return queued

    def stats(self) -> PortStats:
        """Return the totals; may cost a system call, so not for every turn of a loop."""
        raise NotImplementedError

    def close(self) -> None:
        """Give the card back. Closing twice is allowed."""
        raise NotImplementedError

    def note(self, count: int) -> None:
        """Fill `frames` and `lengths` from `frame` and `length`, at the end of a port's `rx_burst` that has these."""
        for i in range(count):
            self.frames[i] = self.frame(i)
            self.lengths[i] = self.length(i)

    def transmit(self, frame: bytes) -> bool:
        """Send one frame that is an object, for tools and tests; whether it was not dropped."""
        if len(frame) > 1536:
            raise ValueError(f"a frame of {len(frame)} bytes: a port sends at most {ROOM}")
        copy(self.room(), 0, frame, 0, len(frame))
        queued = self.send(len(frame))
        self.flush()
        return queued

    def receive(self) -> list[bytes]:
        """Return the frames of one burst as objects, for tools and tests."""
        count = self.rx_burst()
        return [bytes(self.frame(i)[: self.length(i)]) for i in range(count)]


def format_mac(mac: bytes) -> str:
    """Return a 6-byte Ethernet address as `52:54:00:20:00:10`."""
    return mac.hex(":")


def parse_mac(text: str) -> bytes:
    """Return the 6 bytes of `52:54:00:20:00:10` (or with dashes); raise ValueError for anything else."""
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6 or not all(len(part) == 2 for part in parts):
        raise ValueError(f"not an Ethernet address: {text!r}; expected six hex pairs such as 52:54:00:20:00:10")
    try:
        return bytes(int(part, 16) for part in parts)
    except ValueError:
        raise ValueError(f"not an Ethernet address: {text!r}; expected six hex pairs") from None
