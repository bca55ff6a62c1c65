"""The symbols of the day: stock locates, reference prices, and the messages that announce them."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from protocols.itch50 import (
    ItchMessage,
    OperationalHalt,
    RegShoShortSalePriceTestRestrictedIndicator,
    StockDirectory,
    StockTradingAction,
)

# A dozen liquid names with their prices (price4) at the open of 2019-12-30, the day of the replayed slice.
DEFAULT_PRICES: dict[str, int] = {
    "AAPL": 2_894_600,
    "MSFT": 1_590_000,
    "AMZN": 18_740_000,
    "FB": 2_071_000,
    "GOOGL": 13_500_000,
    "TSLA": 4_285_000,
    "NVDA": 2_356_000,
    "INTC": 601_000,
    "CSCO": 477_000,
    "AMD": 462_000,
    "NFLX": 3_293_000,
    "QQQ": 2_135_000,
}
MAX_LOCATE = 0xFFFF
_SYMBOL = re.compile(r"[A-Z][A-Z0-9.+\-*=^#$]{0,7}")


class DirectoryError(ValueError):
    """A symbol that cannot be listed; the text names it and the remedy."""


def check_symbol(symbol: str) -> str:
    """Return a well-formed symbol; raise DirectoryError for any other text."""
    if not _SYMBOL.fullmatch(symbol):
        raise DirectoryError(f"unknown symbol {symbol!r}: give 1 to 8 capitals, digits or suffix characters, like AAPL")
    return symbol


def plausible_price(symbol: str) -> int:
    """A reference price (price4, whole cents) for any symbol: the known one, else $10 to $310 from its letters."""
    known = DEFAULT_PRICES.get(symbol)
    return known if known is not None else 100_000 + zlib.crc32(symbol.encode()) % 30_000 * 100


@dataclass
class Listing:
    """One symbol of the day; ``price`` is its reference price (price4), the close of the day before.

    ``trading_state`` and ``reason`` (ITCH `H`), ``reg_sho`` (ITCH `Y`) and ``halted_by`` (ITCH `h`, market code) are
    its present state, which a snapshot repeats. ``tier`` is the LULD tier.
    """

    symbol: str
    locate: int
    price: int
    tier: str = "1"
    trading_state: str = "T"
    reason: str = ""
    reg_sho: str = "0"
    halted_by: str = ""


class Directory:
    """All listings, by symbol, in the order they were made. Locates are unique and count from 1."""

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}
        self._locates: set[int] = set()
        self._next: int = 1

    def add(self, symbol: str, locate: int | None = None, price: int | None = None) -> Listing:
        """List a symbol once, under the given locate or the lowest free one.

        DirectoryError: the symbol is malformed, the locate is taken, or all 65,535 locates are.
        """
        known = self.listings.get(symbol)
        if known is not None:
            return known
        check_symbol(symbol)
        if locate is None:
            locate = self._free_locate()
        elif locate in self._locates or not 0 < locate <= MAX_LOCATE:
            raise DirectoryError(f"stock locate {locate} of {symbol} is taken or outside 1..{MAX_LOCATE}")
        self._locates.add(locate)
        listing = Listing(symbol, locate, plausible_price(symbol) if price is None else price)
        self.listings[symbol] = listing
        return listing

    def _free_locate(self) -> int:
        while self._next in self._locates:
            self._next += 1
        if self._next > MAX_LOCATE:
            raise DirectoryError(f"more than {MAX_LOCATE} symbols: ITCH stock locates are 16 bits wide")
        return self._next


def announce(listing: Listing, now: int) -> list[ItchMessage]:
    """The directory spin of one symbol: `R`, then `H`, `Y` and, where it is in effect, `h` as they stand."""
    messages: list[ItchMessage] = [
        StockDirectory(
            stock_locate=listing.locate,
            tracking_number=0,
            timestamp=now,
            stock=listing.symbol,
            market_category="Q",
            financial_status_indicator="N",
            round_lot_size=100,
            round_lots_only="N",
            issue_classification="C",
            issue_sub_type="Z",
            authenticity="P",
            short_sale_threshold_indicator="N",
            ipo_flag="N",
            luld_reference_price_tier=listing.tier,
            etp_flag="N",
            etp_leverage_factor=0,
            inverse_indicator="N",
        ),
        StockTradingAction(
            stock_locate=listing.locate,
            tracking_number=0,
            timestamp=now,
            stock=listing.symbol,
            trading_state=listing.trading_state,
            reserved=" ",
            reason=listing.reason,
        ),
        RegShoShortSalePriceTestRestrictedIndicator(
            stock_locate=listing.locate,
            tracking_number=0,
            timestamp=now,
            stock=listing.symbol,
            reg_sho_action=listing.reg_sho,
        ),
    ]
    if listing.halted_by:
        messages.append(
            OperationalHalt(
                stock_locate=listing.locate,
                tracking_number=0,
                timestamp=now,
                stock=listing.symbol,
                market_code=listing.halted_by,
                operational_halt_action="H",
            )
        )
    return messages
