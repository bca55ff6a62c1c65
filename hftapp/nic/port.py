"""The seam between the trader and any network card: raw Ethernet frames in and out, in bursts, never blocking.

A port knows nothing of what the frames mean. One module per backend implements `Port`; everything above
(`hftapp.net`) is the same for all of them.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

BURST = 32
"""Most frames one `rx_burst` returns: bounds how long the trader stays away from its timers."""


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


class Port(Protocol):
    """A network card, or something that behaves like one."""

    mac: bytes
    """The port's own Ethernet address, 6 bytes."""

    def rx_burst(self) -> Sequence[bytes]:
        """Return up to `BURST` received frames, oldest first; an empty sequence at once when there is none."""
        ...

    def tx_burst(self, frames: Sequence[bytes]) -> int:
        """Send frames in order and return how many went out.

        The rest is dropped and counted in `tx_dropped`, not kept: an order that waited in a queue is worse
        than one that TCP sends again.
        """
        ...

    def stats(self) -> PortStats:
        """Return the totals; may cost a system call, so not for every turn of a loop."""
        ...

    def close(self) -> None:
        """Give the card back. Closing twice is allowed."""
        ...


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
