"""Opens the port that the configuration names."""

from collections.abc import Callable
from typing import Final

from hftapp.nic.af_packet import AfPacketPort
from hftapp.nic.port import Port, PortError

BACKENDS: Final[dict[str, Callable[[str], Port]]] = {"af_packet": AfPacketPort}
"""How to open a port by interface name or Ethernet address, by backend. Memory ports come in pairs, made in code."""


def open_port(backend: str, interface: str) -> Port:
    """Return the port of `interface` (a name such as `eth0`, or an Ethernet address).

    Raises PortError when the backend is unknown (lists them), the interface is not there (lists those that are)
    or not permitted.
    """
    opener = BACKENDS.get(backend)
    if opener is None:
        raise PortError(f"unknown port backend {backend!r}; there are: {', '.join(sorted(BACKENDS))}")
    return opener(interface)
