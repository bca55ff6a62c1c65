"""Which frames an interface accepts beside its own and broadcasts: what a packet socket asks for while it is open."""

import socket
import struct
from typing import Final

from hftapp.nic.interface import Interface
from hftapp.nic.port import PortError

SOL_PACKET: Final = 263
PACKET_ADD_MEMBERSHIP: Final = 1
PACKET_MR_PROMISC: Final = 1
PACKET_MR_ALLMULTI: Final = 2


def subscribe(packet: socket.socket, interface: Interface, *, promiscuous: bool) -> None:
    """Accept all multicasts, or everything, while this packet socket is open (packet(7)); raises OSError."""
    membership = PACKET_MR_PROMISC if promiscuous else PACKET_MR_ALLMULTI
    request = struct.pack("iHH8s", interface.number, membership, 0, b"")
    packet.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)


def accept(interface: Interface, *, promiscuous: bool) -> socket.socket:
    """Return a packet socket that receives nothing (protocol 0) and lets others receive; raises PortError."""
    try:
        packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        raise PortError(
            f"cannot have multicasts accepted by {interface.name}: {error.strerror}; needs root and CONFIG_PACKET"
        ) from error
    try:
        subscribe(packet, interface, promiscuous=promiscuous)
    except OSError as error:
        packet.close()
        raise PortError(f"cannot have multicasts accepted by {interface.name}: {error.strerror}") from error
    return packet
