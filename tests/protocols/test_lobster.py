"""A real day's events against the exchange's own books: LOBSTER's two files, row by row.

Row n of the order book file is the ten best levels of each side after event n. Events become ITCH messages; the book
that comes of them must give the rows. The files hold neither what stood on the book before the first event, nor events
beyond the tenth level. Both are inferred: a level that comes into view is taken over as its row shows it, and from then
on has to agree by the events alone.
"""

import csv
from pathlib import Path

from protocols.itch50 import AddOrder, ItchMessage, OrderCancel, OrderDelete, OrderExecuted, decode
from protocols.order_book import OrderBooks

DATA = Path(__file__).parent.parent / "data"
NAME = "AAPL_2012-06-21_34200000_57600000_{}_10.csv"
HEADER = {"stock_locate": 1, "tracking_number": 0, "timestamp": 0}
EMPTY = 9_999_999_999

Levels = list[tuple[int, int]]


def rows(kind: str) -> list[list[str]]:
    with (DATA / NAME.format(kind)).open(newline="") as file:
        return list(csv.reader(file))


def book_rows() -> list[dict[str, Levels]]:
    """Return (price, shares) by side, best first, for every row."""
    result = []
    for raw in rows("orderbook"):
        numbers = [int(value) for value in raw]
        levels = [tuple(numbers[start : start + 4]) for start in range(0, len(numbers), 4)]
        asks = [(level[0], level[1]) for level in levels if abs(level[0]) != EMPTY]
        bids = [(level[2], level[3]) for level in levels if abs(level[2]) != EMPTY]
        result.append({"B": bids, "S": asks})
    return result


def add(reference: int, side: str, shares: int, price: int) -> AddOrder:
    return AddOrder(
        order_reference_number=reference, buy_sell_indicator=side, shares=shares, stock="AAPL", price=price, **HEADER
    )


def is_beyond(side: str, price: int, worst: int | None) -> bool:
    """Tell whether a price is out of view, `worst` being the last price in view."""
    return worst is None or (price < worst if side == "B" else price > worst)


class Replay:
    """Feeds events to a book; an order from before the first event lives in a stand-in order per level."""

    def __init__(self) -> None:
        self.books = OrderBooks()
        self.known: set[int] = set()
        self.stand_ins: dict[tuple[str, int], int] = {}
        self.last_stand_in = 1 << 63
        self.worst: dict[str, int | None] = {"B": None, "S": None}
        self.inferred = 0
        self.early = 0
        self.compared = 0

    def message(self, event: list[str]) -> ItchMessage | None:
        """Return the ITCH message of an event; hidden executions, crosses and halts do not touch the book."""
        kind, reference, size, price = int(event[1]), int(event[2]), int(event[3]), int(event[4])
        side = "B" if event[5] == "1" else "S"
        if kind == 1:
            self.known.add(reference)
            return add(reference, side, size, price)
        if kind not in (2, 3, 4):
            return None
        if reference not in self.known:
            self.early += 1
            stand_in = self.stand_ins.get((side, price), 0)
            return OrderCancel(order_reference_number=stand_in, cancelled_shares=size, **HEADER)
        if kind == 2:
            return OrderCancel(order_reference_number=reference, cancelled_shares=size, **HEADER)
        if kind == 3:
            return OrderDelete(order_reference_number=reference, **HEADER)
        return OrderExecuted(order_reference_number=reference, executed_shares=size, match_number=1, **HEADER)

    def infer(self, side: str, shown: Levels) -> None:
        """Take over the levels of a row that come into view: what happened to them out of view is not in the files."""
        have = {level[0]: level[1] for level in self.books.book(1).levels(side)}
        row = dict(shown)
        previous, self.worst[side] = self.worst[side], shown[-1][0]
        for price in sorted(have.keys() | row.keys()):
            if not is_beyond(side, price, previous) or is_beyond(side, price, self.worst[side]):
                continue
            if have.get(price, 0) != row.get(price, 0):
                self.take_over(side, price, row.get(price, 0))
                self.inferred += 1

    def take_over(self, side: str, price: int, shares: int) -> None:
        """Put one stand-in order in the place of all that is known at a price."""
        for reference, _ in self.books.book(1).orders(side, price):
            self.books.apply(OrderDelete(order_reference_number=reference, **HEADER))
            self.known.discard(reference)
        if shares:
            self.last_stand_in += 1
            self.stand_ins[side, price] = self.last_stand_in
            self.books.apply(add(self.last_stand_in, side, shares, price))

    def compare(self, side: str, shown: Levels) -> None:
        levels = [(level[0], level[1]) for level in self.books.book(1).levels(side, depth=len(shown))]
        assert levels == shown
        self.compared += len(shown)


def test_events_give_the_books_row_by_row() -> None:
    events, books = rows("message"), book_rows()
    assert len(events) == len(books) == 999
    replay = Replay()
    assert events[0][1] == "1", "the first event adds an order, so the row after it shows all that stood before, and it"
    for event, row in zip(events, books, strict=True):
        message = replay.message(event)
        if message is not None:
            replay.books.apply(decode(message.encode()))
        for side in "BS":
            replay.infer(side, row[side])
            replay.compare(side, row[side])
    assert replay.compared == 999 * 20
    assert replay.inferred == 33  # 20 of them in the first row
    assert replay.early == 9, "events about orders from before the first"
    built = replay.books
    assert built.over_executions == built.duplicate_references == built.unknown_references == 0
