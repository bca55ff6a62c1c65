"""The matching engine against a naive list scan, and its rules one by one."""

import random
from dataclasses import dataclass, field

import pytest

from exchange.engine import Engine
from exchange.events import (
    Accepted,
    Cancelled,
    Event,
    Executed,
    Modified,
    Reject,
    Rejected,
    Replaced,
    Rested,
)
from exchange.orders import FIRST_REFERENCE, Order


@dataclass
class Plain:
    """An order of the oracle: a row in one unsorted list."""

    ref: int
    symbol: str
    buy: bool
    shares: int
    price: int
    displayed: bool
    ioc: bool
    post_only: bool
    arrival: int = 0


@dataclass
class Oracle:
    """Price-time priority by scanning one list; shares no code with the engine."""

    rows: list[Plain] = field(default_factory=list)
    clock: int = 0
    match: int = FIRST_REFERENCE - 1

    def best_against(self, order: Plain) -> Plain | None:
        ready = [
            row
            for row in self.rows
            if row.symbol == order.symbol
            and row.buy != order.buy
            and (row.price <= order.price if order.buy else row.price >= order.price)
        ]
        sign = 1 if order.buy else -1
        return min(ready, key=lambda row: (sign * row.price, not row.displayed, row.arrival), default=None)

    def work(self, order: Plain) -> list[tuple[object, ...]]:
        if order.post_only and self.best_against(order) is not None:
            return [("cancelled", order.ref, order.shares, 0, "G")]
        said: list[tuple[object, ...]] = []
        while order.shares:
            maker = self.best_against(order)
            if maker is None:
                break
            shares = min(maker.shares, order.shares)
            maker.shares -= shares
            order.shares -= shares
            self.match += 1
            said.append(("executed", maker.ref, order.ref, shares, maker.price, self.match, maker.shares))
            self.rows = [row for row in self.rows if row.shares]
        if order.shares and order.ioc:
            said.append(("cancelled", order.ref, order.shares, 0, "I"))
        elif order.shares:
            self.clock += 1
            order.arrival = self.clock
            self.rows.append(order)
            said.append(("rested", order.ref, order.shares))
        return said

    def enter(self, order: Plain) -> list[tuple[object, ...]]:
        return [("accepted", order.ref, order.shares), *self.work(order)]

    def replace(self, ref: int, order: Plain) -> list[tuple[object, ...]]:
        if not any(row.ref == ref for row in self.rows):
            return []
        self.rows = [row for row in self.rows if row.ref != ref]
        return [("replaced", ref, order.ref, order.shares), *self.work(order)]

    def cancel(self, ref: int, keep: int) -> list[tuple[object, ...]]:
        for row in self.rows:
            if row.ref == ref and keep < row.shares:
                taken, row.shares = row.shares - keep, keep
                self.rows = [other for other in self.rows if other.shares]
                return [("cancelled", ref, taken, keep, "U")]
        return []


def told(event: Event) -> tuple[object, ...]:
    match event:
        case Accepted():
            return ("accepted", event.order.ref, event.shares)
        case Executed():
            return (
                "executed",
                event.maker.ref,
                event.taker.ref,
                event.shares,
                event.price,
                event.match,
                event.remaining,
            )
        case Rested():
            return ("rested", event.order.ref, event.shares)
        case Cancelled():
            return ("cancelled", event.order.ref, event.shares, event.remaining, event.reason)
        case Replaced():
            return ("replaced", event.old.ref, event.new.ref, event.shares)
        case Modified():
            return ("modified", event.order.ref, event.shares, event.remaining)
        case Rejected():
            return ("rejected", event.order.ref, event.reason)


def twins(rng: random.Random, ref: int, symbol: str, buy: bool) -> tuple[Order, Plain]:
    shares = rng.choice([1, 7, 100, 100, 300])
    # Prices of both sides overlap, so that a good part of the orders takes.
    price = 10_000 + 100 * rng.randint(-8, 4) if buy else 10_000 + 100 * rng.randint(-4, 8)
    displayed, ioc, post_only = rng.random() < 0.8, rng.random() < 0.1, rng.random() < 0.1
    order = Order(ref, symbol, buy, shares, price, displayed=displayed, ioc=ioc, post_only=post_only)
    return order, Plain(ref, symbol, buy, shares, price, displayed, ioc, post_only)


def check_books(engine: Engine, oracle: Oracle) -> None:
    for symbol, book in engine.books.items():
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid.price < ask.price, f"{symbol} is crossed"
        for name, buy in (("bids", True), ("asks", False)):
            rows = [row for row in oracle.rows if row.symbol == symbol and row.buy == buy and row.displayed]
            prices = sorted({row.price for row in rows}, reverse=buy)
            want = [
                [price, sum(r.shares for r in rows if r.price == price), sum(r.price == price for r in rows)]
                for price in prices
            ]
            assert dict(book.view())[name] == want


@pytest.mark.parametrize("seed", range(4))
def test_random_operations_equal_a_list_scan(seed: int) -> None:
    rng = random.Random(seed)
    engine, oracle = Engine(), Oracle()
    for locate, symbol in enumerate(("AAA", "BBB"), 1):
        engine.add_symbol(symbol, locate)
    entered = executed = cancelled = 0
    known: list[int] = []
    for now in range(6_000):
        draw = rng.random()
        if draw < 0.5 or not known:
            order, plain = twins(rng, engine.next_reference(), rng.choice(["AAA", "BBB"]), rng.random() < 0.5)
            entered += order.shares
            events, want = engine.enter(order, now), oracle.enter(plain)
            known.append(order.ref)
        elif draw < 0.8:
            ref = known.pop(rng.randrange(len(known))) if rng.random() < 0.7 else rng.choice(known)
            keep = rng.choice([0, 0, 0, 1, 50, 200])
            events, want = engine.cancel(ref, keep, now), oracle.cancel(ref, keep)
        else:
            ref = rng.choice(known)
            old = engine.orders.get(ref)
            symbol, buy = ("AAA", True) if old is None else (old.symbol, old.buy)
            order, plain = twins(rng, engine.next_reference(), symbol, buy)
            before = 0 if old is None else old.shares
            entered += 0 if old is None else order.shares - before
            events, want = engine.replace(ref, order, now), oracle.replace(ref, plain)
            known.append(order.ref)
        assert [told(event) for event in events] == want
        assert all(event.time == now for event in events)
        executed += sum(2 * event.shares for event in events if isinstance(event, Executed))
        cancelled += sum(event.shares for event in events if isinstance(event, Cancelled))
        if now % 200 == 0:
            check_books(engine, oracle)
    check_books(engine, oracle)
    resting = sum(order.shares for order in engine.orders.values())
    assert entered == executed + cancelled + resting
    assert executed > 100_000
    assert cancelled > 30_000


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    engine.add_symbol("AAPL", 1)
    return engine


def order(engine: Engine, buy: bool, shares: int, price: int, **kind: bool | str) -> Order:
    return Order(engine.next_reference(), "AAPL", buy, shares, price, **kind)  # type: ignore[arg-type]


def test_displayed_orders_go_before_hidden_ones_at_the_same_price(engine: Engine) -> None:
    hidden, shown = order(engine, False, 100, 10_000, displayed=False), order(engine, False, 100, 10_000)
    engine.enter(hidden, 1)
    engine.enter(shown, 2)
    events = engine.enter(order(engine, True, 150, 10_000), 3)
    makers = [(event.maker, event.shares) for event in events if isinstance(event, Executed)]
    assert makers == [(shown, 100), (hidden, 50)]


def test_a_better_hidden_price_goes_before_a_worse_displayed_one(engine: Engine) -> None:
    shown, hidden = order(engine, False, 100, 10_100), order(engine, False, 100, 10_000, displayed=False)
    engine.enter(shown, 1)
    engine.enter(hidden, 2)
    events = engine.enter(order(engine, True, 100, 10_100, ioc=True), 3)
    assert [told(event)[1:5] for event in events if isinstance(event, Executed)] == [
        (hidden.ref, events[0].order.ref if isinstance(events[0], Accepted) else 0, 100, 10_000)
    ]


def test_a_replace_loses_priority_and_a_partial_cancel_keeps_it(engine: Engine) -> None:
    first, second, third = (order(engine, True, 100, 10_000) for _ in range(3))
    for now, each in enumerate((first, second, third)):
        engine.enter(each, now)
    again = order(engine, True, 100, 10_000)
    engine.replace(first.ref, again, 4)
    engine.cancel(second.ref, 40, 5)
    events = engine.enter(order(engine, False, 240, 10_000), 6)
    makers = [event.maker for event in events if isinstance(event, Executed)]
    assert makers == [second, third, again]


def test_a_replace_that_rests_whole_takes_over_the_feed_entry(engine: Engine) -> None:
    old, new = order(engine, True, 100, 10_000), order(engine, True, 200, 10_100)
    engine.enter(old, 1)
    replaced, rested = engine.replace(old.ref, new, 2)
    assert isinstance(replaced, Replaced)
    assert not replaced.withdrawn
    assert isinstance(rested, Rested)
    assert rested.replaces == old.ref


@pytest.mark.parametrize("kind", [{"displayed": False}, {"ioc": True}, {"attribution": "ABCD"}])
def test_other_replaces_withdraw_the_feed_entry(engine: Engine, kind: dict[str, bool | str]) -> None:
    old, new = order(engine, True, 100, 10_000), order(engine, True, 200, 10_100, **kind)
    engine.enter(old, 1)
    replaced = engine.replace(old.ref, new, 2)[0]
    assert isinstance(replaced, Replaced)
    assert replaced.withdrawn


def test_executed_shares_follow_the_replace_chain(engine: Engine) -> None:
    old, new = order(engine, True, 100, 10_000), order(engine, True, 60, 10_000)
    engine.enter(old, 1)
    engine.enter(order(engine, False, 40, 10_000), 2)
    engine.replace(old.ref, new, 3)
    engine.enter(order(engine, False, 60, 10_000), 4)
    assert new.executed == 100


def test_post_only_never_takes(engine: Engine) -> None:
    engine.enter(order(engine, False, 100, 10_000, displayed=False), 1)
    taker = order(engine, True, 100, 10_000, post_only=True)
    assert [told(event) for event in engine.enter(taker, 2)] == [
        ("accepted", taker.ref, 100),
        ("cancelled", taker.ref, 100, 0, "G"),
    ]
    below = order(engine, True, 100, 9_900, post_only=True)
    assert told(engine.enter(below, 3)[-1]) == ("rested", below.ref, 100)


def test_a_modify_reduces_in_place_and_ignores_increases(engine: Engine) -> None:
    resting = order(engine, True, 100, 10_000)
    engine.enter(resting, 1)
    assert [told(event) for event in engine.modify(resting.ref, 30, 2)] == [("modified", resting.ref, 70, 30)]
    assert [told(event) for event in engine.modify(resting.ref, 500, 3)] == [("modified", resting.ref, 0, 30)]
    assert engine.modify(resting.ref, 0, 4) == []
    assert engine.books["AAPL"].view()["bids"] == [[10_000, 30, 1]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"symbol": "NONE"}, Reject.INVALID_SYMBOL),
        ({"shares": 0}, Reject.INVALID_QUANTITY),
        ({"shares": 1 << 32}, Reject.INVALID_QUANTITY),
        ({"price": 0}, Reject.INVALID_PRICE),
        ({"price": 2_000_000_001}, Reject.INVALID_PRICE),
    ],
)
def test_impossible_orders_are_rejected(engine: Engine, change: dict[str, object], reason: Reject) -> None:
    bad = order(engine, True, 100, 10_000)
    resting = order(engine, True, 10, 9_000)
    engine.enter(resting, 1)
    for name, value in change.items():
        setattr(bad, name, value)
    assert [told(event) for event in engine.enter(bad, 2)] == [("rejected", bad.ref, reason)]
    assert [told(event) for event in engine.replace(resting.ref, bad, 3)] == [("rejected", bad.ref, reason)]
    assert engine.orders == {resting.ref: resting}


def test_a_closed_engine_takes_cancels_only(engine: Engine) -> None:
    resting = order(engine, True, 100, 10_000)
    engine.enter(resting, 1)
    engine.open = False
    late = order(engine, True, 100, 10_000)
    assert told(engine.enter(late, 2)[0]) == ("rejected", late.ref, Reject.CLOSED)
    assert told(engine.cancel(resting.ref, 0, 3)[0]) == ("cancelled", resting.ref, 100, 0, "U")


def test_unknown_references_give_no_event(engine: Engine) -> None:
    assert engine.cancel(99, 0, 1) == []
    assert engine.modify(99, 1, 1) == []
    assert engine.replace(99, order(engine, True, 1, 1), 1) == []


def test_assigned_references_stay_clear_of_reserved_ones(engine: Engine) -> None:
    assert engine.next_reference() >= FIRST_REFERENCE
    engine.reserve_references(1 << 40)
    assert engine.next_reference() == (1 << 40) + 1
