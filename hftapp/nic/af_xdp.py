"""A NIC port over AF_XDP: the kernel's driver keeps the card, frames go between its rings and this program's memory.

The receive path is a program in the driver that hands every frame to the socket (`hftapp.nic.bpf`); there is no packet
buffer of the kernel's in between, and with zero copy none at all: the card writes into the memory that is read here.
Where the driver cannot do that the kernel copies; `mode` says which it is.

With `busy_poll` the driver's receive work runs on this thread, inside the system call that an empty burst makes,
instead of in an interrupt: the frame and the program that waits for it are on one CPU (SO_PREFER_BUSY_POLL).

Checksums that a sender on this host left to its hardware arrive as they are: on a virtual link its peer has to compute
them (`ethtool -K … tx off`); real cards do.
"""

import errno
import mmap
import os
from array import array
from typing import Final

import cython

from hftapp.nic import bpf
from hftapp.nic.counted import CountedPort
from hftapp.nic.interface import Interface, find, keep_tags, one_queue, set_up, split_received_frames
from hftapp.nic.packet_filter import accept
from hftapp.nic.port import BURST, PortError, PortStats
from hftapp.nic.xsk_ring import XskRing
from hftapp.nic.xsk_socket import (
    RX_FRAMES,
    TX_FRAMES,
    bind,
    chunk_size,
    copies_nothing,
    dropped,
    map_rings,
    open_socket,
    prefer_busy_poll,
    register_memory,
)
from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.nic.area import base, part
    from hftapp.nic.syscalls import kick_rx, kick_tx

_TRANSIENT: Final = (errno.EAGAIN, errno.EBUSY, errno.ENOBUFS, errno.ENETDOWN)
_WITHOUT_NATIVE: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOMEM, errno.ENOSPC)
"""How drivers refuse a program: they have no XDP, or not with these rings, this MTU, this number of queues."""


class AfXdpPort(CountedPort):
    """One Ethernet interface, by name or address, reduced to one queue. Raises PortError when it cannot be had.

    `mode` is "zero copy", "copy" or "generic copy" (the driver has no XDP). The rest as in `AfPacketPort`.
    """

    def __init__(self, interface: str, *, promiscuous: bool = False, busy_poll: bool = True) -> None:
        found = find(interface)
        super().__init__(found.mac)
        self.name = found.name
        self._chunk = chunk_size(found)
        set_up(found.name)
        split_received_frames(found.name)
        keep_tags(found.name)
        one_queue(found.name)
        self._closed = False
        self._descriptors: list[int] = []
        self._rings: list[XskRing] = []
        self._socket = open_socket(found.name)
        self._descriptor = self._socket.fileno()
        self._filter = accept(found, promiscuous=promiscuous)
        try:
            self._memory = mmap.mmap(-1, (RX_FRAMES + TX_FRAMES) * self._chunk)
            self._umem = base(self._memory)
            register_memory(self._socket, self._memory, self._chunk)
            self._rings = map_rings(self._socket)
            self._received, self._sent, self._fill, self._completed = self._rings
            self.busy_poll = busy_poll and prefer_busy_poll(self._socket)
            native = self._attach(found)
            zero_copy = copies_nothing(self._socket)
        except OSError as error:
            self.close()
            raise PortError(f"cannot use AF_XDP on {found.name}: {error.strerror or error}") from error
        copies = "copy" if native else "generic copy"
        self.mode = "zero copy" if zero_copy else copies
        self._starts = array("q", bytes(8 * BURST))
        self._lengths = array("i", bytes(4 * BURST))
        self._burst = 0
        first = RX_FRAMES * self._chunk
        self._room = first
        self._free = array("q", [first + i * self._chunk for i in range(1, TX_FRAMES)])
        self._free_count = TX_FRAMES - 1
        self._unrung = 0

    def _attach(self, found: Interface) -> bool:
        """Fill the fill ring, bind the socket and attach the program; whether it runs in the driver."""
        for i in range(RX_FRAMES):
            self._fill.put_address(i * self._chunk)
        self._fill.publish()
        table = bpf.create_map(1)
        self._descriptors.append(table)
        code = bpf.load(bpf.program(table))
        self._descriptors.append(code)
        native = True
        try:
            link = bpf.attach(code, found.number, bpf.NATIVE)
        except PortError as error:
            if error.errno not in _WITHOUT_NATIVE:
                raise
            native = False
            link = bpf.attach(code, found.number, bpf.GENERIC)
        self._descriptors.append(link)
        bind(self._descriptor, found.number)
        bpf.register(table, 0, self._descriptor)
        return native

    def fileno(self) -> int:
        """Return the socket's descriptor: readable when frames wait, for a caller that sleeps instead of polling."""
        return self._descriptor

    def rx_burst(self) -> int:
        """Give the memory of the last burst back and find the frames of the next."""
        if self._closed:
            return 0
        if self._burst != 0:
            self._refill()
        count = self._received.available()
        if count == 0:
            if self.busy_poll or self._fill.wants_wakeup():
                kick_rx(self._descriptor)
                count = self._received.available()
            if count == 0:
                return 0
        if count > 32:
            count = 32
        for i in range(count):
            length = self._received.length()
            self._starts[i] = self._received.address()
            self._lengths[i] = length
            self.rx_bytes += length
            self._received.advance()
        self._received.release()
        self._burst = count
        self.rx_frames += count
        self.note(count)
        return count

    def _refill(self) -> None:
        """Let the kernel write into the chunks of the last burst again."""
        for i in range(self._burst):
            self._fill.put_address(self._starts[i] & -self._chunk)
        self._fill.publish()
        self._burst = 0

    def frame(self, i: int) -> Octets:
        """Return frame `i` of the burst, where the card put it."""
        return part(self._umem, self._starts[i], self._lengths[i])

    def length(self, i: int) -> int:
        """Return the length of frame `i` of the burst."""
        return self._lengths[i]

    def room(self) -> Room:
        """Return where the next frame is built: in the memory from which the card fetches it."""
        return part(self._umem, self._room, self._chunk)

    def send(self, length: int) -> bool:
        """Queue the frame in `room`; False when all chunks are on their way."""
        if self._free_count == 0:
            self._reclaim()
        if self._closed or self._free_count == 0:
            self.tx_dropped += 1
            return False
        self._sent.put_frame(self._room, length)
        self._free_count -= 1
        self._room = self._free[self._free_count]
        self._unrung += 1
        self.tx_frames += 1
        self.tx_bytes += length
        return True

    def _reclaim(self) -> None:
        """Take the chunks of the frames that have left."""
        if self._closed:
            return
        count = self._completed.available()
        for _i in range(count):
            self._free[self._free_count] = self._completed.take_address()
            self._free_count += 1
        self._completed.release()

    def flush(self) -> None:
        """Show the kernel what was queued; a system call where the driver wants one, always when it copies.

        What a lost link keeps from leaving stays in the card's ring until the link is back.
        """
        if self._unrung == 0 or self._closed:
            return
        self._sent.publish()
        self._unrung = 0
        for _attempt in range(16):  # when it copies, the kernel takes up to 32 frames in a call
            if not self._sent.wants_wakeup():
                return
            result = kick_tx(self._descriptor)
            if self._sent.outstanding() == 0:
                return
            if result < 0:
                self._explain(-result)

    def _explain(self, error: int) -> None:
        """Raise PortError when the port is gone, not busy."""
        if error not in _TRANSIENT:
            raise PortError(f"{self.name} sends no more: {os.strerror(error)}")

    def stats(self) -> PortStats:
        """Return the totals; one system call for the kernel's counts of dropped frames."""
        if not self._closed:
            self.rx_dropped = dropped(self._socket)
        return PortStats(self.rx_frames, self.tx_frames, self.rx_bytes, self.tx_bytes, self.rx_dropped, self.tx_dropped)

    def close(self) -> None:
        """Detach the program and give the interface back; it stays up."""
        if not self._closed:
            self._closed = True
            for descriptor in reversed(self._descriptors):
                os.close(descriptor)
            for ring in self._rings:
                ring.close()
            self._socket.close()
            self._filter.close()
