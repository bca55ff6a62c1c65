"""What a rule is: a row of the catalogue with a function that looks at one event after the other.

A rule reports at its decisive event, the one that completes the pattern, and never waits for a later one: so an alert
has the time of that event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from store.surveillance.events import OrderEvent, Quote, Trade
from store.surveillance.orders import Live, OrderTable
from store.surveillance.thresholds import Threshold

MS: Final = 1_000_000
SECOND: Final = 1_000_000_000


@dataclass(slots=True)
class Finding:
    """A pattern that is complete. ``refs`` and ``matches``: the orders and trades it consists of; ``figures``: what was
    measured, beside the thresholds."""

    t: int
    owner: str
    symbol: str
    text: str
    accounts: list[str]
    refs: list[int] = field(default_factory=list)
    matches: list[int] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


class Rule:
    """``limits`` are its thresholds by name, ``orders`` the open orders as they are after the event."""

    NAME: ClassVar[str]
    WHAT: ClassVar[str]
    SOURCE: ClassVar[str]
    SEVERITY: ClassVar[str] = "medium"
    THRESHOLDS: ClassVar[tuple[Threshold, ...]] = ()

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        self.limits = limits
        self.orders = orders

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:
        """Look at what happened to an order; ``order`` None: a refusal, or an order never seen. ``old``: the one that
        it replaced."""

    def on_quote(self, quote: Quote) -> Finding | None:
        """Look at new best prices."""

    def on_trade(self, trade: Trade) -> Finding | None:
        """Look at a trade of the market."""

    def ns(self, name: str) -> int:
        """A threshold of time (s or ms) in ns."""
        unit = next(one.unit for one in self.THRESHOLDS if one.name == name)
        return round(float(self.limits[name]) * (MS if unit == "ms" else SECOND))


def dollars(price: int) -> str:
    """A price4 as text."""
    return f"{price // 10_000}.{price % 10_000:04}"


def bps(part: int, whole: int) -> float:
    """Hundredths of a per cent."""
    return 10_000 * part / whole if whole else 0.0
