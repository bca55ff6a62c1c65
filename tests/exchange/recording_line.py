"""A market data line without a socket."""


class Wire:
    """A line that keeps what it carried."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def send(self, packet: bytes) -> None:
        self.packets.append(packet)

    def close(self) -> None:
        self.packets.clear()
