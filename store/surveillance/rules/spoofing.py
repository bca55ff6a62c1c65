"""Spoofing: large orders at one or two prices that are withdrawn once a small one on the other side has traded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.surveillance.events import OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.pressure import THRESHOLDS, Pressure
from store.surveillance.rule import Finding, Rule

MOST_LEVELS = 2


class Spoofing(Rule):
    """Pressure at up to two prices; with more it is layering."""

    NAME = "spoofing"
    WHAT = "large orders withdrawn unexecuted once a small order of the same owner on the other side is done"
    SOURCE = "Exchange Act §9(a)(2); FINRA Rule 5210.03; 7 U.S.C. 6c(a)(5)(C); MAR Art. 12(2)(c), Annex I A(f)"
    SEVERITY = "high"
    THRESHOLDS = THRESHOLDS

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._pressure = Pressure(limits, orders, 1, MOST_LEVELS)

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:
        """See `pressure`."""
        return self._pressure.look(event, order, old)
