"""Marking the close: aggressive orders in the last minute that move the closing price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.surveillance.events import EXECUTED, OrderEvent, Quote, Trade
from store.surveillance.orders import Live, OrderTable
from store.surveillance.rule import SECOND, Finding, Rule, bps
from store.surveillance.thresholds import Threshold
from store.surveillance.window import MAX_KEYS, Recent

_EVIDENCE = 256


@dataclass(slots=True)
class _Push:
    """What one owner took of a symbol since the window began. ``moved``: by how much the mid rose from just before an
    order of its to just after, all of them added (2 x price4)."""

    bought: int = 0
    sold: int = 0
    moved: int = 0
    accounts: list[str] = field(default_factory=list)
    refs: list[int] = field(default_factory=list)
    matches: list[int] = field(default_factory=list)


class MarkingTheClose(Rule):
    """Buying or selling at the close is no offence; moving the price by it, with a good part of all volume, may be."""

    NAME = "marking_the_close"
    WHAT = "aggressive orders just before the close that move the price and are a good part of the volume"
    SOURCE = "Exchange Act §9(a)(2); MAR Art. 12(2)(b), Annex I A(g)"
    SEVERITY = "high"
    THRESHOLDS = (
        Threshold("close", "s", 57_600, 0, 86_400, "the close, in seconds since midnight of the exchange"),
        Threshold("window", "s", 60, 1, 3_600, "time before the close"),
        Threshold("move", "bps", 5, 0.01, 10_000, "by how much the owner's own orders move the mid, added up"),
        Threshold("min_shares", "shares", 300, 1, 100_000_000, "least shares taken in the direction of the move"),
        Threshold("share", "%", 20, 0, 100, "their part of all shares traded in the window so far"),
    )

    def __init__(self, limits: Mapping[str, Any], orders: OrderTable) -> None:
        super().__init__(limits, orders)
        self._end = self.ns("close")
        self._begin = self._end - self.ns("window")
        self._pushes: Recent[tuple[str, str], _Push] = Recent(_Push)
        self._volume: Recent[str, list[int]] = Recent(lambda: [0])
        # By symbol: the owner who took last, and twice the mid before that; until the next quote.
        self._taking: dict[str, tuple[str, int]] = {}

    def on_order(self, event: OrderEvent, order: Live | None, old: Live | None) -> Finding | None:  # noqa: ARG002
        """Note what is taken in the window."""
        if order is None or event.event != EXECUTED or not event.aggressive or not self._begin <= event.t <= self._end:
            return None
        push = self._pushes[order.owner, order.symbol]
        if order.side == "B":
            push.bought += event.shares
        else:
            push.sold += event.shares
        if order.account not in push.accounts:
            push.accounts.append(order.account)
        if len(push.refs) < _EVIDENCE and order.ref not in push.refs[-1:]:
            push.refs.append(order.ref)
        if len(push.matches) < _EVIDENCE:
            push.matches.append(event.match)
        self._taking[order.symbol] = order.owner, order.twice_mid
        if len(self._taking) > MAX_KEYS:
            del self._taking[next(iter(self._taking))]
        return None

    def on_trade(self, trade: Trade) -> Finding | None:
        """Add up the volume."""
        if self._begin <= trade.t <= self._end:
            self._volume[trade.symbol][0] += trade.shares
        return None

    def on_quote(self, quote: Quote) -> Finding | None:
        """The quote after an order shows how far that moved the mid."""
        owner, before = self._taking.pop(quote.symbol, ("", 0))
        if not before or not quote.twice_mid:
            return None
        push = self._pushes[owner, quote.symbol]
        push.moved += quote.twice_mid - before
        up = push.moved > 0
        taken, volume = push.bought if up else push.sold, self._volume[quote.symbol][0]
        moved = bps(abs(push.moved), before)
        enough = taken >= self.limits["min_shares"] and 100 * taken >= self.limits["share"] * volume
        if moved < self.limits["move"] or not enough:
            return None
        left = (self._end - quote.t) / SECOND
        return Finding(
            t=quote.t,
            owner=owner,
            symbol=quote.symbol,
            text=f"{taken:,} shares {'bought' if up else 'sold'} moved the mid by {moved:.1f} bps, "
            f"{left:.1f} s before the close",
            accounts=push.accounts[:],
            refs=push.refs[:],
            matches=push.matches[:],
            figures={"shares": taken, "volume": volume, "moved_bps": round(moved, 2)},
        )
