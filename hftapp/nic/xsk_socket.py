"""Setting up an AF_XDP socket: its memory, its four rings, its queue (Documentation/networking/af_xdp.rst)."""

import ctypes
import errno
import mmap
import os
import socket
import struct
import time
from typing import Final

from hftapp.nic.interface import Interface
from hftapp.nic.port import PortError
from hftapp.nic.xsk_ring import XskRing

AF_XDP: Final = 44
SOL_XDP: Final = 283
XDP_MMAP_OFFSETS, XDP_RX_RING, XDP_TX_RING, XDP_UMEM_REG = 1, 2, 3, 4
XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_STATISTICS, XDP_OPTIONS = 5, 6, 7, 8
XDP_OPTIONS_ZEROCOPY: Final = 1
XDP_USE_NEED_WAKEUP: Final = 1 << 3
SO_BUSY_POLL, SO_PREFER_BUSY_POLL, SO_BUSY_POLL_BUDGET = 46, 69, 70

RX_FRAMES: Final = 4096
"""40 ms of a full 1 Gbit/s line, as the AF_PACKET port."""
TX_FRAMES: Final = 256
HEADROOM: Final = 256 + 64
"""Bytes of a chunk that XDP keeps before a frame, and what drivers add behind it."""
BUSY_POLL_US: Final = 20
BUSY_POLL_BUDGET: Final = 64
BIND_ATTEMPTS, BIND_PAUSE_S = 100, 0.01

_RINGS: Final = (
    # option that makes it, offset of its mapping, place in struct xdp_mmap_offsets, bytes of a descriptor, size
    (XDP_RX_RING, 0, 0, 16, RX_FRAMES),
    (XDP_TX_RING, 0x8000_0000, 1, 16, TX_FRAMES),
    (XDP_UMEM_FILL_RING, 0x1_0000_0000, 2, 8, RX_FRAMES),
    (XDP_UMEM_COMPLETION_RING, 0x1_8000_0000, 3, 8, TX_FRAMES),
)
_libc: Final = ctypes.CDLL(None, use_errno=True)


def chunk_size(found: Interface) -> int:
    """Return the size of the pieces of memory that hold a frame of this interface's MTU; a kernel page at most."""
    for size in (2048, 4096):
        if found.mtu + 18 + HEADROOM <= size:
            return size
    raise PortError(f"{found.name} has an MTU of {found.mtu}: AF_XDP needs {4096 - 18 - HEADROOM} or less; lower it")


def open_socket(name: str) -> socket.socket:
    """Return an AF_XDP socket for an interface, unbound; raises PortError."""
    try:
        return socket.socket(AF_XDP, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    except PermissionError as error:
        raise PortError(f"cannot open an AF_XDP socket on {name}: needs CAP_NET_RAW; run as root") from error
    except OSError as error:
        raise PortError(
            f"cannot open an AF_XDP socket on {name}: {error.strerror}; the kernel needs CONFIG_XDP_SOCKETS, "
            'or use port = "af_packet"'
        ) from error


def register_memory(xdp: socket.socket, memory: mmap.mmap, chunk: int) -> None:
    """Let the kernel use the memory (struct xdp_umem_reg: address, length, chunk, headroom, flags, metadata)."""
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    xdp.setsockopt(SOL_XDP, XDP_UMEM_REG, struct.pack("=QQIIII", address, len(memory), chunk, 0, 0, 0))


def map_rings(xdp: socket.socket) -> list[XskRing]:
    """Return the receive, send, fill and completion ring."""
    for option, _, _, _, size in _RINGS:
        xdp.setsockopt(SOL_XDP, option, size)
    offsets = list(struct.iter_unpack("=QQQQ", xdp.getsockopt(SOL_XDP, XDP_MMAP_OFFSETS, 128)))
    rings = []
    for _, start, place, width, size in _RINGS:
        length = offsets[place][2] + size * width
        access = mmap.PROT_READ | mmap.PROT_WRITE
        memory = mmap.mmap(xdp.fileno(), length, mmap.MAP_SHARED | mmap.MAP_POPULATE, access, offset=start)
        rings.append(XskRing(memory, offsets[place], size))
    return rings


def bind(descriptor: int, interface: int) -> None:
    """Bind to queue 0. The kernel frees one some time after its socket was closed, without a word: try for a second."""
    # The kernel takes zero copy where the driver has it, as neither that nor copying is asked for.
    address = struct.pack("=HHIII", AF_XDP, XDP_USE_NEED_WAKEUP, interface, 0, 0)
    for _attempt in range(BIND_ATTEMPTS):
        if _libc.bind(descriptor, address, len(address)) == 0:
            return
        number = ctypes.get_errno()
        if number != errno.EBUSY:
            break
        time.sleep(BIND_PAUSE_S)
    raise PortError(number, f"binding to queue 0: {os.strerror(number)}")


def prefer_busy_poll(xdp: socket.socket) -> bool:
    """Ask for receive work on the thread that reads; False where the kernel has no such thing."""
    try:
        xdp.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 1)
        xdp.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, BUSY_POLL_US)
        xdp.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL_BUDGET, BUSY_POLL_BUDGET)
    except OSError:
        return False
    return True


def copies_nothing(xdp: socket.socket) -> bool:
    """Whether a bound socket's card reads and writes its memory itself (zero copy)."""
    return bool(struct.unpack("=I", xdp.getsockopt(SOL_XDP, XDP_OPTIONS, 4))[0] & XDP_OPTIONS_ZEROCOPY)


def dropped(xdp: socket.socket) -> int:
    """Return how many frames the socket had no chunk or no place in the ring for (struct xdp_statistics)."""
    lost, _, _, ring_full = struct.unpack_from("=QQQQ", xdp.getsockopt(SOL_XDP, XDP_STATISTICS, 48))
    return int(lost + ring_full)
