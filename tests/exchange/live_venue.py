"""A real market as the source of a feed: generated flow, an agent, and traders who use what the engine has."""

import random
from collections import Counter
from typing import Any

from exchange.auction import Auctions
from exchange.clock import MARKET_OPEN
from exchange.flow.agents import build_agents, parse_agent
from exchange.flow.generator import Generator
from exchange.flow.labels import Labels
from exchange.flow.merge import Merged
from exchange.halts import Halts
from exchange.itch_writer import ItchWriter
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.noii_timer import NoiiTimer
from exchange.orders import Order, Party, limit_order
from exchange.participant import Participant
from protocols.order_book import OrderBooks

Queues = dict[tuple[int, bool, int], list[tuple[int, int]]]
"""(reference, shares) in sequence of execution, by (locate, buy, price)."""

SYMBOLS = ("AAPL", "MSFT", "INTC", "CSCO")
AGENTS = ("spoof:at=0.02,every=0.1,hold=0.05",)
TICK = 100
STRATEGIES = "YyZ0DdE1OoP2WwX4RrS5"
FEATURES = frozenset(
    ("refreshed", "taken over", "kept its place", "hidden trade", "midpoint trade", "self-match", "cross", "band")
)
"""What `Traders.seen` counts; over many seeds nothing of it may be missing."""


class Traders(Participant):
    """A flow of orders of all kinds near the touch, with their replaces and cancels; now and then a halt or a band."""

    def __init__(self, market: Market, halts: Halts, rng: random.Random) -> None:
        self.seen: Counter[str] = Counter()
        self._market = market
        self._halts = halts
        self._rng = rng
        self._owner = market.join(self)
        self._alive: list[Order] = []
        self._banded = ""
        self._time = 0

    def start(self, now: int) -> None:
        self._time = now

    def next_time(self) -> int | None:
        return self._time

    def counters(self) -> dict[str, Any]:
        return dict(self.seen)

    def step(self) -> None:
        """Do one thing; one in a hundred changes how a symbol trades."""
        rng, now = self._rng, self._time
        self._time += rng.randint(1, 300_000)
        roll = rng.random()
        if roll < 0.01:
            self._move_state(now)
            return
        order = self._pick() if roll > 0.5 else None
        if order is None:
            new = self._order(rng.choice(SYMBOLS), rng.random() < 0.5)
            self._market.enter(new, now)
            self._alive.append(new)
        elif roll < 0.75:
            new = self._replacement(order)
            if self._market.replace(order, new, now):
                self._alive.append(new)
        elif roll < 0.85:
            self._market.modify(order, (order.open_shares() + 1) // 2, now)
        else:
            self._market.cancel(order, rng.choice((0, 0, order.open_shares() // 2)), now)

    def rested(self, order: Order, replaces: int) -> None:
        self.seen["taken over"] += bool(replaces)

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        self.seen["kept its place"] += new.level is not None and new.shown_ref == old.shown_ref

    def restated(self, order: Order) -> None:
        self.seen["refreshed"] += 1

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        self.seen["hidden trade"] += not maker.displayed
        self.seen["midpoint trade"] += maker.midpoint

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        self.seen["self-match"] += 1

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        self.seen["cross"] += 1

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        self.seen["band"] += reason == "D"

    def _pick(self) -> Order | None:
        """An order that can still trade, every one as likely as the next."""
        alive = self._alive
        while alive:
            place = self._rng.randrange(len(alive))
            if alive[place].open_shares():
                return alive[place]
            alive[place] = alive[-1]
            alive.pop()
        return None

    def _order(self, symbol: str, buy: bool) -> Order:
        rng, book = self._rng, self._market.book(symbol)
        opposite = book.side(not buy).best_displayed()
        anchor = self._market.directory.listings[symbol].price if opposite is None else opposite.price
        away = rng.randint(-2, 8) * TICK
        price = max(TICK, anchor - away if buy else anchor + away)
        order = limit_order(
            book, buy, rng.choice((1, 50, 100, 300, 700)), price, self._market.engine.next_reference(), self._owner
        )
        order.displayed = rng.random() < 0.75
        order.midpoint = rng.random() < 0.1
        order.ioc = rng.random() < 0.1
        order.post_only = rng.random() < 0.1
        order.max_floor = rng.choice((0, 0, 20, 100))
        order.min_quantity = 0 if order.displayed else rng.choice((0, 100))
        order.mpid = rng.choice((b"", b"", b"MMKA", b"HFTX"))
        order.party = Party(rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 2))
        order.aiq = ord(rng.choice(STRATEGIES)) if rng.random() < 0.3 else 0
        return order

    def _replacement(self, old: Order) -> Order:
        """Half of the time the same order with fewer shares or at another price: it may take over or keep its place."""
        new = self._order(old.book.symbol, old.buy)
        if self._rng.random() < 0.5:
            new.displayed, new.midpoint, new.ioc, new.mpid = old.displayed, old.midpoint, False, old.mpid
            new.max_floor, new.min_quantity = old.max_floor, old.min_quantity
            if self._rng.random() < 0.5:
                new.limit = old.limit
                new.shares = max(1, old.open_shares() - 10)
        return new

    def _move_state(self, now: int) -> None:
        """Take a symbol one step through halt, quotation, halt cross; or set the price bands of one, or lift them."""
        rng, listings = self._rng, self._market.directory.listings
        if rng.random() < 0.3:
            self._move_bands(now)
            return
        waiting = [symbol for symbol in SYMBOLS if listings[symbol].trading_state != "T"]
        symbol = waiting[0] if waiting else rng.choice(SYMBOLS)
        match listings[symbol].trading_state:
            case "T":
                self._halts.halt(symbol, "T1", now)
            case "H":
                self._halts.quote(symbol, "T3", now, None)
            case _:
                self._halts.resume(symbol, "T3", now)

    def _move_bands(self, now: int) -> None:
        engine, symbol = self._market.engine, self._banded
        if symbol:
            self._banded = ""
            engine.set_band(self._market.book(symbol), 0, 0, self._market.stamp(now))
            return
        self._banded = self._rng.choice(SYMBOLS)
        book = self._market.book(self._banded)
        bid = book.bids.best_displayed()
        if bid is not None:
            # The best bids stand above the new upper band.
            engine.set_band(book, bid.price - 9 * TICK, bid.price - TICK, self._market.stamp(now))


class LiveVenue:
    """One market and its flows; every other seed is a venue whose replaces may keep their place."""

    def __init__(self, publisher: Publisher, seed: int) -> None:
        self.publisher = publisher
        self.market = Market(publisher, seed=seed, keeps_priority=seed % 2 == 1)
        for symbol in SYMBOLS:
            self.market.list_symbol(symbol)
        auctions = Auctions(self.market)
        self.halts = Halts(self.market, auctions, NoiiTimer(self.market, auctions))
        self.traders = Traders(self.market, self.halts, random.Random(seed))
        agents = build_agents(self.market, [parse_agent(text) for text in AGENTS], seed, Labels())
        generator = Generator(self.market, SYMBOLS, 10_000, seed)
        self._flow = Merged({"generated": generator, "traders": self.traders, **agents})
        for event in "OSQ":
            self.market.system_event(event, MARKET_OPEN)
        self.market.announce_symbols(MARKET_OPEN)
        self._flow.start(MARKET_OPEN)

    def step(self) -> None:
        """Let whoever is due next act: none, one or several messages."""
        self._flow.step()

    def end_of_day(self) -> None:
        """The last system events."""
        for event in "MEC":
            self.market.system_event(event, self.market.time)

    def snapshot_into(self, writer: ItchWriter) -> int:
        """Describe the present state (`SnapshotSource`)."""
        return self.market.snapshot_into(writer)

    def queues(self) -> Queues:
        """The displayed queues of the engine itself."""
        return {
            (book.locate, side.buy, level.price): [(order.shown_ref, order.shares) for order in level]
            for book in self.market.engine.books.values()
            for side in (book.bids, book.asks)
            for level in side
            if level.orders
        }


def queues_of(books: OrderBooks) -> Queues:
    """The same of a receiver's books."""
    queues: Queues = {}
    for locate in range(1, len(SYMBOLS) + 1):
        book = books.book(locate)
        for side in "BS":
            for price, _, _ in book.levels(side):
                queues[locate, side == "B", price] = book.orders(side, price)
    return queues
