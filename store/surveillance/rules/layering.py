"""Layering: spoofing with a ladder of orders, at several prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store.surveillance.events import OrderEvent
from store.surveillance.orders import Live, OrderTable
from store.surveillance.pressure import THRESHOLDS, Pressure
from store.surveillance.rule import Finding, Rule
from store.surveillance.rules.spoofing import MOST_LEVELS

_ANY = 1_000_000


class Layering(Rule):
    """Pressure at three prices or more."""

    NAME = "layering"
    WHAT = "orders at three prices or more withdrawn once a small order of the same owner on the other side is done"
    SOURCE = "FINRA Rule 5210.03; Exchange Act §9(a)(2); MAR Art. 12(2)(c), Annex I A(f)"
    SEVERITY = "high"
    THRESHOLDS = THRESHOLDS

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._pressure = Pressure(limits, orders, MOST_LEVELS + 1, _ANY)

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:
        """See `pressure`."""
        return self._pressure.look(event, order, old)
