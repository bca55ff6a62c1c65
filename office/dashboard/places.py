"""The socket that the page is served on: a client has a place from the moment it connects, and nobody has all."""

import socket
from typing import Any, Final

MOST: Final = 512
MOST_OF_ADDRESS: Final = 96
"""All 64 pages through one proxy, and 32 requests; well below `MOST`, so that no machine can take all places."""


class Places(socket.socket):
    """Closes a connection at once that finds no place. It counts here and not in a protocol, which does not hear of a
    connection before its TLS handshake is over."""

    def __init__(self, descriptor: int, most: int = MOST, most_of_address: int = MOST_OF_ADDRESS) -> None:
        super().__init__(fileno=descriptor)
        self._most = most
        self._most_of_address = most_of_address
        self._taken: list[tuple[socket.socket, str]] = []

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; ConnectionAbortedError, which asyncio passes over, when it has been closed again."""
        connection, peer = super().accept()
        address = str(peer[0])
        self._taken = [taken for taken in self._taken if taken[0].fileno() >= 0]
        same = sum(other == address for _, other in self._taken)
        if len(self._taken) >= self._most or same >= self._most_of_address:
            connection.close()
            raise ConnectionAbortedError(f"{address} has {same} connections, all have {len(self._taken)}")
        self._taken.append((connection, address))
        return connection, peer
