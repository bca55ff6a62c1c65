"""Real events (LOBSTER, AAPL 2012-06-21) through the books, compared row by row with LOBSTER's own order-book file.

The files hold what happens within the best ten levels, so a part of the state must be inferred:

- The sample starts with a book of orders entered before it: the ten levels of row 1 become one order a level.
- A level that comes into view (better ones disappeared) may have changed unseen, because the message file leaves out
  events beyond the tenth level. It is taken from the row in which it appears, and compared from the next row on.
- Events about orders from before the sample are applied to the inferred order of their side and price.

Everything else is compared exactly: all levels of each row up to the worst price in view in the row before.
"""

import csv
import itertools
from pathlib import Path

from protocols import itch50
from protocols.order_book import OrderBooks

DATA = Path(__file__).parents[2] / "data"
STEM = "AAPL_2012-06-21_34200000_57600000"
LEVELS = 10
NEW, CANCEL, DELETE, EXECUTE = "1", "2", "3", "4"
SEED_REFERENCE = 1 << 60
HEADER = {"stock_locate": 1, "tracking_number": 0}


def rows(kind: str) -> list[list[str]]:
    with (DATA / f"{STEM}_{kind}_10.csv").open(newline="") as file:
        return list(csv.reader(file))


def side_levels(row: list[str], side: str) -> list[tuple[int, int]]:
    """(price, shares) of one side of an order-book row: ask price, ask size, bid price, bid size, level by level."""
    offset = 0 if side == "S" else 2
    found = [(int(row[4 * level + offset]), int(row[4 * level + offset + 1])) for level in range(LEVELS)]
    return [(price, shares) for price, shares in found if shares]


class Replay:
    """Turns LOBSTER rows into ITCH messages and applies them."""

    def __init__(self) -> None:
        self.books = OrderBooks()
        self.live: set[int] = set()
        self.seeds: dict[tuple[str, int], int] = {}
        self.numbers = itertools.count()

    def add(self, reference: int, side: str, shares: int, price: int) -> None:
        message = itch50.AddOrder(
            **HEADER,
            timestamp=0,
            order_reference_number=reference,
            buy_sell_indicator=side,
            shares=shares,
            stock="AAPL",
            price=price,
        )
        self.books.apply(itch50.decode(message.encode()))

    def event(self, row: list[str]) -> bool:
        """Apply one event; True when it referred to an order whose entry was not seen."""
        kind, reference, shares, price = row[1], int(row[2]), int(row[3]), int(row[4])
        side = "B" if row[5] == "1" else "S"
        if kind == NEW:
            self.live.add(reference)
            self.add(reference, side, shares, price)
            return False
        if kind not in (CANCEL, DELETE, EXECUTE):
            return False  # hidden executions, crosses and halts do not touch the displayed book
        early = reference not in self.live
        if early:
            reference = self.seeds.get((side, price), 0)
        self.apply(self.message(kind, reference, shares, early))
        return early

    def apply(self, message: itch50.ItchMessage) -> None:
        self.books.apply(itch50.decode(message.encode()))

    def levels(self, side: str) -> dict[int, int]:
        return {price: shares for price, shares, _ in self.books.book(1).levels(side)}

    def infer(self, side: str, price: int, shares: int) -> None:
        """A level came into view: make it what the row shows, unless it is that already (0: no such level)."""
        if self.levels(side).get(price, 0) == shares:
            return
        for reference, _ in self.books.book(1).orders(side, price):
            self.live.discard(reference)
            self.apply(itch50.OrderDelete(**HEADER, timestamp=0, order_reference_number=reference))
        if shares:
            reference = self.seeds[side, price] = SEED_REFERENCE + next(self.numbers)
            self.add(reference, side, shares, price)

    @staticmethod
    def message(kind: str, reference: int, shares: int, early: bool) -> itch50.ItchMessage:
        common = {**HEADER, "timestamp": 0, "order_reference_number": reference}
        if kind == EXECUTE:
            return itch50.OrderExecuted(**common, executed_shares=shares, match_number=1)
        if kind == CANCEL or early:  # one seeded order stands for several: it loses only the shares named
            return itch50.OrderCancel(**common, cancelled_shares=shares)
        return itch50.OrderDelete(**common)


def inside(side: str, price: int, horizon: int) -> bool:
    return price <= horizon if side == "S" else price >= horizon


def test_every_inferable_level_of_every_row_is_the_oracle_s() -> None:
    events, oracle = rows("message"), rows("orderbook")
    assert len(events) == len(oracle) == 999
    replay = Replay()
    horizon: dict[str, int] = {}
    for side in "SB":
        shown = side_levels(oracle[0], side)
        for price, shares in shown:
            replay.infer(side, price, shares)
        horizon[side] = shown[-1][0]

    compared = early = inferred = 0
    for number, (event, row) in enumerate(zip(events[1:], oracle[1:], strict=True), start=2):
        early += replay.event(event)
        for side in "SB":
            shown = side_levels(row, side)
            expected = {price: shares for price, shares in shown if inside(side, price, horizon[side])}
            found = {
                price: shares for price, shares in replay.levels(side).items() if inside(side, price, horizon[side])
            }
            visible = dict(list(found.items())[:LEVELS])
            assert visible == expected, f"row {number}, side {side}, event {event}"
            compared += len(expected)
            entering = {price: shares for price, shares in shown if price not in expected}
            inferred += len(entering)
            worst = shown[-1][0]
            for price in [
                price for price in replay.levels(side) if inside(side, price, worst) and price not in expected
            ]:
                entering.setdefault(price, 0)
            for price, shares in entering.items():
                replay.infer(side, price, shares)
            horizon[side] = worst
    print(f"{compared} level-rows of {2 * LEVELS * 998} compared, {inferred} inferred, {early} early events")
    assert compared >= 19_500
    assert compared + inferred == 2 * LEVELS * 998
    assert early < 40
    assert replay.books.unknown_references == 0
