"""Puts an exchange together from its settings: venues, flow, day and accounts, without sockets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exchange.account import Account, EntryCounters, Login
from exchange.clock import MARKET_OPEN, SECOND
from exchange.core import Exchange
from exchange.directory import DirectoryError
from exchange.flow.agents import build_agents, parse_agent
from exchange.flow.attribution import ATTRIBUTION, AttributedMarket, AttributionLog
from exchange.flow.cross_interest import CrossInterest
from exchange.flow.generator import Generator
from exchange.flow.house import HOUSE_MPIDS
from exchange.flow.labels import Labels
from exchange.flow.merge import Merged
from exchange.flow.replay import Replay, ReplayError, Survey, survey
from exchange.flow.source import Flow
from exchange.flow.universe import universe
from exchange.instant_day import InstantDay
from exchange.journal import Journal
from exchange.lines import Line
from exchange.market import END_OF_MARKET_HOURS, END_OF_SYSTEM_HOURS, Market
from exchange.market_data import Publisher
from exchange.message_store import MessageStore
from exchange.order_entry import OrderEntry
from exchange.order_log import OrderLog
from exchange.risk_limits import Limits, read_limits
from exchange.schedule import EARLY_CLOSE, REGULAR
from exchange.script import Phase, Script
from exchange.settings import ServiceError, Settings
from exchange.supervision import Supervision, supervise
from exchange.trading_day import TradingDay
from exchange.venue import VENUES, Venue
from protocols import binaryfile, itch_files
from protocols.errors import ProtocolError

log = logging.getLogger(__name__)

# A whole trading day: the house begins to quote at the start of system hours.
START_OF_MESSAGES = 10_800 * SECOND
START_OF_SYSTEM_HOURS = 14_400 * SECOND
# LULD plan, tier 1: the stocks of the S&P 500 and the Russell 1000, so about the thousand most active ones.
TIER_ONE = 1_000


@dataclass
class Session:
    """One exchange without sockets: what a test with a virtual clock drives directly.

    ``start_time`` is the time of day before the start. A context manager, because files stay open.
    """

    exchange: Exchange
    start_time: int
    replay: Replay | None = None
    generators: list[Generator] = field(default_factory=list)
    flows: dict[str, Flow] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    resources: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.resources.close()

    @property
    def market(self) -> Market:
        """The market of the first venue."""
        return self.exchange.venues[0].market

    def counters(self) -> dict[str, Any]:
        """What the session did: order entry over all and by login, the feed, and the flow; by venue where several."""
        counters = self._venue_counters(self.exchange.venues[0])
        if len(self.exchange.venues) > 1:
            counters["venues"] = {venue.name: self._venue_counters(venue) for venue in self.exchange.venues}
        return counters

    def _venue_counters(self, venue: Venue) -> dict[str, Any]:
        total = EntryCounters()
        for entry in venue.entries:
            total.add(entry.account.counters)
        publisher = venue.market.publisher
        number = self.exchange.venues.index(venue)
        generator = self.generators[number] if self.generators else None
        return {
            **total.as_dict(),
            "by_login": {
                entry.account.login.user: entry.account.counters.as_dict() | {"fees": _fees(venue, entry)}
                for entry in venue.entries
            },
            "feed": {
                "packets": publisher.packets,
                "heartbeats": publisher.heartbeats,
                "messages": len(publisher),
                "by_type": publisher.by_type(),
            },
            "flow": {
                "replay": None if self.replay is None or number else self.replay.counters(),
                "generated": None if generator is None else generator.counters(),
                **{name: flow.counters() for name, flow in self.flows.items() if not number},
            },
        }


def build_session(
    settings: Settings,
    lines: Mapping[str, Sequence[Line]],
    order_log: OrderLog,
    journal: Journal | None = None,
) -> Session:
    """Put it all together; ``lines`` are the feed's by venue. ServiceError for a bad file, symbol, agent or limit."""
    with ExitStack() as resources:
        limits = Limits() if settings.limits is None else read_limits(settings.limits)
        found = None if settings.replay is None else _survey(settings.replay)
        labels = resources.enter_context(Labels(_in(settings.log_dir, "labels.jsonl")))
        builder = _Builder(settings, order_log, limits, found, labels, resources)
        for number, name in enumerate(settings.venues):
            builder.venue(number, name, lines.get(name, ()))
        _check_limits(settings, limits, builder.session_symbols())
        session = builder.session
        session.exchange = Exchange(builder.venues, journal, settings.checks)
        session.resources = resources.pop_all()
        return session


class _Builder:
    """Builds one venue after the other; the first one gets replay and agents."""

    def __init__(
        self,
        settings: Settings,
        order_log: OrderLog,
        limits: Limits,
        found: Survey | None,
        labels: Labels,
        resources: ExitStack,
    ) -> None:
        self.venues: list[Venue] = []
        start = START_OF_MESSAGES if settings.day else (found.first_time if found else MARKET_OPEN) - SECOND
        self.session = Session(Exchange(()), start)
        self._schedule = (EARLY_CLOSE if settings.early_close else REGULAR) if settings.day else None
        self._settings = settings
        self._order_log = order_log
        self._limits = limits
        self._found = found
        self._labels = labels
        self._resources = resources

    def venue(self, number: int, name: str, lines: Sequence[Line]) -> None:
        """Add a venue."""
        settings = self._settings
        make = self._market(number)
        market = make(
            Publisher(settings.session, lines, store=MessageStore(_in(settings.log_dir, f"feed-{name}.itch"))),
            name,
            settings.seed + number,
            VENUES[name].keeps_priority,
            END_OF_SYSTEM_HOURS if settings.day else END_OF_MARKET_HOURS,
        )
        self._resources.callback(market.publisher.close)
        symbols = self._list_symbols(market)
        supervision = supervise(market, self._schedule)
        market.trades = supervision.trades
        if supervision.reg_sho is not None:
            supervision.reg_sho.carry_over(self._listed(market))
        self._resources.callback(supervision.trades.close)
        script = Script(self._phases(number, market, symbols), lambda: market.time)
        entries = [self._entry(market, login) for login in settings.logins]
        self.venues.append(
            Venue(VENUES[name], market, self._day(market, supervision, entries), script, supervision, entries)
        )

    def _market(self, number: int) -> Callable[..., Market]:
        """What makes the market of a venue: of the first one, one that tells who did what, if that is asked for."""
        if not self._settings.attribution or number:
            return Market
        path = _in(self._settings.log_dir, ATTRIBUTION)
        assert path is not None, "the command asks for both"
        try:
            log = self._resources.enter_context(AttributionLog(path))
        except OSError as error:
            raise ServiceError(f"cannot write {path}: {error.strerror}; give another --log-dir") from error
        return partial(AttributedMarket, log)

    def _day(self, market: Market, supervision: Supervision, entries: Sequence[OrderEntry]) -> InstantDay | TradingDay:
        def close_day(now: int) -> None:
            for entry in entries:
                entry.close_day(now)

        def close_extended(now: int) -> None:
            for entry in entries:
                entry.close_extended(now)

        if self._schedule is not None:
            mpids = dict.fromkeys([*HOUSE_MPIDS, *(login.firm for login in self._settings.logins)])
            return TradingDay(market, self._schedule, supervision, close_day, close_extended, list(mpids))
        opens_itself = self._found is None or not self._found.opens_market
        return InstantDay(market, opens_itself, close_day, close_extended)

    def session_symbols(self) -> set[str]:
        """All symbols that are listed."""
        return {symbol for venue in self.venues for symbol in venue.market.directory.listings}

    def _list_symbols(self, market: Market) -> list[str]:
        """List the file's symbols under their locates, then those of the generated flow; returns the latter."""
        try:
            for symbol, locate in (self._found.locates if self._found else {}).items():
                market.list_symbol(symbol, locate, self._found.prices.get(symbol) if self._found else None)
            if self._settings.universe is not None:
                chosen = universe(self._settings.universe, self._settings.seed)
                for rank, one in enumerate(chosen):
                    market.list_symbol(one.symbol, None, one.price).tier = "1" if rank < TIER_ONE else "2"
                return [one.symbol for one in chosen]
            for symbol in self._settings.symbols:
                market.list_symbol(symbol)
            return list(self._settings.symbols)
        except DirectoryError as error:
            raise ServiceError(str(error)) from error

    def _listed(self, market: Market) -> tuple[str, ...]:
        for symbol in self._settings.short_restricted:
            if symbol not in market.directory.listings:
                raise ServiceError(f"--short-restricted {symbol} is not listed: give one of the session's symbols")
        return self._settings.short_restricted

    def _phases(self, number: int, market: Market, symbols: Sequence[str]) -> list[Phase]:
        settings = self._settings
        phases: list[Phase] = []
        if self._found is not None and settings.replay is not None and number == 0:
            market.engine.reserve_references(self._found.highest_reference)
            file = self._resources.enter_context(binaryfile.read(settings.replay))
            self.session.replay = Replay(market, file)
            phases.append(Phase("replay", self.session.replay, settings.speed, self._found.first_time))
        flows: dict[str, Flow] = {}
        if settings.flow:
            pattern = "day" if settings.day else "bursty"
            generator = Generator(market, symbols, settings.rate, settings.seed + number, pattern)
            self.session.generators.append(generator)
            flows["generated"] = generator
            if self._schedule is not None:
                flows["crosses"] = CrossInterest(market, symbols, settings.seed + number, self._schedule)
        if settings.agents and number == 0:
            specs = [parse_agent(text) for text in settings.agents]
            flows |= build_agents(market, specs, settings.seed, self._labels)
        if number == 0:
            self.session.flows = {name: flow for name, flow in flows.items() if name != "generated"}
        if flows:
            start = START_OF_SYSTEM_HOURS if settings.day else None
            phases.append(Phase("generated", Merged(flows), settings.speed if settings.day else 1.0, start))
        return phases

    def _entry(self, market: Market, login: Login) -> OrderEntry:
        account = Account(login, self._settings.session, self._order_log.record)
        self.session.accounts.append(account)
        self._resources.callback(account.close)
        return OrderEntry(account, market, self._limits)


def _check_limits(settings: Settings, limits: Limits, symbols: set[str]) -> None:
    """Limits that apply to nobody or nothing are a mistake; ServiceError names the first one."""
    users, firms = {login.user for login in settings.logins}, {login.firm for login in settings.logins}
    named = [*limits.volumes]
    for one in (*limits.ports.values(), *limits.firms.values()):
        named += [*one.restricted_stocks, *one.short_sale_restricted]
    for what, names, known in (
        ("port", limits.ports, users),
        ("firm", limits.firms, firms),
        ("symbol", named, symbols),
    ):
        for name in names:
            if name not in known:
                some = ", ".join(sorted(known)[:8])
                raise ServiceError(f"{settings.limits}: {what} {name!r} is none of this session: give one of {some}")


def _fees(venue: Venue, entry: OrderEntry) -> int:
    """What a login owes its venue, in 1/10,000 dollar; negative when rebates prevail."""
    counters = entry.account.counters
    return venue.fees(counters.added_shares, counters.removed_shares)


def _in(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _survey(path: Path) -> Survey:
    try:
        compression = itch_files.compression_of(path)
        if compression is not None:
            raise ReplayError(itch_files.compressed(compression))
        with binaryfile.read(path) as messages:
            found = survey(messages)
            if not messages.complete:
                log.info("%s has no end record: a slice", path)
            return found
    except (OSError, ProtocolError, ReplayError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ServiceError(f"cannot replay {path}: {reason}; give an ITCH 5.0 file in BinaryFILE form") from error
