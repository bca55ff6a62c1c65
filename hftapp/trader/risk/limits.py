"""The limits of section `[risk]` as the gate compares with them: values in price4 (1/10,000 dollar), times in ns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cython

if not cython.compiled:
    from hftapp.units import Notional, Shares
if TYPE_CHECKING:
    from hftapp.config import Risk

DOLLAR: Final = 10_000
"""Price4 units in a dollar."""
MICROSECOND: Final = 1_000


class Limits:
    """One field per limit, named after what it limits; units: shares, price4, 1/100 %, orders, orders/s, ns."""

    def __init__(self, settings: Risk) -> None:
        self.order_shares = Shares(settings.max_order_shares)
        self.order_notional = Notional(settings.max_order_notional * DOLLAR)
        self.collar_bps = settings.price_collar_bps
        self.fat_finger_bps = settings.fat_finger_bps
        self.position = Shares(settings.max_position_shares)
        self.symbol_open_notional = Notional(settings.max_symbol_open_notional * DOLLAR)
        self.open_notional = Notional(settings.max_open_notional * DOLLAR)
        self.open_orders = settings.max_open_orders
        self.gross_exposure = Notional(settings.max_gross_exposure * DOLLAR)
        self.net_exposure = Notional(settings.max_net_exposure * DOLLAR)
        self.executed_notional = Notional(settings.max_executed_notional * DOLLAR)
        self.port_rate = settings.max_orders_per_second
        self.symbol_rate = settings.max_symbol_orders_per_second
        self.duplicate_window = settings.duplicate_window_us * MICROSECOND
