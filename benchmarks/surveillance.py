"""Surveillance against the exchange's labelled agents: what it finds, what it should not, how soon, and how fast.

Each rule has a case: an agent that offends, and a twin that only looks like it, both in the market of the house, whose
orders are spread over two hundred accounts. The labels of the agents are the truth; every alert on anybody but the
offender is false.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from exchange.clock import MARKET_OPEN, SECOND
from exchange.flow.agents import build_agents, parse_agent
from exchange.flow.attribution import AttributedEvent, AttributedMarket
from exchange.flow.generator import Generator
from exchange.flow.labels import Label, Labels, read
from exchange.flow.merge import Merged
from exchange.market_data import Publisher
from store.surveillance.alert import Alert
from store.surveillance.catalogue import RULES
from store.surveillance.engine import Surveillance
from store.surveillance.events import Event, OrderEvent, Quote, Trade
from store.surveillance.thresholds import check

SYMBOLS = ("AAPL", "MSFT", "XYZ")
CLOSE = 57_600 * SECOND
RATE = 500.0
WITHIN = SECOND
"""An alert comes at most so long after the episode that it is about."""

RESTRICTED = {"symbols": ["XYZ"], "accounts": ["A001", "A002"]}
"""The first agent's account is A001, the second one's A002."""


@dataclass(frozen=True)
class Case:
    """A rule, the agent that offends, and its honest twin; for so many seconds from ``start`` (ns since midnight)."""

    rule: str
    planted: str
    twin: str
    seconds: float = 12
    start: int = MARKET_OPEN
    thresholds: dict[str, Any] = field(default_factory=dict)


CASES: tuple[Case, ...] = (
    Case("spoofing", "spoof:every=4", "scale:symbol=MSFT,every=4,hold=2,stay=0.6"),
    Case("layering", "layer:every=4", "ladder:symbol=MSFT,every=4,hold=3"),
    Case("wash_trade", "wash:every=4", "meet:symbol=MSFT,every=4"),
    Case("self_trade", "self:every=5", "guard:symbol=MSFT,every=5"),
    Case("quote_stuffing", "stuff:every=4", "build:symbol=MSFT,count=1"),
    Case(
        "marking_the_close",
        "mark:at=6,count=1",
        "take:symbol=MSFT,at=3,count=1,size=600,slices=6,gap=1000",
        start=CLOSE - 12 * SECOND,
    ),
    Case("momentum_ignition", "ignite:every=4", "take:symbol=MSFT,every=6,size=3000,slices=6,gap=30"),
    Case("order_to_trade", "churn:count=1", "quote:symbol=MSFT,refresh=15,hold=14,count=1", 17),
    Case("message_rate", "flood:every=4", "build:symbol=MSFT,orders=400,gap=1.5,count=1"),
    Case("restricted_list", "stray:symbol=XYZ,every=4", "take:symbol=MSFT,every=4", thresholds=RESTRICTED),
)


@dataclass
class Outcome:
    """What happened in one market: the agents' labels, the alerts, the events, and the CPU time of the rules (s)."""

    labels: list[Label]
    alerts: list[Alert]
    events: list[Event]
    elapsed: float

    @property
    def false(self) -> list[Alert]:
        """Alerts on anybody but those who offended."""
        offenders = {firm for label in self.labels if not label.honest for firm in label.firms}
        return [alert for alert in self.alerts if offenders.isdisjoint(alert.accounts)]

    def of(self, label: Label, rule: str) -> list[Alert]:
        """The alerts of a rule that are about an episode: its account, its symbol, its orders, in time."""
        return [
            alert
            for alert in self.alerts
            if alert.rule == rule
            and alert.symbol == label.symbol
            and set(alert.accounts) <= set(label.firms)
            and label.start <= alert.t <= label.end + WITHIN
            and not set(label.orders).isdisjoint(alert.refs)
        ]


class Collected:
    """Keeps what an attributed market tells, as events of surveillance."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def order(self, event: AttributedEvent) -> None:
        """Keep it."""
        self._events.append(OrderEvent(*event))

    def quote(self, *quote: Any) -> None:
        """Keep it."""
        self._events.append(Quote(*quote))

    def trade(self, *trade: Any) -> None:
        """Keep it."""
        self._events.append(Trade(*trade))


def market(
    asked: Sequence[str], seed: int, seconds: float, start: int = MARKET_OPEN
) -> tuple[list[Label], list[Event]]:
    """Run the house and agents; gives the agents' labels and every event in order."""
    events: list[Event] = []
    world = AttributedMarket(Collected(events), Publisher("TEST", []))
    for symbol in SYMBOLS:
        world.list_symbol(symbol)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.jsonl"
        with Labels(path) as labels:
            agents = build_agents(world, [parse_agent(text) for text in asked], seed, labels)
            flow = Merged({"generated": Generator(world, SYMBOLS, RATE, seed), **agents})
            flow.start(start)
            while (due := flow.next_time()) is not None and due < start + seconds * SECOND:
                flow.step()
            world.system_event("M", start + int(seconds * SECOND))
        return list(read(path)), events


def watch(events: Sequence[Event], thresholds: dict[str, Any] | None = None) -> tuple[list[Alert], float]:
    """Run all rules over events; gives the alerts, and the seconds of CPU time it took."""
    surveillance = Surveillance(check(thresholds or {}, RULES))
    begun = time.process_time()
    alerts = [alert for event in events for alert in surveillance.feed(event)]
    return alerts, time.process_time() - begun


def exercise(case: Case, seed: int) -> Outcome:
    """Run the market of a case."""
    labels, events = market([case.planted, case.twin], seed, case.seconds, case.start)
    alerts, elapsed = watch(events, {case.rule: case.thresholds})
    return Outcome(labels, alerts, events, elapsed)


def is_case(label: Label, rule: str) -> bool:
    """Whether an episode is one that the rule should find: it offends, it came to its end, and what the rule is about
    did happen (a wash trader whom others came between traded with nobody of its own; a marker found orders to take)."""
    if label.honest or not label.complete:
        return False
    if rule == "wash_trade":
        return bool(label.self_matches)
    return True


def run(quick: bool, progress: Callable[[str], None]) -> dict[str, Any]:
    """Every case over several seeds, then the house alone."""
    seeds = range(1, 3 if quick else 21)
    rows = []
    for case in CASES:
        row: dict[str, Any] = {"rule": case.rule, "planted": 0, "found": 0, "twins": 0, "false": 0, "latest_ms": None}
        events, elapsed = 0, 0.0
        for seed in seeds:
            outcome = exercise(case, seed)
            _count(row, outcome)
            events, elapsed = events + len(outcome.events), elapsed + outcome.elapsed
        rows.append(row | {"events_per_second": round(events / elapsed)})
        progress(f"{case.rule}: {row['found']} of {row['planted']} found, {row['false']} false on {row['twins']} twins")
    quiet = sum(len(watch(market([], seed, 60)[1])[0]) for seed in seeds)
    return {"seeds": len(seeds), "rules": rows, "alerts_on_house_only": quiet}


def _count(row: dict[str, Any], outcome: Outcome) -> None:
    """Add a market's outcome to the row of its rule."""
    for label in outcome.labels:
        row["twins"] += label.honest
        if is_case(label, row["rule"]):
            alerts = outcome.of(label, row["rule"])
            row["planted"] += 1
            row["found"] += bool(alerts)
            late = [(alert.t - label.end) / 1e6 for alert in alerts[:1]]
            row["latest_ms"] = max([*late, *([] if row["latest_ms"] is None else [row["latest_ms"]])], default=None)
    row["false"] += len(outcome.false)


def tables(results: dict[str, Any]) -> list[Table]:
    """One row a rule."""
    table = Table(
        title=f"Surveillance, {results['seeds']} seeds; house alone: {results['alerts_on_house_only']} alerts",
        title_justify="left",
    )
    table.add_column("rule")
    for name in ("offences", "found", "twins", "false alerts", "latest alert, ms after its episode", "events/s"):
        table.add_column(name, justify="right")
    for row in results["rules"]:
        counts = (str(row[key]) for key in ("planted", "found", "twins", "false"))
        table.add_row(row["rule"], *counts, f"{row['latest_ms']:.3f}", f"{row['events_per_second']:,}")
    return [table]
