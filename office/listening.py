"""Where a collector listens: its address for servers, and the control socket that `control.json` names."""

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Final

_LAST_PORT: Final = 65_535


def control_listener(path: Path) -> socket.socket:
    """Listen on a unix socket; what a dead collector left at its path is replaced, a living one's is an error."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket():
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
                probe.connect(str(path))
                raise OSError(errno.EADDRINUSE, f"another collector serves {path}")
            path.unlink()
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        reason = error.strerror or f"{error} ({path})"
        raise OSError(error.errno, reason) from error
    return listener


@contextlib.contextmanager
def notice(path: Path, control: Path, bind: str) -> Iterator[None]:
    """Say in a file where the control socket is; both are gone behind the context."""
    path.write_text(json.dumps({"pid": os.getpid(), "control": str(control.absolute()), "bind": bind}) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        control.unlink(missing_ok=True)


def address(text: str) -> tuple[str, int]:
    """IPv4 address and port of `ADDRESS:PORT`; raises ValueError."""
    host, _, port = text.rpartition(":")
    try:
        IPv4Address(host)
    except AddressValueError:
        port = ""
    if not port.isascii() or not port.isdecimal() or int(port) > _LAST_PORT:
        raise ValueError("must be an IPv4 address and a port, as in 10.30.0.1:9300")
    return host, int(port)
