"""Queue positions: shares ahead at entry, at the first fill and at the end, by hand and against a naive book."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from store.analytics import executions, market, own_orders
from store.analytics.queue_position import Event, Queues, queue_positions
from tests.store.analytics.worked import MS, Row, S, event, execution, order, tables

OWN = 50


def add(sequence: int, ref: int, shares: int, price: int = 100, **other: Any) -> Row:
    return event(sequence, "A", ref, price=price, shares=shares, **other)


def _queue(*rows: Row, own: int = OWN) -> dict[str, Any]:
    given = tables(
        l3_events=list(rows),
        orders=[order(1, 1, "entered", shares=300), order(2, 2, "accepted", shares=300, order_ref=own)],
    )
    there = market.build(given)
    fills = executions.build(given, there)
    found = queue_positions(own_orders.build(given, there, fills, S), fills, given.l3_events)
    return found.row(0, named=True) if found.height else {}


LEVEL = (add(1, 1, 500), add(2, 2, 200), add(3, OWN, 300), add(4, 3, 400))


def test_what_was_there_before_is_ahead_and_what_came_later_is_not() -> None:
    found = _queue(*LEVEL)
    assert (found["ahead_at_entry"], found["orders_ahead"]) == (700, 2)
    assert (found["ahead_at_fill"], found["ahead_at_end"]) == (None, None)


def test_other_prices_sides_symbols_and_venues_are_other_queues() -> None:
    others = (
        add(1, 11, 900, price=101),
        add(2, 12, 900, side="S"),
        add(3, 13, 900, symbol="ELSE"),
        add(1, 14, 900, venue=1),
    )
    assert _queue(*others, add(4, OWN, 300))["ahead_at_entry"] == 0


def test_executions_and_cancels_ahead_move_it_on_and_those_behind_do_not() -> None:
    found = _queue(
        *LEVEL,
        event(5, "E", 1, shares=100),
        event(6, "X", 2, shares=50),
        event(7, "D", 3),
        event(8, "D", OWN),
    )
    assert found["ahead_at_end"] == 700 - 100 - 50
    assert found["ahead_at_fill"] is None


def test_at_its_first_fill_the_front_is_gone_and_the_rest_is_behind() -> None:
    found = _queue(*LEVEL, event(5, "E", 1, shares=500), event(6, "E", 2, shares=200), event(7, "E", OWN, shares=300))
    assert (found["ahead_at_fill"], found["behind_at_fill"], found["ahead_at_end"]) == (0, 400, 0)


def test_a_replaced_order_goes_to_the_end_of_its_new_level() -> None:
    found = _queue(add(1, OWN - 1, 300), add(2, 1, 500), event(3, "U", OWN - 1, new_ref=OWN, price=100, shares=300))
    assert found["ahead_at_entry"] == 500


def test_more_taken_than_there_is_takes_what_there_is() -> None:
    found = _queue(add(1, 1, 100), add(2, OWN, 300), event(3, "E", 1, shares=9_999), event(4, "D", OWN))
    assert (found["ahead_at_entry"], found["ahead_at_end"]) == (100, 0)


def test_events_of_orders_that_nobody_introduced_are_left_out() -> None:
    strange = (event(1, "E", 9, shares=5), event(2, "D", 9), event(3, "U", 9, new_ref=10, price=100, shares=5))
    assert _queue(*strange, add(4, OWN, 300), event(5, "P", 0, shares=7))["ahead_at_entry"] == 0


def test_an_order_that_the_feed_never_showed_has_no_place() -> None:
    assert _queue(*LEVEL, own=99) == {}


def test_without_its_reference_a_makers_execution_tells_it_by_the_match_number() -> None:
    given = tables(
        l3_events=[*LEVEL, event(5, "E", OWN, shares=100, match=7)],
        orders=[order(1, 1, "entered", shares=300), order(2, 2, "accepted", shares=300)],
        executions=[execution(3, 5 * MS, 100, 100, match=7)],
    )
    there = market.build(given)
    fills = executions.build(given, there)
    found = queue_positions(own_orders.build(given, there, fills, S), fills, given.l3_events)
    assert found.select("order_ref", "ahead_at_entry", "ahead_at_fill").rows() == [(OWN, 700, 700)]


_EVENTS = st.lists(
    st.tuples(st.sampled_from("AAFEXDU"), st.integers(1, 9), st.integers(1, 9), st.sampled_from("BS")).flatmap(
        lambda head: st.tuples(st.just(head), st.integers(1, 2), st.integers(1, 300))
    ),
    max_size=40,
)


@given(_EVENTS, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_it_is_what_a_list_of_orders_gives(events: list[tuple[tuple[str, int, int, str], int, int]], own: int) -> None:
    rows = [Event(kind, ref, new, side, price, shares, "S") for (kind, ref, new, side), price, shares in events]
    queues = Queues(frozenset({own}))
    for row in rows:
        queues.apply(row)
    assert list(queues.found()) == _naive(rows, own)


def _naive(rows: list[Event], own: int) -> list[tuple[int, int, int, int | None, int | None, int | None]]:
    """All orders in one list in the order of their time; queue positions by looking through it."""
    book: list[list[Any]] = []
    places: dict[int, list[Any]] = {}

    def ahead(of: list[Any]) -> list[list[Any]]:
        return [one for one in book[: book.index(of)] if one[1:3] == of[1:3]]

    def put(ref: int, side: str, price: int, shares: int) -> None:
        if any(one[0] == ref for one in book):
            return
        book.append([ref, side, price, shares])
        if ref == own:
            front = ahead(book[-1])
            places[ref] = [ref, sum(one[3] for one in front), len(front), None, None, None]

    for row in rows:
        if row.event in "AF":
            put(row.order_ref, row.side, row.price, row.shares)
            continue
        found = next((one for one in book if one[0] == row.order_ref), None)
        if found is None:
            continue
        front = sum(one[3] for one in ahead(found))
        taken = min(found[3], row.shares) if row.event in "EX" else found[3]
        if found[0] == own:
            if row.event == "E" and places[own][3] is None:
                level = sum(one[3] for one in book if one[1:3] == found[1:3])
                places[own][3:5] = [front, level - front - found[3]]
            if taken == found[3]:
                places[own][5] = front
        found[3] -= taken
        side = found[1]
        if not found[3]:
            book.remove(found)
        if row.event == "U":
            put(row.new_ref, side, row.price, row.shares)
    return [tuple(place) for place in places.values()]


def test_two_venues_use_the_same_reference_for_different_orders() -> None:
    given = tables(
        l3_events=[add(1, 1, 100), add(2, OWN, 300), add(1, 1, 800, venue=1), add(2, OWN, 300, venue=1)],
        orders=[
            order(1, 1, "entered", shares=300),
            order(2, 2, "accepted", shares=300, order_ref=OWN),
            order(3, 3, "entered", shares=300, venue=1),
            order(4, 4, "accepted", shares=300, order_ref=OWN, venue=1),
        ],
    )
    there = market.build(given)
    fills = executions.build(given, there)
    found = queue_positions(own_orders.build(given, there, fills, S), fills, given.l3_events)
    assert found.sort("venue").select("venue", "ahead_at_entry").rows() == [("0", 100), ("1", 800)]
    assert found.filter(pl.col("venue") == "1")["reference"].to_list() == [1]
