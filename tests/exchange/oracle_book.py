"""The oracle's orders and books: plain lists, and the questions of docs/matching.md that change nothing.

Written from the rules alone: nothing here is shared with `exchange/`. Numbers in parentheses are the rules.
"""

from collections import Counter
from dataclasses import dataclass, field
from operator import attrgetter

# OUCH 5.0 §5.7, one row for a mode, the scopes firm, organisation, affiliate, any of them.
QUIET, DECREMENT, OLDEST, NEWEST, REMOVERS = "decrement, no details", "decrement", "oldest", "newest", "remover's"
MODES = {QUIET: "YyZ0", DECREMENT: "DdE1", OLDEST: "OoP2", NEWEST: "WwX4", REMOVERS: "RrS5"}
MODE = {code: mode for mode, codes in MODES.items() for code in codes}
SCOPE = {code: scope for codes in MODES.values() for scope, code in enumerate(codes)}


@dataclass(eq=False, slots=True)
class Entry:
    """Shares that stand in a queue."""

    order: "PlainOrder"
    shares: int
    price: int
    hidden: bool
    reserve: bool
    arrival: int


@dataclass(eq=False, slots=True)
class PlainOrder:
    """An order; ``loose`` are its open shares that stand in no queue: those of a taker, and of a parked order."""

    ref: int
    symbol: str
    buy: bool
    shares: int
    limit: int
    displayed: bool = True
    ioc: bool = False
    post_only: bool = False
    midpoint: bool = False
    short_sale: bool = False
    min_quantity: int = 0
    max_floor: int = 0
    mpid: bytes = b""
    aiq: str = ""
    aiq_group: int = 0
    party: tuple[int, int, int] | None = None
    shown_ref: int = 0
    price: int = 0
    loose: int = 0
    executed: int = 0
    chained: bool = False
    placed_at: int = 0
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shown_ref = self.ref
        if self.midpoint:
            self.displayed = False

    @property
    def open(self) -> int:
        return self.loose + sum(entry.shares for entry in self.entries)

    @property
    def is_reserve(self) -> bool:
        return self.displayed and self.max_floor > 0

    @property
    def shown(self) -> int:
        """The shares the feed shows."""
        return sum(entry.shares for entry in self.entries if not entry.hidden)


_ARRIVAL = attrgetter("hidden", "arrival")


@dataclass(eq=False, slots=True)
class PlainBook:
    """One symbol: all entries of a side in one list in no order, and the midpoint orders in the order of entry."""

    bids: list[Entry] = field(default_factory=list)
    asks: list[Entry] = field(default_factory=list)
    midpoints: list[PlainOrder] = field(default_factory=list)
    halted: bool = False
    quoting: bool = False
    restricted: bool = False
    lower: int = 0
    upper: int = 0
    hits: Counter[str | tuple[str, ...]] = field(default_factory=Counter)

    def side(self, buy: bool) -> list[Entry]:
        return self.bids if buy else self.asks

    def queue(self, buy: bool) -> list[Entry]:
        """(9) Better price first, displayed before hidden, then by arrival."""
        entries = sorted(self.side(buy), key=_ARRIVAL)
        entries.sort(key=attrgetter("price"), reverse=buy)
        return entries

    def best_displayed(self, buy: bool) -> int:
        """A side of the touch, 0 where there is none."""
        prices = [entry.price for entry in self.side(buy) if not entry.hidden]
        return (max(prices) if buy else min(prices)) if prices else 0

    def midpoint_twice(self) -> int:
        """Bid + ask, 0 where there is no midpoint (18: nor in a halt and a quotation-only period)."""
        bid, ask = self.best_displayed(True), self.best_displayed(False)
        if self.halted or self.quoting or not bid or not ask or bid >= ask:
            return 0
        return bid + ask

    def within_reach(self, taker: PlainOrder) -> list[Entry]:
        """The opposite entries at the taker's working price or better, in queue order."""
        price = taker.price
        if taker.buy:
            entries = [entry for entry in self.asks if entry.price <= price]
            entries.sort(key=_ARRIVAL)
            entries.sort(key=attrgetter("price"))
        else:
            entries = [entry for entry in self.bids if entry.price >= price]
            entries.sort(key=_ARRIVAL)
            entries.sort(key=attrgetter("price"), reverse=True)
        return entries

    def maker_for(self, taker: PlainOrder) -> Entry | None:
        """(10)"""
        for entry in self.within_reach(taker):
            if not passed_over(entry, taker.loose):
                return entry
            self.hits["passed over"] += 1
        return None

    def could_trade(self, taker: PlainOrder) -> int:
        """(11)"""
        left = taker.loose
        for entry in self.within_reach(taker):
            if not passed_over(entry, left) and not strategy_between(entry.order, taker):
                left -= min(left, entry.shares)
        return taker.loose - left


def passed_over(entry: Entry, shares: int) -> bool:
    """(10) Whether the entry's minimum quantity is more than a taker with that many shares gives."""
    return entry.hidden and not entry.reserve and shares < entry.order.min_quantity and shares < entry.shares


def strategy_between(maker: PlainOrder, taker: PlainOrder) -> str:
    """(14) The code of the strategy that forbids them to trade, or nothing."""
    if maker.party is None or taker.party is None or maker.aiq_group != taker.aiq_group:
        return ""
    for code in (maker.aiq, taker.aiq):
        if code and MODE[code] != REMOVERS:
            same = [one == other for one, other in zip(maker.party, taker.party, strict=True)]
            applies = any(same) if SCOPE[code] == 3 else same[SCOPE[code]]
            return code if applies else ""
    return ""


def working_price(book: PlainBook, order: PlainOrder) -> int:
    """(2 to 5) Where the order works, 0 for parked; its shares are loose."""
    price = order.limit
    if order.midpoint:
        twice = book.midpoint_twice()
        if not twice:
            return 0
        price = min(price, twice // 2) if order.buy else max(price, (twice + 1) // 2)
    held = _within_bands(book, order.buy, price)
    if held != price:
        book.hits["held by a band"] += 1
    lifted = _above_the_bid(book, order, held)
    if lifted != held:
        book.hits["short sale lifted"] += 1
    order.price = lifted
    if order.min_quantity and not order.ioc and not book.quoting and book.could_trade(order) < order.min_quantity:
        order.price = _behind_the_opposite(book, order)
        if order.price != lifted:
            book.hits["put behind"] += 1
    return order.price


def _within_bands(book: PlainBook, buy: bool, price: int) -> int:
    if buy:
        return min(price, book.upper) if book.upper else price
    return max(price, book.lower)


def _above_the_bid(book: PlainBook, order: PlainOrder, price: int) -> int:
    bid = book.best_displayed(True)
    if not (order.short_sale and book.restricted and bid) or price > bid:
        return price
    return bid + (100 if bid >= 10_000 else 1)


def _behind_the_opposite(book: PlainBook, order: PlainOrder) -> int:
    opposite = book.queue(not order.buy)
    if not opposite:
        return order.price
    best = opposite[0].price
    tick = 100 if best > 10_000 else 1
    if order.buy:
        return best - tick if order.price >= best else order.price
    return best + tick if order.price <= best else order.price
