"""A NIC port over AF_PACKET: the kernel's driver keeps the card, raw frames go past its TCP/IP (packet(7)).

Reception is a TPACKET_V2 ring in shared memory, not `recv`. Reasons:

* Polling an empty ring is one load from memory; `recv` on an empty socket is a system call and an exception.
* A slot's header tells what a plain read hides: the VLAN tag that the kernel took off, and whether the checksum
  was left to a card that never saw the frame (virtual links do that).
* TPACKET_V3 would hand over whole blocks, late: it waits for a block to fill or for a timer of milliseconds.

Transmission is `send` per frame past the queueing discipline: a ring would need the system call anyway.
The two sides synchronise through the slot's status word; its order with the data relies on x86-64, where stores
and loads of different cores are not reordered in the way that would matter here.
"""

import errno
import mmap
import socket
import struct
from collections.abc import Sequence
from typing import Final

from hftapp.net.checksum import checksum, word_sum
from hftapp.nic.interface import find, set_up, split_received_frames
from hftapp.nic.port import BURST, PortError, PortStats

SOL_PACKET: Final = 263
PACKET_ADD_MEMBERSHIP: Final = 1
PACKET_RX_RING: Final = 5
PACKET_STATISTICS: Final = 6
PACKET_VERSION: Final = 10
PACKET_QDISC_BYPASS: Final = 20
PACKET_IGNORE_OUTGOING: Final = 23
PACKET_MR_PROMISC: Final = 1
PACKET_MR_ALLMULTI: Final = 2
TPACKET_V2: Final = 1
ETH_P_ALL: Final = 3
SO_SNDBUFFORCE: Final = 32

STATUS_USER: Final = 1 << 0
STATUS_CSUM_NOT_READY: Final = 1 << 3
STATUS_VLAN_VALID: Final = 1 << 4

RING_BYTES: Final = 8 << 20
"""4,096 slots for an MTU of 1,500: 40 ms of a full 1 Gbit/s line."""
SLOT_OVERHEAD: Final = 192
"""Slot header, socket address, alignment and VLAN tag, rounded up."""
SEND_BUFFER: Final = 4 << 20

NO_FRAMES: tuple[bytes, ...] = ()
_STATUS = struct.Struct("I")
_SLOT = struct.Struct("IIIHHIIHH")
"""struct tpacket2_hdr: status, length on the wire, length kept, offset of the frame, …, VLAN tag, VLAN type."""
_TRANSIENT: Final = (errno.EAGAIN, errno.ENOBUFS, errno.ENETDOWN)


class AfPacketPort:
    """One Ethernet interface, by name or address. Raises PortError when it cannot be had.

    `promiscuous` receives what is for other stations too; without it the port's own address, broadcasts and all
    multicasts arrive. No kernel IP address should be on the interface, or the kernel answers as well.
    """

    def __init__(self, interface: str, *, promiscuous: bool = False, ring_bytes: int = RING_BYTES) -> None:
        found = find(interface)
        self.mac = found.mac
        self.name = found.name
        self._mtu = found.mtu
        set_up(found.name)
        self.unmerged = split_received_frames(found.name)
        """Whether the kernel surely does not merge received TCP segments."""
        self._socket = _open_socket(found.name)
        try:
            self._slot_bytes = _slot_bytes(found.mtu)
            self._slots = ring_bytes // self._slot_bytes
            self._ring = _map_ring(self._socket, self._slot_bytes, self._slots)
            membership = PACKET_MR_PROMISC if promiscuous else PACKET_MR_ALLMULTI
            self._socket.setsockopt(
                SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", found.number, membership, 0, b"")
            )
            self._socket.bind((found.name, ETH_P_ALL))
        except OSError as error:
            self._socket.close()
            raise PortError(f"cannot receive from {found.name}: {error.strerror or error}") from error
        self._offset = 0
        self._end = self._slots * self._slot_bytes
        self._closed = False
        self._rx_frames = self._tx_frames = self._rx_bytes = self._tx_bytes = 0
        self._rx_dropped = self._tx_dropped = 0

    def fileno(self) -> int:
        """Return the socket's descriptor: readable when frames wait, for a caller that sleeps instead of polling."""
        return self._socket.fileno()

    def rx_burst(self) -> Sequence[bytes]:
        """Return up to `BURST` frames; without a system call."""
        ring = self._ring
        offset = self._offset
        status: int = _STATUS.unpack_from(ring, offset)[0]
        if not status & STATUS_USER:
            return NO_FRAMES
        frames: list[bytes] = []
        while status & STATUS_USER and len(frames) < BURST:
            _, wire, kept, start, _, _, _, tag, tag_type = _SLOT.unpack_from(ring, offset)
            if kept < wire:
                self._rx_dropped += 1
            else:
                frame = ring[offset + start : offset + start + kept]
                if status & (STATUS_CSUM_NOT_READY | STATUS_VLAN_VALID):
                    frame = _complete(frame, status, tag, tag_type)
                frames.append(frame)
                self._rx_bytes += len(frame)
            _STATUS.pack_into(ring, offset, 0)
            offset += self._slot_bytes
            if offset == self._end:
                offset = 0
            status = _STATUS.unpack_from(ring, offset)[0]
        self._offset = offset
        self._rx_frames += len(frames)
        return frames

    def tx_burst(self, frames: Sequence[bytes]) -> int:
        """Send frames until one is refused; a full queue or a lost link drops the rest (see `Port.tx_burst`)."""
        sent = 0
        try:
            for frame in frames:
                self._socket.send(frame)
                self._tx_bytes += len(frame)
                sent += 1
        except OSError as error:
            if error.errno not in _TRANSIENT:
                refused = len(frames[sent])
                raise PortError(
                    f"{self.name} refused a frame of {refused} bytes (MTU {self._mtu}): {error.strerror}"
                ) from error
        self._tx_frames += sent
        self._tx_dropped += len(frames) - sent
        return sent

    def stats(self) -> PortStats:
        """Return the totals; one system call that fetches and clears the kernel's count of dropped frames."""
        if not self._closed:
            raw = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            self._rx_dropped += struct.unpack("II", raw)[1]
        return PortStats(
            self._rx_frames, self._tx_frames, self._rx_bytes, self._tx_bytes, self._rx_dropped, self._tx_dropped
        )

    def close(self) -> None:
        """Give the interface back; it stays up."""
        if not self._closed:
            self.stats()
            self._closed = True
            self._ring.close()
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


def _slot_bytes(mtu: int) -> int:
    """Return the power of two that holds a frame of this MTU."""
    return 1 << (mtu + SLOT_OVERHEAD - 1).bit_length()


def _map_ring(packet: socket.socket, slot_bytes: int, slots: int) -> mmap.mmap:
    """Make the receive ring and map it. A block is 64 KiB or one slot, a multiple of the page size."""
    packet.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
    block = max(1 << 16, slot_bytes)
    blocks = slots * slot_bytes // block
    if blocks < 1 or slots * slot_bytes % block:
        raise PortError(f"a ring of {slots * slot_bytes} bytes is no multiple of its blocks of {block} bytes")
    packet.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", block, blocks, slot_bytes, slots))
    return mmap.mmap(packet.fileno(), slots * slot_bytes, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)


def _complete(frame: bytes, status: int, tag: int, tag_type: int) -> bytes:
    """Put back what the kernel keeps beside the frame: the VLAN tag and the outstanding checksum."""
    if status & STATUS_CSUM_NOT_READY:
        frame = _fill_checksum(frame)
    if status & STATUS_VLAN_VALID:
        frame = frame[:12] + struct.pack("!HH", tag_type or 0x8100, tag) + frame[12:]
    return frame


def _fill_checksum(frame: bytes) -> bytes:
    """Compute the UDP or TCP checksum that a sender on this host left to the hardware; other frames stay."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00":
        return frame
    start = 14 + (frame[14] & 0x0F) * 4
    end = min(14 + int.from_bytes(frame[16:18], "big"), len(frame))
    place = start + {6: 16, 17: 6}.get(frame[23], len(frame))
    if place + 2 > end:
        return frame
    pseudo = word_sum(frame[26:34]) + frame[23] + end - start
    value = checksum(pseudo + word_sum(frame[start:place] + b"\0\0" + frame[place + 2 : end]))
    return frame[:place] + (value or 0xFFFF).to_bytes(2, "big") + frame[place + 2 :]
