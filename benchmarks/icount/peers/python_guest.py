"""PID 1 of a guest that has nothing else: modules, file systems, the network interface, power off."""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

_libc = ctypes.CDLL(None, use_errno=True)
_FINIT_MODULE = 313
_POWER_OFF = 0x4321FEDC
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8916, 0x891C, 0x8913, 0x8914
_UP_MULTICAST = 0x1 | 0x1000


def start(address: str, prefix_length: int) -> None:
    """Load modules, mount, bring eth0 up."""
    for name in ("proc", "sysfs"):
        place = {"proc": "/proc", "sysfs": "/sys"}[name]
        _libc.mount(name.encode(), place.encode(), name.encode(), 0, None)
    for path in sorted(Path("/modules").glob("*")):
        with path.open("rb") as file:
            if _libc.syscall(_FINIT_MODULE, file.fileno(), b"", 0):
                raise OSError(ctypes.get_errno(), f"module {path} was not loaded")
    netmask = socket.inet_ntoa(struct.pack("!I", 0xFFFFFFFF << (32 - prefix_length) & 0xFFFFFFFF))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, text in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, netmask)):
            record = struct.pack("16sHH4s8x", b"eth0", socket.AF_INET, 0, socket.inet_aton(text))
            fcntl.ioctl(control, request, record)
        flags = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16s16x", b"eth0")), 16)[0]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"eth0", flags | _UP_MULTICAST))


def power_off(lines: Iterable[str]) -> NoReturn:
    """Print what was measured and end the machine."""
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    sys.stdout.flush()
    os.sync()
    _libc.reboot(_POWER_OFF)
    os._exit(1)
