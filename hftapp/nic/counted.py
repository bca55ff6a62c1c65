"""A port that counts for itself; the others ask their card."""

from hftapp.nic.port import Port, PortStats


class CountedPort(Port):
    """Holds the six totals of `PortStats`; its subclasses add to them."""

    def __init__(self, mac: bytes) -> None:
        super().__init__(mac)
        self.rx_frames = self.tx_frames = 0
        self.rx_bytes = self.tx_bytes = 0
        self.rx_dropped = self.tx_dropped = 0

    def stats(self) -> PortStats:
        """Return the totals since the port was opened."""
        return PortStats(self.rx_frames, self.tx_frames, self.rx_bytes, self.tx_bytes, self.rx_dropped, self.tx_dropped)
