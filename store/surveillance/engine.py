"""The engine: hands every event to the rules, and makes alerts of what they find. Without I/O and without a clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from store.surveillance.alert import MAX_REFS, Alert, Evidence, identity
from store.surveillance.catalogue import RULES
from store.surveillance.events import Event, OrderEvent, Quote, Trade
from store.surveillance.market import MarketView
from store.surveillance.orders import OrderTable
from store.surveillance.rule import SECOND, Finding, Rule
from store.surveillance.thresholds import ENABLED, Settings, defaults
from store.surveillance.window import Recent

QUIET: Final = SECOND
"""What is found again within this time of the last finding belongs to the same alert."""
LOOK_BACK: Final = 30 * SECOND
_REFRESHED: Final = 20
"""So often does the evidence of an alert that goes on grow with it."""
_OWN_EVENTS, _QUOTES, _TRADES, _SYMBOLS = 256, 256, 256, 2_048


class Surveillance:
    """All enabled rules over one stream of events.

    ``settings``: thresholds by rule and name (`thresholds.read`), the defaults without. What is kept is bounded
    whatever comes: open orders, owners, symbols and recent events each by a number.
    """

    def __init__(self, settings: Settings | None = None, rules: Iterable[type[Rule]] = RULES) -> None:
        rules = list(rules)
        chosen: Mapping[str, Mapping[str, Any]] = settings or defaults(rules)
        self.events = 0
        self.alerts = 0
        self.market = MarketView()
        self.orders = OrderTable(self.market)
        self._rules = [rule(chosen[rule.NAME], self.orders) for rule in rules if chosen[rule.NAME][ENABLED]]
        self._order_rules = [one for one in self._rules if type(one).on_order is not Rule.on_order]
        self._quote_rules = [one for one in self._rules if type(one).on_quote is not Rule.on_quote]
        self._trade_rules = [one for one in self._rules if type(one).on_trade is not Rule.on_trade]
        self._open: Recent[tuple[str, str, str], list[Alert]] = Recent(list)
        self._own: Recent[tuple[str, str], deque[OrderEvent]] = Recent(lambda: deque(maxlen=_OWN_EVENTS), _SYMBOLS)
        self._quotes: Recent[str, deque[Quote]] = Recent(lambda: deque(maxlen=_QUOTES), _SYMBOLS)
        self._trades: Recent[str, deque[Trade]] = Recent(lambda: deque(maxlen=_TRADES), _SYMBOLS)

    def feed(self, event: Event) -> list[Alert]:
        """Take the next event; gives the alerts it completes. One that goes on is not given again but extended."""
        self.events += 1
        if isinstance(event, OrderEvent):
            return self._on_order(event)
        found: list[tuple[Rule, Finding | None]]
        if isinstance(event, Quote):
            self._keep_quote(event)
            self.market.take(event)
            found = [(rule, rule.on_quote(event)) for rule in self._quote_rules]
        else:
            self._trades[event.symbol].append(event)
            found = [(rule, rule.on_trade(event)) for rule in self._trade_rules]
        return self._alerts(found)

    def _on_order(self, event: OrderEvent) -> list[Alert]:
        old = self.orders.replaced(event)
        order = self.orders.apply(event)
        self._own[event.owner, event.symbol].append(event)
        return self._alerts([(rule, rule.on_order(event, order, old)) for rule in self._order_rules])

    def _alerts(self, found: list[tuple[Rule, Finding | None]]) -> list[Alert]:
        new = []
        for rule, finding in found:
            if finding is not None and (alert := self._alert(rule, finding)) is not None:
                new.append(alert)
        return new

    def _alert(self, rule: Rule, finding: Finding) -> Alert | None:
        going_on = self._open[rule.NAME, finding.owner, finding.symbol]
        if going_on and finding.t - going_on[0].last <= QUIET:
            going_on[0].extend(finding.t, finding.refs, finding.matches)
            if going_on[0].repeats <= _REFRESHED:
                going_on[0].evidence = self._evidence(finding)
            return None
        alert = Alert(
            id=identity(rule.NAME, finding.owner, finding.symbol, finding.t, finding.refs),
            rule=rule.NAME,
            severity=rule.SEVERITY,
            t=finding.t,
            last=finding.t,
            owner=finding.owner,
            accounts=finding.accounts,
            symbol=finding.symbol,
            text=finding.text,
            refs=finding.refs[:MAX_REFS],
            matches=finding.matches[:MAX_REFS],
            figures=finding.figures,
            evidence=self._evidence(finding),
        )
        going_on[:] = [alert]
        self.alerts += 1
        return alert

    def _evidence(self, finding: Finding) -> Evidence:
        since = finding.t - LOOK_BACK
        return Evidence(
            [one for one in self._own[finding.owner, finding.symbol] if one.t >= since],
            [one for one in self._quotes[finding.symbol] if one.t >= since],
            [one for one in self._trades[finding.symbol] if one.t >= since],
        )

    def _keep_quote(self, quote: Quote) -> None:
        """Sizes change all the time; evidence has the prices."""
        last = self.market.quote(quote.symbol)
        if last is None or (last.bid, last.ask) != (quote.bid, quote.ask):
            self._quotes[quote.symbol].append(quote)
