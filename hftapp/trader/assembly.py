"""Puts the parts of a trader together, as its configuration wants them."""

import base64
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from hftapp.book.books import Books
from hftapp.clock import Clock
from hftapp.config import Config, Venue
from hftapp.feed.arbiter import Arbiter
from hftapp.feed.watch import FeedWatch
from hftapp.net.stack import Stack
from hftapp.nic.port import Port
from hftapp.records import Rings
from hftapp.trader.breaker import Breaker
from hftapp.trader.decisions import Decisions
from hftapp.trader.desk import Desk
from hftapp.trader.figures_table import STRATEGIES
from hftapp.trader.gateway import OrderGateway
from hftapp.trader.instrument import Instrument
from hftapp.trader.market import Market
from hftapp.trader.orders import Orders
from hftapp.trader.ouch import OuchEncoder
from hftapp.trader.publisher import Publisher
from hftapp.trader.replies import Replies
from hftapp.trader.reports import Reports
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.risk.permissions import Permissions
from hftapp.trader.router import Fees, Router
from hftapp.trader.session import OrderSession
from hftapp.trader.stages import NAMES as STAGES
from hftapp.trader.stages import Stages
from hftapp.trader.venue_market import VenueMarket
from hftapp.units import Fee
from hftapp.wire import Endpoint, Wire

MS = 1_000_000


@dataclass
class Parts:
    """Everything the loop works with; lists are by number of the venue, `desks` by number of the strategy."""

    settings: Config
    clock: Clock
    wire: Wire
    rings: Rings
    names: list[str]
    market: Market
    arbiters: list[Arbiter]
    watches: list[FeedWatch]
    orders: Orders
    risk: RiskGate
    router: Router
    sessions: list[OrderSession]
    stages: Stages
    gateway: OrderGateway
    replies: Replies
    desks: list[Desk]
    breaker: Breaker
    reports: Reports
    publisher: Publisher

    @property
    def cancel_ns(self) -> int:
        """How long the end waits for open orders to die."""
        return self.settings.order_entry.cancel_timeout_ms * MS


def lines(settings: Config) -> list[Endpoint]:
    """The multicast groups in the order of their line numbers: A and B of each venue."""
    return [line for venue in settings.venues for line in (venue.feed.a, venue.feed.b)]


def stack(settings: Config, port: Port, seed: bytes) -> Stack:
    """The trader's own network stack on a port; its random numbers follow from the seed."""
    address = settings.nic.address
    assert address is not None
    return Stack(port, address, rng=random.Random(int.from_bytes(seed, "big")))


def build(settings: Config, wire: Wire, rings: Rings, clock: Clock, seed: bytes) -> Parts:
    """A trader's parts on a wire. `seed`: at least 4 bytes that no other run of the day has.

    Raises ConfigError for a strategy that cannot be loaded.
    """
    figures = rings.figures
    now = clock.now()
    epoch = time.time_ns() - now
    reports = Reports(rings, clock, epoch)
    permissions = Permissions(settings.risk)

    def prepare(instrument: Instrument) -> None:
        permissions.apply(instrument)
        orders.prepare(instrument)

    market = Market(prepare)
    arbiters = [_feed(venue, number, market, rings) for number, venue in enumerate(settings.venues)]
    says = [_saying(reports, venue.name if len(settings.venues) > 1 else "") for venue in settings.venues]
    watches = [
        FeedWatch(arbiter, venue.feed.silence_timeout_ms * MS, now, say)
        for arbiter, venue, say in zip(arbiters, settings.venues, says, strict=True)
    ]
    orders = Orders(
        market.make,
        venues=len(settings.venues),
        run=base64.b32encode(seed).decode()[:4],
        counters=figures.words("orders"),
    )
    risk = RiskGate(settings.risk, orders, len(settings.venues), figures.words("risk"))
    replies = Replies(orders, market, risk)
    sessions = [
        OrderSession(
            number,
            venue.order_entry,
            wire,
            replies,
            rings.journal,
            epoch,
            says[number],
            figures.words(f"sent.{number}"),
        )
        for number, venue in enumerate(settings.venues)
    ]
    stages = Stages(clock, [figures.histogram(f"stages.{name}") for name in STAGES], figures.histogram("tick_to_trade"))
    encoders = [OuchEncoder(venue.order_entry.firm) for venue in settings.venues]
    decisions = Decisions(rings.journal, epoch, stages, arbiters)
    gateway = OrderGateway(orders, risk, sessions, encoders, stages, decisions)
    router = Router(market, [Fees(Fee(venue.taker_fee), Fee(venue.maker_rebate)) for venue in settings.venues])
    desks = [
        Desk(
            number,
            strategy,
            gateway,
            router,
            market,
            clock,
            figures.histogram(f"strategy.{min(number, STRATEGIES - 1)}"),
            reports.state,
        )
        for number, strategy in enumerate(settings.strategies)
    ]
    replies.desks = desks
    parts = Parts(
        settings=settings,
        clock=clock,
        wire=wire,
        rings=rings,
        names=[venue.name for venue in settings.venues],
        market=market,
        arbiters=arbiters,
        watches=watches,
        orders=orders,
        risk=risk,
        router=router,
        sessions=sessions,
        stages=stages,
        gateway=gateway,
        replies=replies,
        desks=desks,
        breaker=Breaker(gateway),
        reports=reports,
        publisher=Publisher(figures, market),
    )
    for number, name in enumerate(parts.names):
        figures.set_text(f"venue.{number}", name)
    for desk in desks[:STRATEGIES]:
        figures.set_text(f"kind.{desk.number}", f"{desk.kind} {desk.runs}")
    return parts


def _saying(reports: Reports, name: str) -> Callable[[str], None]:
    """What reports a part's state; with several venues, the name of its own before it."""

    def say(text: str) -> None:
        reports.state(f"{name}: {text}" if name else text)

    return say


def _feed(venue: Venue, number: int, market: Market, rings: Rings) -> Arbiter:
    """The arbiter of a venue's lines, with its books behind it."""
    figures = rings.figures
    books = Books(venue.feed.max_orders, max_levels=venue.feed.max_levels)
    handler = VenueMarket(market, books, venue.market_code, figures.words(f"by_type.{number}"))
    return Arbiter(
        handler,
        session=venue.feed.session,
        start=1 if venue.feed.start == "one" else None,
        gap_timeout=venue.feed.gap_timeout_ms * MS,
        hold_packets=venue.feed.hold_packets,
        counts=figures.words(f"feed.{number}"),
    )
