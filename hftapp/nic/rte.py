"""DPDK 24.11, as much of it as a port needs.

Compiled, these are inlined calls of DPDK (`rte.pxd`); a compiled module imports this one only when it is interpreted.
Interpreted there is no DPDK, and each says so: its port exists in the image only. Functions that return a number give
DPDK's: negative is an error, for `error_text`.

Names are the port's; what stands behind each is in `rte.pxd` (DPDK API reference: rte_eal.h, rte_ethdev.h, rte_mbuf.h).
"""

from __future__ import annotations

from typing import NoReturn, TypeAlias

from hftapp.nic.port import PortError
from hftapp.octets import Room

Mbuf: TypeAlias = object
"""A packet buffer (`struct rte_mbuf *`)."""
Pool: TypeAlias = object
"""Where packet buffers come from (`struct rte_mempool *`)."""


def _absent(*_given: object) -> NoReturn:
    raise PortError(
        'there is no DPDK here: the port "dpdk" is compiled into the image only; set nic.port = "af_packet" or "af_xdp"'
    )


def initialise(arguments: list[bytes]) -> int:
    """Start EAL with these arguments, the program's name first; 0, or the number of the error."""
    _absent(arguments)


def finish() -> None:
    """Give EAL's memory and devices back."""
    _absent()


def last_error() -> int:
    """Return the number of the last error of a function that returns no number."""
    _absent()


def error_text(code: int) -> str:
    """Return DPDK's words for an error."""
    _absent(code)


def find_port(device: bytes) -> int:
    """Return the port number of a device by its PCI address."""
    _absent(device)


def create_pool(name: bytes, count: int, node: int) -> Pool:
    """Return a pool of `count` buffers of 2,048 bytes on a memory node (-1: any); None when it has no memory for it."""
    _absent(name, count, node)


def free_pool(pool: Pool) -> None:
    """Give a pool's memory back."""
    _absent(pool)


def configure(number: int) -> int:
    """Configure a port with one queue each way."""
    _absent(number)


def driver_name(number: int) -> str:
    """Return the name of the port's driver."""
    _absent(number)


def adjust(number: int, rx_descriptors: int, tx_descriptors: int) -> int:
    """Return the ring sizes that the card can have, nearest to these: receive << 16 | send."""
    _absent(number, rx_descriptors, tx_descriptors)


def set_up_rx(number: int, descriptors: int, node: int, pool: Pool) -> int:
    """Set up the receive queue in a memory node's memory (-1: any)."""
    _absent(number, descriptors, node, pool)


def set_up_tx(number: int, descriptors: int, node: int, threshold: int) -> int:
    """Set up the send queue; sent buffers are collected when fewer than `threshold` are free (0: driver's choice)."""
    _absent(number, descriptors, node, threshold)


def start(number: int) -> int:
    """Start the port."""
    _absent(number)


def stop(number: int) -> None:
    """Stop the port and close it."""
    _absent(number)


def receive_all(number: int) -> int:
    """Receive frames for any station."""
    _absent(number)


def receive_multicast(number: int) -> int:
    """Receive all multicasts."""
    _absent(number)


def mac_of(number: int) -> bytes:
    """Return the port's Ethernet address, 6 bytes."""
    _absent(number)


def wait_for_link(number: int) -> int:
    """Wait until the link has been negotiated, at most 9 s; 1 when it is up, 0 when it is down."""
    _absent(number)


def read_stats(number: int) -> tuple[int, int, int, int, int, int]:
    """Return received and sent frames, received and sent bytes, frames lost at reception and at sending."""
    _absent(number)


def receive_burst(number: int, mbufs: list[Mbuf], count: int) -> int:
    """Fill `mbufs` with at most `count` received frames; how many."""
    _absent(number, mbufs, count)


def transmit_burst(number: int, mbufs: list[Mbuf], first: int, count: int) -> int:
    """Put `count` frames from `first` on into the send ring and ring the doorbell; how many found room."""
    _absent(number, mbufs, first, count)


def collect_sent(number: int) -> int:
    """Give the buffers of sent frames back to their pool; negative when the driver does that only while sending."""
    _absent(number)


def take(pool: Pool) -> Mbuf:
    """Return a buffer of the pool, None when it is empty."""
    _absent(pool)


def give_back(mbuf: Mbuf) -> None:
    """Return a buffer of one segment to its pool."""
    _absent(mbuf)


def give_back_chain(mbuf: Mbuf) -> None:
    """Return a buffer and the segments behind it to their pools."""
    _absent(mbuf)


def segments(mbuf: Mbuf) -> int:
    """Return how many buffers the frame is spread over."""
    _absent(mbuf)


def octets(mbuf: Mbuf) -> Room:
    """Return the frame's bytes."""
    _absent(mbuf)


def length_of(mbuf: Mbuf) -> int:
    """Return the number of bytes in the frame's first buffer."""
    _absent(mbuf)


def set_length(mbuf: Mbuf, length: int) -> None:
    """Say how long a frame to be sent is."""
    _absent(mbuf, length)
