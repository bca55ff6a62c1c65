"""Linux network interfaces: which there are, which one is meant, and preparing one for raw frames.

Asks through sockets alone: as PID 1 of an image there is no tool to ask, and /sys shows the network namespace
that mounted it, which need not be ours.
"""

import array
import fcntl
import socket
import struct
from typing import Final, NamedTuple

from hftapp.nic.port import PortError, format_mac, parse_mac

_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_SIOCGIFMTU: Final = 0x8921
_SIOCGIFHWADDR: Final = 0x8927
_SIOCETHTOOL: Final = 0x8946
_IFF_UP: Final = 0x1
_IFF_RUNNING: Final = 0x40
_ETHTOOL_SGRO: Final = 0x2C
_ETHTOOL_GFLAGS: Final = 0x25
_ETHTOOL_SFLAGS: Final = 0x26
_ETHTOOL_GDRVINFO: Final = 0x03
_ETHTOOL_GCHANNELS: Final = 0x3C
_ETHTOOL_SCHANNELS: Final = 0x3D
_ETH_FLAG_LRO: Final = 1 << 15
_ETH_FLAG_RXVLAN: Final = 1 << 8
_ETHERNET_TYPE: Final = 1
_IFREQ_NAME = struct.Struct("16s24x")
_IFREQ_ADDRESS = struct.Struct("16xH6s16x")
_IFREQ_MTU = struct.Struct("16xi20x")
_IFREQ_FLAGS = struct.Struct("16sH22x")
_DRIVER_INFORMATION = struct.Struct("I32s32s32s32s68x")
"""struct ethtool_drvinfo: command, driver, version, firmware's version, bus address, …"""
_IFREQ_POINTER = struct.Struct("16sP16x")


class Interface(NamedTuple):
    """A network interface of Ethernet type; `number` is its ifindex, `mtu` excludes the Ethernet header."""

    name: str
    number: int
    mac: bytes
    mtu: int

    def __str__(self) -> str:
        return f"{self.name} ({format_mac(self.mac)})"


def interfaces() -> list[Interface]:
    """Return all Ethernet interfaces of this network namespace, by name."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for number, name in socket.if_nameindex():
            request = _IFREQ_NAME.pack(name.encode())
            try:
                kind, mac = _IFREQ_ADDRESS.unpack(fcntl.ioctl(control, _SIOCGIFHWADDR, request))
                (mtu,) = _IFREQ_MTU.unpack(fcntl.ioctl(control, _SIOCGIFMTU, request))
            except OSError:
                continue  # gone while we looked
            if kind == _ETHERNET_TYPE:
                found.append(Interface(name, number, mac, mtu))
    return sorted(found)


def find(wanted: str) -> Interface:
    """Return the interface with this name or Ethernet address; PortError lists what is there when none has it."""
    there = interfaces()
    try:
        mac = parse_mac(wanted)
    except ValueError:
        mac = b""
    for interface in there:
        if interface.name == wanted or interface.mac == mac:
            return interface
    listed = ", ".join(map(str, there)) or "none at all (is the driver in the kernel?)"
    raise PortError(f"no Ethernet interface {wanted!r}; there are: {listed}")


def set_up(name: str) -> None:
    """Bring an interface up if it is down; PortError when that is not permitted."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            answer = fcntl.ioctl(control, _SIOCGIFFLAGS, _IFREQ_FLAGS.pack(name.encode(), 0))
            flags = int(_IFREQ_FLAGS.unpack(answer)[1])
            if not flags & _IFF_UP:
                fcntl.ioctl(control, _SIOCSIFFLAGS, _IFREQ_FLAGS.pack(name.encode(), flags | _IFF_UP))
        except OSError as error:
            raise PortError(f"cannot bring {name} up: {error.strerror}; needs CAP_NET_ADMIN") from error


def split_received_frames(name: str) -> bool:
    """Stop the kernel from merging received TCP segments (GRO, LRO); say whether it is off for certain.

    Merged segments are longer than the MTU, do not fit a ring slot, and were held back to be merged.
    """
    try:
        _ethtool(name, _ETHTOOL_SGRO, 0)
        flags = _ethtool(name, _ETHTOOL_GFLAGS, 0)
        if flags & _ETH_FLAG_LRO:
            _ethtool(name, _ETHTOOL_SFLAGS, flags & ~_ETH_FLAG_LRO)
    except OSError:
        return False
    return True


def driver_and_place(name: str) -> tuple[str, str]:
    """Return the driver of an interface and where its device is on the bus; empty where the driver does not say."""
    request = array.array("B", _DRIVER_INFORMATION.pack(_ETHTOOL_GDRVINFO, b"", b"", b"", b""))
    try:
        _ethtool_ioctl(name, request)
    except OSError:
        return "", ""
    _, driver, _, _, place = _DRIVER_INFORMATION.unpack(request.tobytes())
    return _text(driver), _text(place)


def link_state(name: str) -> str:
    """Return "up", "no carrier", or "down" when the interface is switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            answer = fcntl.ioctl(control, _SIOCGIFFLAGS, _IFREQ_FLAGS.pack(name.encode(), 0))
        except OSError:
            return ""
    flags = int(_IFREQ_FLAGS.unpack(answer)[1])
    if not flags & _IFF_UP:
        return "down"
    return "up" if flags & _IFF_RUNNING else "no carrier"


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("ascii", "replace")


def keep_tags(name: str) -> bool:
    """Let the card leave VLAN tags in the frames; whether they surely stay there."""
    try:
        flags = _ethtool(name, _ETHTOOL_GFLAGS, 0)
        if flags & _ETH_FLAG_RXVLAN:
            _ethtool(name, _ETHTOOL_SFLAGS, flags & ~_ETH_FLAG_RXVLAN)
    except OSError:
        return False
    return True


def one_queue(name: str) -> None:
    """Reduce the card to one queue each way, so that every frame comes through the one that is read.

    Raises PortError when it has several and does not let go of them.
    """
    try:
        channels = _ethtool_words(name, _ETHTOOL_GCHANNELS, [0] * 8)
    except OSError:
        return  # a driver with one queue does not know the question
    maximum_combined, rx, tx, other, combined = channels[3:]
    if rx + combined <= 1:
        return
    try:
        pairs = [0, 0, other, 1] if maximum_combined else [1, 1 if tx else 0, other, 0]
        _ethtool_words(name, _ETHTOOL_SCHANNELS, [*channels[:4], *pairs])
    except OSError as error:
        raise PortError(
            f"{name} has {rx + combined} receive queues and does not reduce them to one: {error.strerror}; "
            "use another port, or a card whose driver can"
        ) from error


def _ethtool(name: str, command: int, value: int) -> int:
    """Do one ethtool command on a `struct ethtool_value` and return its data."""
    return _ethtool_words(name, command, [value])[0]


def _ethtool_words(name: str, command: int, words: list[int]) -> list[int]:
    """Do one ethtool command on a structure of 32-bit words and return it, each without the leading command."""
    request = array.array("I", (command, *words))
    _ethtool_ioctl(name, request)
    return list(request[1:])


def _ethtool_ioctl(name: str, request: "array.array[int]") -> None:
    address, _ = request.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCETHTOOL, _IFREQ_POINTER.pack(name.encode(), address))
