"""The collar of the auction that ends a volatility pause (Nasdaq Rule 4120(c)(10); ITCH 5.0 `J`).

The auction reference price is the band that the symbol was stuck at. On that side the collar goes 5 % further ($0.15 up
to $3.00), on the other it is the price band. If the cross would be outside, or would leave market orders, the pause is
extended by 5 minutes and the collar widened by as much again on the side that needs it.
"""

from __future__ import annotations

from exchange.cross_price import Clearing
from exchange.luld_bands import to_cent

_THREE_DOLLARS = 30_000
_FIFTEEN_CENTS = 1_500


class Collar:
    """The collar of one pause: prices are price4, ``extensions`` counts."""

    def __init__(self, lower_band: int, upper_band: int, stuck_at_upper: bool) -> None:
        self.reference = upper_band if stuck_at_upper else lower_band
        self.lower = lower_band
        self.upper = upper_band
        self.extensions = 0
        self._widen(up=stuck_at_upper)

    def holds_back(self, clearing: Clearing | None, market_left: int) -> bool:
        """Whether the cross may not be held yet; if so, the collar is widened for the next try.

        ``market_left``: shares of market orders that the cross would leave, below 0 to sell.
        """
        price = 0 if clearing is None else clearing.price
        if price and price > self.upper:
            up = True
        elif price and price < self.lower:
            up = False
        elif market_left:
            up = market_left > 0
        else:
            return False
        self.extensions += 1
        self._widen(up)
        return True

    def _widen(self, up: bool) -> None:
        step = self.reference * 5 // 100 if self.reference > _THREE_DOLLARS else _FIFTEEN_CENTS
        if up:
            self.upper = to_cent(self.upper + step)
        else:
            self.lower = max(0, to_cent(self.lower - step))
