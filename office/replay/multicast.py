"""Sends recorded datagrams on ordinary sockets, at their pace."""

import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from office.replay.sources import Sent

Endpoint = tuple[IPv4Address, int]


@dataclass(slots=True)
class Tally:
    """What was sent: datagrams and bytes by line; `refused`: those that the kernel did not take, and why the first."""

    datagrams: list[int]
    octets: list[int]
    refused: int = 0
    first: int | None = None
    last: int = 0
    reason: str = ""


class Sender:
    """One socket to several groups. `interface`: the address of the interface to send from. Raises OSError."""

    def __init__(self, endpoints: Sequence[Endpoint], interface: IPv4Address) -> None:
        self._to = [(str(address), port) for address, port in endpoints]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s", interface.packed))
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            self._socket.bind((str(interface), 0))
        except OSError:
            self._socket.close()
            raise

    def send(self, datagrams: Iterable[Sent], pace: Callable[[int], None]) -> Tally:
        """Send everything; lines that have no endpoint are left out. `pace` waits for a datagram's time."""
        tally = Tally([0] * len(self._to), [0] * len(self._to))
        for time, line, payload in datagrams:
            if line >= len(self._to):
                continue
            pace(time)
            try:
                self._socket.sendto(payload, self._to[line])
            except OSError as error:
                tally.refused += 1
                tally.reason = tally.reason or f"{error.strerror}, to {':'.join(map(str, self._to[line]))}"
                continue
            tally.first = time if tally.first is None else tally.first
            tally.last = time
            tally.datagrams[line] += 1
            tally.octets[line] += len(payload)
        return tally

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
