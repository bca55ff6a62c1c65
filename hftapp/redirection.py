"""Serial over LAN: PID 1's lines also go to the serial port from which the management controller takes its console.

The firmware says which one that is (ACPI table SPCR, "Serial Port Console Redirection", revision 2). The kernel has one
serial console only, and it is on the command line; its own messages are not repeated here.
"""

from __future__ import annotations

import os
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hftapp import console

TABLE: Final = "sys/firmware/acpi/tables/SPCR"
_PORTS: Final = "sys/class/tty"
_ADDRESS: Final = struct.Struct("<B3xQ")
_ADDRESS_AT: Final = 40
_BAUD_AT: Final = 58
_IO_SPACE: Final = 1
_SPEEDS: Final = {3: termios.B9600, 4: termios.B19200, 6: termios.B57600, 7: termios.B115200}
"""What the byte at `_BAUD_AT` means; others leave the port as the firmware set it."""


def follow(root: Path = Path("/"), say: Callable[[str], None] = console.say) -> str:
    """Let everything that is said from now on appear on the redirected port as well; its name, "" for none.

    None where the firmware redirects nothing, or to the port that is the console already.
    """
    try:
        table = (root / TABLE).read_bytes()
        name = _port(root, *_ADDRESS.unpack_from(table, _ADDRESS_AT))
        active = (root / _PORTS / "console/active").read_text(encoding="ascii").split()
        if not name or name in active:
            return ""
        descriptor = os.open(root / "dev" / name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except FileNotFoundError:
        return ""
    except (OSError, struct.error, UnicodeError) as error:
        say(f"serial over LAN is not followed: {error}")
        return ""
    try:
        _set_speed(descriptor, table[_BAUD_AT : _BAUD_AT + 1])
    except termios.error as error:  # no OSError; it goes on with the speed that the firmware set
        say(f"serial over LAN: {name} keeps its speed: {error}")
    console.also(descriptor)
    say(f"serial over LAN: also on {name}")
    return name


def _port(root: Path, space: int, address: int) -> str:
    """The serial port at an address; "" where there is none."""
    attribute = "port" if space == _IO_SPACE else "iomem_base"
    for folder in sorted((root / _PORTS).glob("ttyS*")):
        try:
            if int((folder / attribute).read_text(encoding="ascii"), 16) == address != 0:
                return folder.name
        except (OSError, ValueError):
            continue  # a port without that kind of address
    return ""


def _set_speed(descriptor: int, code: bytes) -> None:
    speed = _SPEEDS.get(code[0] if code else 0)
    if speed is None or not os.isatty(descriptor):
        return
    settings = termios.tcgetattr(descriptor)
    settings[4] = settings[5] = speed
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)
