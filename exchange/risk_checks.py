"""Looks at enter and replace requests with the limits of a firm and a port (`risk_limits`).

A replace is looked at like a new order of the shares it exposes, without those of the order it replaces. Percentages
compare prices exactly, in integers. Prices are price4; a market order counts at the last close.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.book import Book
from exchange.entry_checks import CONTINUOUS, LOCATED, Terms
from exchange.login import Login
from exchange.orders import Order
from exchange.risk_limits import LIMITS, Limit, Limits, LimitSet
from exchange.throttle import RateLimit
from protocols.ouch50 import MARKET_PRICES

if TYPE_CHECKING:
    from exchange.market import Market

DOLLAR = 10_000
# The limits that look at the kind of a sale.
SALES = tuple(
    row
    for row in LIMITS
    if row.name in ("short_sale_restricted", "locate_required", "no_short_sale", "no_short_exempt")
)


@dataclass(frozen=True)
class Asked:
    """A request as the limits see it. ``close`` is the last close; ``price`` is that for a market order.

    ``event`` is the last system event, ``located`` whether shares were located (tag 25), ``replaced`` what the order
    that it replaces counts to the exposure (price4 times shares)."""

    book: Book
    side: str
    shares: int
    price: int
    close: int
    event: str
    port: str
    now: int
    cross: str = CONTINUOUS
    is_market: bool = False
    sweep: bool = False
    located: bool = False
    replaced: int = 0

    @property
    def notional(self) -> int:
        """Price4 times shares."""
        return self.price * self.shares

    def beyond(self, reference: int, percent: int) -> bool:
        """Whether the limit price is more aggressive than a reference price by more than so many percent."""
        if not reference or self.is_market:
            return False
        excess = self.price - reference if self.side == "B" else reference - self.price
        return excess * 100 > reference * percent

    def touch(self) -> int:
        """The best displayed price of the other side, 0 when there is none."""
        level = self.book.side(self.side != "B").best_displayed()
        return 0 if level is None else level.price


class LimitState:
    """The limits of one firm or port, and what has been used of them."""

    def __init__(self, limits: LimitSet, volumes: Mapping[str, int]) -> None:
        self.limits = limits
        self.volumes = volumes
        self.open: dict[tuple[str, int], int] = {}
        self.open_notional = 0
        self.traded_notional = 0
        self.symbols = RateLimit(limits.symbol_rate, limits.symbol_rate, keyed=True)
        self.port = RateLimit(limits.port_rate, limits.port_burst or limits.port_rate, keyed=False)
        self.duplicates = RateLimit(limits.duplicate_rate, limits.duplicate_rate, keyed=True)

    def refusal(self, asked: Asked, rows: Sequence[Limit] = LIMITS) -> int | None:
        """The code of the first limit that the request breaks, None when it keeps them all."""
        for row in rows:
            if getattr(self.limits, row.name) and BREAKS[row.name](self, asked):
                return row.code
        return None

    def note(self, key: tuple[str, int], notional: int) -> None:
        """Set what an order counts to the open exposure."""
        self.open_notional += notional - self.open.pop(key, 0)
        if notional:
            self.open[key] = notional


class PortChecks:
    """Checks the requests of one port against its firm's limits and its own, and keeps their exposure."""

    def __init__(self, states: Sequence[LimitState], port: str, market: Market) -> None:
        self._states = tuple(states)
        self._port = port
        self._name = f"{market.name}/{port}"
        self._market = market

    def refusal(self, terms: Terms, book: Book, side: str, old: Order | None, now: int) -> int | None:
        """The code with which a good request must be refused, None when it keeps all limits."""
        request = terms.request
        close = self._market.directory.listings[book.symbol].price
        market = request.price in MARKET_PRICES
        asked = Asked(
            book,
            side,
            request.quantity - (0 if old is None else old.executed),
            close if market else request.price,
            close,
            self._market.last_system_event,
            self._port,
            now,
            terms.cross,
            market,
            request.inter_market_sweep_eligibility == "Y",
            terms.says(LOCATED) == "Y",
            0 if old is None else self._worth(old),
        )
        return self._first(asked, LIMITS)

    def side_refusal(self, order: Order, side: str, located: bool, now: int) -> int | None:
        """The same for an order that is to change to another kind of sale, which only some limits look at."""
        close = self._market.directory.listings[order.book.symbol].price
        event, shares = self._market.last_system_event, order.open_shares()
        asked = Asked(order.book, side, shares, order.limit, close, event, self._port, now, located=located)
        return self._first(asked, SALES)

    def noted(self, order: Order) -> None:
        """An order has other open shares now."""
        notional = self._worth(order)
        for state in self._states:
            state.note((self._name, order.token), notional)

    def traded(self, _order: Order, shares: int, price: int) -> None:
        """Shares were executed."""
        for state in self._states:
            state.traded_notional += shares * price

    def _first(self, asked: Asked, rows: Sequence[Limit]) -> int | None:
        codes = (state.refusal(asked, rows) for state in self._states)
        return next((code for code in codes if code is not None), None)

    def _worth(self, order: Order) -> int:
        shares = order.open_shares()
        if order.limit in MARKET_PRICES:
            return shares * self._market.directory.listings[order.book.symbol].price
        return shares * order.limit


def checks_for(limits: Limits, login: Login, market: Market) -> PortChecks | None:
    """What checks a login's requests on a market, None when nothing limits it. A firm's use is counted over all its
    logins and all venues."""
    states = []
    firm, port = limits.firms.get(login.firm), limits.ports.get(login.user)
    if firm is not None and firm.sets_limits():
        states.append(limits.used.setdefault(login.firm, LimitState(firm, limits.volumes)))
    if port is not None and port.sets_limits():
        states.append(LimitState(port, limits.volumes))
    return PortChecks(states, login.user, market) if states else None


def _exposed(state: LimitState, asked: Asked) -> bool:
    total = state.open_notional - asked.replaced + state.traded_notional + asked.notional
    return total > state.limits.aggregate_exposure * DOLLAR


def _impact(state: LimitState, asked: Asked) -> bool:
    """Walk the displayed levels that the order would take."""
    buy, left, worst = asked.side == "B", asked.shares, 0
    first = asked.touch()
    for level in asked.book.side(not buy):
        if left <= 0 or (not asked.is_market and (level.price > asked.price if buy else level.price < asked.price)):
            break
        if level.orders:
            worst = level.price
            left -= level.shares
    return bool(worst) and abs(worst - first) * 100 > first * state.limits.market_impact_percent


def _volume(state: LimitState, asked: Asked) -> bool:
    volume = state.volumes.get(asked.book.symbol)
    return volume is not None and asked.shares * 100 > volume * state.limits.max_adv_percent


def _duplicate(state: LimitState, asked: Asked) -> bool:
    key = (asked.port, asked.book.locate, asked.side, asked.shares, asked.price)
    return not state.duplicates.allows(key, asked.now)


# By the names of `LIMITS`: whether a request breaks the limit, which is set.
BREAKS: dict[str, Callable[[LimitState, Asked], bool]] = {
    "collar_percent": lambda state, asked: asked.beyond(asked.close, state.limits.collar_percent),
    "max_shares": lambda state, asked: asked.shares > state.limits.max_shares,
    "max_notional": lambda state, asked: asked.notional > state.limits.max_notional * DOLLAR,
    "aggregate_exposure": _exposed,
    "market_impact_percent": _impact,
    "restricted_stocks": lambda state, asked: asked.book.symbol in state.limits.restricted_stocks,
    "short_sale_restricted": lambda state, asked: (
        asked.side in "TE" and asked.book.symbol in state.limits.short_sale_restricted
    ),
    "no_sweeps": lambda _, asked: asked.sweep,
    "max_adv_percent": _volume,
    "fat_finger_percent": lambda state, asked: asked.beyond(asked.touch(), state.limits.fat_finger_percent),
    "locate_required": lambda _, asked: asked.side in "TE" and not asked.located,
    "symbol_rate": lambda state, asked: not state.symbols.allows(asked.book.locate, asked.now),
    "port_rate": lambda state, asked: not state.port.allows(None, asked.now),
    "duplicate_rate": _duplicate,
    "no_short_sale": lambda _, asked: asked.side == "T",
    "no_market_orders": lambda _, asked: asked.is_market,
    "no_pre_market": lambda _, asked: asked.event in ("O", "S"),
    "no_post_market": lambda _, asked: asked.event == "M",
    "no_short_exempt": lambda _, asked: asked.side == "E",
    "single_order_notional": lambda state, asked: asked.notional > state.limits.single_order_notional * DOLLAR,
    "max_quantity": lambda state, asked: asked.shares > state.limits.max_quantity,
    "no_ipo_market_buy": lambda _, asked: asked.is_market and asked.side == "B" and asked.cross == "H",
}
