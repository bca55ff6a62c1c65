"""No engine: what the loop and the calls cost by themselves."""


class Nothing:
    """See `benchmarks.replay.Peer`."""

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> None:
        """Nothing."""

    def cancel(self, symbol: int, handle: None) -> None:
        """Nothing."""

    def replace(self, symbol: int, handle: None, buy: bool, price: int, shares: int) -> None:
        """Nothing."""

    def traded(self) -> int:
        """Nothing."""
        return 0


def make(symbols: int) -> Nothing:
    """For `benchmarks.replay`."""
    del symbols
    return Nothing()
