"""Which symbols may be traded, which must not be, and how many shares of each have been located for short sales."""

from hftapp.config import ALL_SYMBOLS, Risk
from hftapp.trader.instrument import Instrument
from hftapp.trader.risk.packing import MAX_INSTRUMENTS
from hftapp.units import Shares


class Permissions:
    """The lists of section `[risk]`. `"*"` stands for every symbol that is not named."""

    def __init__(self, settings: Risk) -> None:
        self._permitted = frozenset(settings.permitted)
        self._restricted = frozenset(settings.restricted)
        self._borrow = dict(settings.borrow)

    def apply(self, instrument: Instrument) -> None:
        """Write what is allowed in a symbol into its instrument; for whoever makes one, before its first order.

        Raises ValueError for an instrument with an index that the risk gate has no room for.
        """
        if not 0 <= instrument.index < MAX_INSTRUMENTS:
            raise ValueError(
                f"instrument {instrument.index} ({instrument.symbol}): there is room for {MAX_INSTRUMENTS} instruments"
            )
        symbol = instrument.symbol
        instrument.permitted = _lists(self._permitted, symbol)
        instrument.restricted = _lists(self._restricted, symbol)
        instrument.borrow = Shares(self._borrow.get(symbol, self._borrow.get(ALL_SYMBOLS, 0)))


def _lists(symbols: frozenset[str], symbol: str) -> bool:
    return symbol in symbols or ALL_SYMBOLS in symbols
