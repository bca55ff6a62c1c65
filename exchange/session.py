"""One session put together from its settings: market, flow, day and accounts, without sockets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exchange.account import Account, EntryCounters, Login
from exchange.clock import MARKET_OPEN, SECOND, SessionClock
from exchange.day import Day, Phase
from exchange.directory import DEFAULT_PRICES, DirectoryError
from exchange.disconnect import DEFAULT_GRACE
from exchange.flow.generator import Generator
from exchange.flow.replay import Replay, ReplayError, Survey, survey
from exchange.market import Market
from exchange.market_data import Line, Publisher
from exchange.order_entry import OrderEntry
from exchange.order_log import OrderLog
from protocols import binaryfile, itch_files
from protocols.errors import ProtocolError

log = logging.getLogger(__name__)


class ServiceError(ValueError):
    """The exchange cannot be set up; the text names the value and the remedy."""


@dataclass(frozen=True)
class Endpoint:
    """A multicast group and UDP port."""

    group: IPv4Address
    port: int


@dataclass(frozen=True)
class Settings:
    """All that a session is set up with.

    ``speed`` None = as fast as possible; ``seconds`` None = until stopped; ``cancel_on_disconnect`` ns, None = never.
    """

    bind: IPv4Address
    ouch_port: int
    feed_a: Endpoint
    feed_b: Endpoint
    session: str
    logins: tuple[Login, ...]
    symbols: tuple[str, ...] = tuple(DEFAULT_PRICES)
    flow: bool = True
    replay: Path | None = None
    speed: float | None = 1.0
    seconds: float | None = None
    rate: float = 500.0
    seed: int = 1
    start_on_login: bool = False
    cancel_on_disconnect: int | None = DEFAULT_GRACE
    ready_file: Path | None = None
    log_dir: Path | None = None


@dataclass
class Session:
    """The parts of one session, without sockets: what a test with a virtual clock drives directly.

    A context manager, because a replayed file stays open.
    """

    market: Market
    clock: SessionClock
    day: Day
    replay: Replay | None = None
    generator: Generator | None = None
    file: binaryfile.Reader | None = None
    accounts: list[Account] = field(default_factory=list)
    entries: list[OrderEntry] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.file is not None:
            self.file.close()

    def counters(self) -> dict[str, Any]:
        """What the session did: order entry over all and by login, the feed, and the flow."""
        total = EntryCounters()
        for account in self.accounts:
            total.add(account.counters)
        publisher = self.market.publisher
        return {
            **asdict(total),
            "by_login": {account.login.user: asdict(account.counters) for account in self.accounts},
            "feed": {
                "packets": publisher.packets,
                "heartbeats": publisher.heartbeats,
                "messages": len(publisher.messages),
                "by_type": publisher.by_type(),
            },
            "flow": {
                "replay": None if self.replay is None else self.replay.counters(),
                "generated": None if self.generator is None else self.generator.counters(),
            },
        }


def build_session(settings: Settings, lines: Sequence[Line], order_log: OrderLog) -> Session:
    """Put market, flow, day and accounts together; ServiceError for a bad file or symbol."""
    market = Market(Publisher(settings.session, lines))
    try:
        found = None if settings.replay is None else _survey(settings.replay)
        for symbol, locate in (found.locates if found else {}).items():
            market.list_symbol(symbol, locate, found.prices.get(symbol) if found else None)
        for symbol in settings.symbols:
            market.list_symbol(symbol)
    except DirectoryError as error:
        raise ServiceError(str(error)) from error
    clock = SessionClock((found.first_time if found else MARKET_OPEN) - SECOND)
    session = Session(market, clock, Day(market, clock))
    phases: list[Phase] = []
    if found is not None and settings.replay is not None:
        market.engine.reserve_references(found.highest_reference)
        session.file = binaryfile.read(settings.replay)
        session.replay = Replay(market, session.file)
        phases.append(Phase("replay", session.replay, settings.speed, found.first_time))
    if settings.flow:
        session.generator = Generator(market, settings.symbols, settings.rate, settings.seed)
        phases.append(Phase("generated", session.generator))
    opens_itself = found is None or not found.opens_market
    session.day = Day(market, clock, phases, settings.seconds, opens_itself)
    for login in settings.logins:
        account = Account(login, settings.session, order_log.record)
        session.accounts.append(account)
        session.entries.append(OrderEntry(account, market))
    return session


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
