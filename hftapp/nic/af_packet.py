"""A NIC port over AF_PACKET: the kernel's driver keeps the card, raw frames go past its TCP/IP (packet(7)).

Reception is a TPACKET_V2 ring in shared memory, not `recv`. Reasons:

* Polling an empty ring is one load from memory; `recv` on an empty socket is a system call.
* A slot's header tells what a plain read hides: the VLAN tag that the kernel took off, and whether the checksum
  was left to a card that never saw the frame (virtual links do that).
* TPACKET_V3 would hand over whole blocks, late: it waits for a block to fill or for a timer of milliseconds.

Frames are read in their slots, which go back to the kernel with the next burst. What was queued is sent past the
queueing discipline with one system call (`hftapp.nic.send_queue`).
"""

import errno
import mmap
import os
import socket
import struct
from array import array
from typing import Final

import cython

from hftapp.nic.counted import CountedPort
from hftapp.nic.interface import find, set_up, split_received_frames
from hftapp.nic.packet_filter import SOL_PACKET, subscribe
from hftapp.nic.port import BURST, PortError, PortStats
from hftapp.nic.send_queue import SendQueue
from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.nic.area import acquire32, base, part, release32, word16, word32
    from hftapp.nic.offload import fill_checksum, insert_tag

PACKET_RX_RING: Final = 5
PACKET_STATISTICS: Final = 6
PACKET_VERSION: Final = 10
PACKET_QDISC_BYPASS: Final = 20
PACKET_IGNORE_OUTGOING: Final = 23
TPACKET_V2: Final = 1
ETH_P_ALL: Final = 3
SO_SNDBUFFORCE: Final = 32

RING_BYTES: Final = 8 << 20
"""4,096 slots for an MTU of 1,500: 40 ms of a full 1 Gbit/s line."""
SLOT_OVERHEAD: Final = 192
"""Slot header, socket address, alignment and VLAN tag, rounded up."""
SEND_BUFFER: Final = 4 << 20

_TRANSIENT: Final = (errno.EAGAIN, errno.ENOBUFS, errno.ENETDOWN)


class AfPacketPort(CountedPort):
    """One Ethernet interface, by name or address. Raises PortError when it cannot be had.

    `promiscuous` receives what is for other stations too; without it the port's own address, broadcasts and all
    multicasts arrive. No kernel IP address should be on the interface, or the kernel answers as well. `unmerged`:
    whether the kernel surely does not merge received TCP segments.
    """

    def __init__(self, interface: str, *, promiscuous: bool = False, ring_bytes: int = RING_BYTES) -> None:
        found = find(interface)
        super().__init__(found.mac)
        self.name = found.name
        self._mtu = found.mtu
        set_up(found.name)
        self.unmerged = split_received_frames(found.name)
        self._slot_bytes = 1 << (found.mtu + SLOT_OVERHEAD - 1).bit_length()
        slots = ring_bytes // self._slot_bytes
        self._socket = _open_socket(found.name)
        try:
            self._memory: mmap.mmap | bytearray = _map_ring(self._socket, self._slot_bytes, slots)
            subscribe(self._socket, found, promiscuous=promiscuous)
            self._socket.bind((found.name, ETH_P_ALL))
        except OSError as error:
            self._socket.close()
            raise PortError(f"cannot receive from {found.name}: {error.strerror or error}") from error
        self._ring = base(self._memory)
        self._end = slots * self._slot_bytes
        self._held = self._next = 0
        self._limit = min(BURST, slots - 1)  # one slot stays free, so that no burst begins and ends at the same one
        self._starts = array("q", bytes(8 * BURST))
        self._lengths = array("i", bytes(4 * BURST))
        self._queue = SendQueue(self._socket.fileno())
        self._closed = False

    def fileno(self) -> int:
        """Return the socket's descriptor: readable when frames wait, for a caller that sleeps instead of polling."""
        return self._socket.fileno()

    def rx_burst(self) -> int:
        """Give the slots of the last burst back and find the frames of the next; without a system call."""
        ring = self._ring
        offset = self._held
        while offset != self._next:
            release32(ring, offset, 0)
            offset += self._slot_bytes
            if offset == self._end:
                offset = 0
        self._held = offset
        count = 0
        left = self._limit
        status = acquire32(ring, offset)
        while status & 1 != 0 and left != 0:  # TP_STATUS_USER
            left -= 1
            if self._take(offset, status, count):
                count += 1
            offset += self._slot_bytes
            if offset == self._end:
                offset = 0
            status = acquire32(ring, offset)
        self._next = offset
        self.rx_frames += count
        self.note(count)
        return count

    def _take(self, offset: int, status: int, place: int) -> bool:
        """Note where the frame of a slot lies, completed with what the kernel keeps beside it; False: it was cut off.

        struct tpacket2_hdr: status, length on the wire, length kept, offset of the frame (16 bits), …, at 24 the VLAN
        tag, at 26 its type.
        """
        kept = word32(self._ring, offset + 8)
        if kept < word32(self._ring, offset + 4):
            self.rx_dropped += 1
            return False
        start = offset + word16(self._ring, offset + 12)
        if status & 8 != 0:  # TP_STATUS_CSUMNOTREADY
            fill_checksum(self._ring, start, kept)
        if status & 16 != 0:  # TP_STATUS_VLAN_VALID
            tag_type = word16(self._ring, offset + 26)
            insert_tag(self._ring, start, tag_type if tag_type != 0 else 0x8100, word16(self._ring, offset + 24))
            start -= 4
            kept += 4
        self._starts[place] = start
        self._lengths[place] = kept
        self.rx_bytes += kept
        return True

    def frame(self, i: int) -> Octets:
        """Return frame `i` of the burst, in its slot."""
        return part(self._ring, self._starts[i], self._lengths[i])

    def length(self, i: int) -> int:
        """Return the length of frame `i` of the burst."""
        return self._lengths[i]

    def room(self) -> Room:
        """Return where the next frame is built."""
        return self._queue.room()

    def send(self, length: int) -> bool:
        """Queue the frame in `room`."""
        if not self._closed and self._queue.append(length):
            return True
        self.tx_dropped += 1
        return False

    def flush(self) -> None:
        """Send everything with one system call; a full queue or a lost link drops the rest (see `Port.send`)."""
        if self._queue.waiting == 0:
            return
        dropped = self._queue.flush()
        self.tx_frames += self._queue.sent_frames
        self.tx_bytes += self._queue.sent_bytes
        if dropped != 0:
            self.tx_dropped += dropped
            self._explain(self._queue.error, self._queue.length(self._queue.sent_frames))

    def _explain(self, error: int, length: int) -> None:
        """Raise PortError when it was the frame, or the port is gone, not the moment."""
        if error not in _TRANSIENT:
            raise PortError(f"{self.name} refused a frame of {length} bytes (MTU {self._mtu}): {os.strerror(error)}")

    def stats(self) -> PortStats:
        """Return the totals; one system call that fetches and clears the kernel's count of dropped frames."""
        if not self._closed:
            raw = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            self.rx_dropped += struct.unpack("II", raw)[1]
        return PortStats(self.rx_frames, self.tx_frames, self.rx_bytes, self.tx_bytes, self.rx_dropped, self.tx_dropped)

    def close(self) -> None:
        """Give the interface back; it stays up."""
        if not self._closed:
            self.stats()
            self._closed = True
            self._memory = bytearray(self._slot_bytes)  # a slot in which nothing ever arrives; the ring is unmapped
            self._ring = base(self._memory)
            self._end = self._slot_bytes
            self._held = self._next = 0
            self._queue = SendQueue(-1)  # the descriptor's number may soon be another file's
            self._socket.close()


def _open_socket(name: str) -> socket.socket:
    """Return an unbound, non-blocking packet socket (protocol 0: nothing arrives before `bind`)."""
    try:
        packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    except PermissionError as error:
        raise PortError(f"cannot open a packet socket on {name}: needs CAP_NET_RAW; run as root") from error
    except OSError as error:
        raise PortError(
            f"cannot open a packet socket on {name}: {error.strerror}; the kernel needs CONFIG_PACKET"
        ) from error
    for option in (PACKET_IGNORE_OUTGOING, PACKET_QDISC_BYPASS):
        packet.setsockopt(SOL_PACKET, option, 1)
    try:
        packet.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER)
    except PermissionError:
        packet.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    return packet


def _map_ring(packet: socket.socket, slot_bytes: int, slots: int) -> mmap.mmap:
    """Make the receive ring and map it. A block is 64 KiB or one slot, a multiple of the page size."""
    packet.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
    block = max(1 << 16, slot_bytes)
    blocks = slots * slot_bytes // block
    if blocks < 1 or slots * slot_bytes % block:
        raise PortError(f"a ring of {slots * slot_bytes} bytes is no multiple of its blocks of {block} bytes")
    packet.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", block, blocks, slot_bytes, slots))
    return mmap.mmap(packet.fileno(), slots * slot_bytes, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
