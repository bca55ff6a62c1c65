"""The monitor: drop copy and management stream in, positions, exposure, profit, use of limits, differences, alerts out.

Pure: the clock comes in with every call (``now``: ns since 1970 UTC), sockets are `office.monitor.service`'s. What
people see is `snapshot`, `alerts` and `acknowledge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from office.files import Entry
from office.monitor import copies
from office.monitor.books import FirmBooks, Holding
from office.monitor.comparison import GRACE, Comparison
from office.monitor.copies import Copy
from office.monitor.limits import uses
from office.monitor.trader import TraderFigures
from office.monitor.valuation import Valuation
from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.management import DECISION, IN, Frame, TopOfBook
from store.surveillance.dispositions import ACKNOWLEDGED, State
from store.surveillance.engine import Surveillance
from store.surveillance.events import Event, Quote

MAX_ALERTS: Final = 1_000
MAX_DECISIONS: Final = 200_000
"""So many orders are known by strategy; the oldest are forgotten."""
_FIGURES: Final = (("position", "shares"), ("open buys", "open_buy"), ("open sales", "open_sell"))


@dataclass(slots=True)
class MonitorAlert:
    """An alert of surveillance, of a limit or of a difference. ``t``: ns UTC; ``state``: open or acknowledged."""

    id: str
    rule: str
    severity: str
    t: int
    text: str
    evidence: str
    state: str = "open"
    who: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


class Monitor:
    """``limits``: by name, `limits.read`. ``states``: what is known of alerts from before, by id."""

    def __init__(
        self,
        limits: Mapping[str, int],
        surveillance: Surveillance | None = None,
        states: Mapping[str, State] | None = None,
    ) -> None:
        self.books = FirmBooks()
        self.trader = TraderFigures()
        self.valuation = Valuation(self.books, self.trader)
        self.comparison = Comparison()
        self.malformed = 0
        self.missed = 0
        self.connected: dict[str, bool] = {}
        self._limits = limits
        self._surveillance = surveillance or Surveillance()
        self._states = dict(states or {})
        self._alerts: dict[str, MonitorAlert] = {}
        self._standing: set[str] = set()
        self._sequences: dict[str, int] = {}
        self._strategies: dict[tuple[str, int, int], int] = {}
        # The exchange's time of day (ns), and the office's time when it was told.
        self._exchange = (0, 0)

    def on_copy(self, source: str, sequence: int, payload: bytes, now: int) -> None:
        """Take message number ``sequence`` of the drop copy ``source`` (each venue has one). One that is there already
        changes nothing; what is no message is counted."""
        if not self._advance(source, sequence):
            return
        try:
            self._take(copies.decode(payload), now)
        except ProtocolError:
            self.malformed += 1

    def on_journal(self, record: Entry, now: int, host: str = "") -> None:
        """Take a record of a server's journal, where no drop copy is to be had: the answers of the exchange are in it
        as they came, and by the decisions the strategies are the accounts. ``host``: whose journal it is; what two
        journals of one host have in common counts once."""
        source = f"journal {record.journal:016x}"
        user = host or source
        if not self._advance(source, record.number):
            return
        self.connected.setdefault(source, True)
        try:
            if record.kind == DECISION:
                decision = record.decision()
                self._strategies[user, decision.venue, decision.reference] = decision.strategy
                if len(self._strategies) > MAX_DECISIONS:
                    del self._strategies[next(iter(self._strategies))]
            elif record.kind == IN:
                message = ouch50.decode_outbound(record.payload)
                key = user, record.venue, getattr(message, "user_ref_num", 0)
                strategy = self._strategies.get(key)
                account = "" if strategy is None else f"strategy {strategy}"
                self._take(Copy(str(record.venue), user, message, account), now)
        except ProtocolError:
            self.malformed += 1

    def journal_known(self, journal: int) -> int:
        """The number of the last record of a journal that was taken."""
        return self._sequences.get(f"journal {journal:016x}", 0)

    def _advance(self, source: str, sequence: int) -> bool:
        """Whether a message is a new one; counts those that are missing before it."""
        last = self._sequences.get(source, 0)
        if sequence <= last:
            return False
        self.missed += sequence - last - 1
        self._sequences[source] = sequence
        return True

    def _take(self, copy: Copy, now: int) -> None:
        self._exchange = copy.message.timestamp, now
        for event in self.books.apply(copy):
            self._watch(event, now)
            if event.symbol:
                self._compare_ours(self.books.holding(event.symbol), now)
        if isinstance(copy.message, ouch50.BrokenTrade):
            for holding in self.books.holdings.values():
                self._compare_ours(holding, now)

    def on_frame(self, session: int, frame: Frame, now: int) -> None:
        """Take a frame of a server's management stream."""
        message = self.trader.take(session, frame)
        if isinstance(message, TopOfBook):
            told, at = self._exchange
            # Before the exchange has told its time, what stands there stands since the beginning.
            t = told + now - at if at else 0
            best = message.bid, message.bid_shares, message.ask, message.ask_shares
            self._watch(Quote(t, message.symbol, *best), now)
        elif message is not None:
            position = self.trader.position(message.symbol)
            assert position is not None, "it has just been told"
            for (name, _), value in zip(_FIGURES, position, strict=True):
                self.comparison.theirs(name, message.symbol, value, now)
            self._compare_ours(self.books.holding(message.symbol), now)

    def tick(self, now: int) -> None:
        """Look at limits and differences; a few times a second is enough."""
        self._check(now)

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts, oldest first: id, rule, severity, t (ns UTC), text, evidence, state, who."""
        return [alert.as_json() for alert in list(self._alerts.values())]

    def acknowledge(self, alert: str, who: str) -> None:
        """Somebody has seen an alert; KeyError: there is none of this id. The caller keeps the audit log."""
        self._alerts[alert].state = ACKNOWLEDGED
        self._alerts[alert].who = who

    def snapshot(self, now: int) -> dict[str, Any]:
        """Everything as plain data. Money is price4 times shares, as the figures of the exchange; profit is None in a
        symbol that is held and has no mid."""
        value = self.valuation
        return {
            "connected": bool(self.connected) and all(self.connected.values()),
            "drop_copies": [
                {"source": source, "connected": up, "sequence": self._sequences.get(source, 0)}
                for source, up in self.connected.items()
            ],
            "missed": self.missed,
            "malformed": self.malformed,
            "unknown": self.books.unknown,
            "positions": [value.row(one) for _, one in sorted(self.books.holdings.items())],
            "exposure": value.exposure(),
            "profit": value.profit(),
            "unmarked": value.unmarked(),
            "messages": self.books.messages,
            "executions": self.books.executions,
            "broken": self.books.broken,
            "open_orders": len(self.books.orders),
            "limits": [one.as_json() for one in uses(value.limited(), self._limits)],
            "differences": [one.as_json() for one in self.comparison.differences(now)],
            "servers": [
                {"session": f"{session:016x}", "host": one.host, "state": one.state, "last": one.last, "exit": one.exit}
                for session, one in self.trader.servers.items()
            ],
            "alerts": self.alerts(),
        }

    def _compare_ours(self, holding: Holding, now: int) -> None:
        for name, attribute in _FIGURES:
            self.comparison.ours(name, holding.symbol, getattr(holding, attribute), now)

    def _watch(self, event: Event, now: int) -> None:
        for alert in self._surveillance.feed(event):
            evidence = f"orders {', '.join(str(ref) for ref in alert.refs[:8])}"
            text = f"{alert.symbol}: {alert.text}" if alert.symbol else alert.text
            self._alert(alert.id, alert.rule, alert.severity, now, text, evidence)

    def _check(self, now: int) -> None:
        """Limits in breach and standing differences are alerts, one for each time it begins."""
        standing: dict[str, tuple[str, str, str, str]] = {}
        for use in uses(self.valuation.limited(), self._limits):
            if use.state == "breach":
                text = f"{use.name} is {use.value:,}, its limit {use.limit:,}"
                standing[f"limit.{use.name}"] = f"limit.{use.name}", "high", text, f"{use.percent} % of the limit"
        for one in self.comparison.differences(now):
            text = f"{one.symbol}: {one.name} {one.drop_copy:,} by the drop copy, {one.trader:,} by the trader"
            standing[f"difference.{one.name}.{one.symbol}"] = (
                "difference",
                "high",
                text,
                f"for more than {GRACE / 1e9:g} s",
            )
        for key, (rule, severity, text, evidence) in standing.items():
            if key not in self._standing:
                self._alert(f"{key}@{now}", rule, severity, now, text, evidence)
        self._standing = set(standing)

    def _alert(self, name: str, rule: str, severity: str, now: int, text: str, evidence: str) -> None:
        before = self._states.get(name, State())
        self._alerts[name] = MonitorAlert(name, rule, severity, now, text, evidence, before.state, before.who)
        while len(self._alerts) > MAX_ALERTS:
            acknowledged = (one.id for one in self._alerts.values() if one.state == ACKNOWLEDGED)
            del self._alerts[next(acknowledged, next(iter(self._alerts)))]
