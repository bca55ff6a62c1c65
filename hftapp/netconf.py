"""Network interfaces by MAC address, configured through the classic ioctls (netdevice(7)); no second program needed."""

import fcntl
import socket
import struct
from pathlib import Path

SYSFS_NET = "/sys/class/net"

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C
IFF_UP = 0x1


class NetworkError(Exception):
    """An interface is missing or refuses a setting; the text lists what is there."""


def interfaces(root: str = SYSFS_NET) -> dict[str, str]:
    """MAC address (lower case) of every interface, by name."""
    found = {}
    for entry in sorted(Path(root).iterdir()):
        try:
            found[entry.name] = (entry / "address").read_text(encoding="ascii").strip().lower()
        except OSError:
            continue  # not an interface (bonding_masters), or it went away between the two calls
    return found


def by_mac(mac: str, root: str = SYSFS_NET) -> str:
    """Name of the interface with this MAC address; NetworkError lists the ones there are."""
    have = interfaces(root)
    for name, address in have.items():
        if address == mac.lower():
            return name
    listing = ", ".join(f"{name} {address}" for name, address in have.items()) or "none"
    raise NetworkError(f"no interface with MAC address {mac}; there are: {listing}")


def _ioctl(sock: socket.socket, request: int, name: str, payload: bytes, what: str) -> bytes:
    packed = struct.pack("16s24s", name.encode(), payload)
    try:
        return fcntl.ioctl(sock.fileno(), request, packed)
    except OSError as error:
        raise NetworkError(f"{what} of {name}: {error.strerror}") from error


def _sockaddr(address: str) -> bytes:
    return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))


def up(name: str) -> None:
    """Set the interface administratively up; raises NetworkError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = _ioctl(sock, SIOCGIFFLAGS, name, b"", "reading the flags")
        (flags,) = struct.unpack_from("=H", answer, 16)
        _ioctl(sock, SIOCSIFFLAGS, name, struct.pack("=H", flags | IFF_UP), "setting up")


def set_address(name: str, address: str, netmask: str) -> None:
    """Give the interface an IPv4 address and mask, and set it up; raises NetworkError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _ioctl(sock, SIOCSIFADDR, name, _sockaddr(address), f"setting address {address}")
        _ioctl(sock, SIOCSIFNETMASK, name, _sockaddr(netmask), f"setting mask {netmask}")
    up(name)
