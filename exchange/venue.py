"""One venue of the exchange: its market, its accounts, its order flow and what its day does by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from exchange.market import END_OF_MESSAGES, Market
from exchange.order_entry import OrderEntry
from exchange.script import Script
from exchange.state_hash import state_hash
from exchange.supervision import Supervision


class Timed(Protocol):
    """Something that happens by exchange time (ns since midnight)."""

    def next_deadline(self) -> int | None:
        """When `advance` has something to do, None while it has not."""

    def advance(self, now: int) -> None:
        """Do what is due."""


class TradingDay(Timed, Protocol):
    """What opens and closes a venue."""

    def start(self, now: int) -> None:
        """Begin: at least the first messages of the day."""

    def end(self, now: int) -> None:
        """Close what is not closed yet."""


@dataclass(frozen=True)
class VenueKind:
    """What tells venues apart. Fees are in 1/10,000 dollar for 100 shares, negative for a rebate.

    ``keeps_priority``: a replace that only takes shares off keeps its place.
    """

    name: str
    title: str
    add_fee: int
    remove_fee: int
    keeps_priority: bool


# Maker-taker, taker-maker and a price-setter market, in the shape of the three US books of one operator. The base rates
# of public price lists change month by month; these are round figures of their size.
VENUES: dict[str, VenueKind] = {
    kind.name: kind
    for kind in (
        VenueKind("NSDQ", "maker-taker", add_fee=-2_000, remove_fee=3_000, keeps_priority=False),
        VenueKind("BX", "taker-maker", add_fee=2_000, remove_fee=-1_000, keeps_priority=False),
        VenueKind("PSX", "price setter", add_fee=-2_300, remove_fee=3_000, keeps_priority=True),
    )
}


@dataclass
class Venue:
    """The parts of one venue. What goes by the clock is advanced in this order: day, supervision, orders that end."""

    kind: VenueKind
    market: Market
    day: TradingDay
    script: Script
    supervision: Supervision
    entries: list[OrderEntry] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The venue's short name."""
        return self.kind.name

    def start(self, now: int) -> None:
        """Begin the day and the order flow."""
        self.day.start(now)
        self.script.start()

    def end(self, now: int) -> None:
        """Stop the flow and close the day."""
        self.script.stop()
        self.day.end(now)

    def next_deadline(self) -> int | None:
        """The earliest deadline of the day and all timers."""
        deadlines = [due for part in self._timed() if (due := part.next_deadline()) is not None]
        return min(deadlines, default=None)

    def advance(self, now: int) -> None:
        """Do what is due."""
        for part in self._timed():
            due = part.next_deadline()
            if due is not None and due <= now:
                part.advance(now)
        if self.market.last_system_event == END_OF_MESSAGES:
            # The feed is silent from here on, so the books must not change any more.
            self.script.stop()

    def flush(self, monotonic: int) -> None:
        """Send the packets of what happened; after the end of messages, end the feed's session."""
        publisher = self.market.publisher
        publisher.flush(monotonic)
        if self.market.last_system_event == END_OF_MESSAGES and not publisher.ended:
            publisher.end(monotonic)

    def _timed(self) -> Iterator[Timed]:
        yield self.day
        yield from self.supervision.timers
        yield from self.entries

    def state_hash(self) -> str:
        """One digest over the market and what its accounts were told and have asked."""
        return state_hash(self.market, (number for entry in self.entries for number in entry.state()))

    def fees(self, added: int, removed: int) -> int:
        """Fees for shares added and removed, in 1/10,000 dollar; negative when rebates prevail."""
        return (added * self.kind.add_fee + removed * self.kind.remove_fee) // 100
