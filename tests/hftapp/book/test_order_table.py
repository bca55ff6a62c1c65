"""The hash table of orders against a dictionary, with clusters, wrap-arounds and growth forced by small sizes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.book.order_table import OrderTable
from hftapp.units import Price, Shares

operations = st.lists(st.tuples(st.booleans(), st.integers(0, 40) | st.integers((1 << 64) - 9, (1 << 64) - 1)))


def check(table: OrderTable, expected: dict[int, tuple[int, int, int]]) -> None:
    assert table.count == len(expected)
    for reference, (price, shares, half) in expected.items():
        slot = table.find(reference)
        assert table.words[4 * slot] == reference
        assert table.words[4 * slot + 2] == half
        assert (table.price(reference), table.shares(reference)) == (price, shares)
        assert table.holds(reference)


@given(operations)
def test_it_holds_what_a_dictionary_holds(steps: list[tuple[bool, int]]) -> None:
    table = OrderTable(16)
    expected: dict[int, tuple[int, int, int]] = {}
    for number, (enters, reference) in enumerate(steps, 1):
        if enters:
            found = table.insert(reference, Price(number % 7), Shares(number), number % 5)
            assert (found < 0) == (reference in expected)
            expected.setdefault(reference, (number % 7, number, number % 5))
        else:
            slot = table.find(reference)
            assert (slot >= 0) == (reference in expected)
            if slot >= 0:
                table.remove(slot)
                del expected[reference]
        assert table.find(reference) >= 0 or reference not in expected
    check(table, expected)


@pytest.mark.parametrize("seed", range(20))
def test_removals_from_a_nearly_full_table_lose_nobody(seed: int) -> None:
    rng = random.Random(seed)
    table = OrderTable(64)
    expected: dict[int, tuple[int, int, int]] = {}
    for _ in range(2000):
        if len(expected) < 47:
            reference = rng.getrandbits(rng.choice((6, 64)))
            if table.insert(reference, Price(1), Shares(2), 3) >= 0:
                expected[reference] = (1, 2, 3)
        if rng.random() < 0.7 and expected:
            gone = rng.choice(sorted(expected))
            table.remove(table.find(gone))
            del expected[gone]
        check(table, expected)
    assert table.grown == 0


def test_a_full_table_grows_and_keeps_everything() -> None:
    table = OrderTable(16)
    for reference in range(1000):
        table.insert(reference * 17, Price(reference), Shares(reference + 1), 4)
    check(table, {reference * 17: (reference, reference + 1, 4) for reference in range(1000)})
    assert (table.capacity, table.grown) == (2048, 7)


def test_room_is_made_in_time() -> None:
    table = OrderTable(16)
    for reference in range(9):
        table.insert(reference, Price(1), Shares(1), 0)
    assert table.relieve()
    assert (table.capacity, table.grown, table.relieve()) == (32, 1, False)


def test_values_use_all_their_bits() -> None:
    table = OrderTable(16)
    largest = (1 << 32) - 1
    table.insert((1 << 64) - 1, Price(largest), Shares(largest), 131_071)
    check(table, {(1 << 64) - 1: (largest, largest, 131_071)})


def test_neighbours_share_a_group_of_slots() -> None:
    table = OrderTable(1 << 12)
    for first in range(0, 4000, 4):
        homes = [table.home(first + offset) for offset in range(4)]
        assert homes == [homes[0] + 2 * offset for offset in range(4)]
        assert homes[0] % 8 == 0


@pytest.mark.parametrize("capacity", [0, 8, 17, 100])
def test_a_bad_capacity_is_named(capacity: int) -> None:
    with pytest.raises(ValueError, match=f"capacity {capacity} "):
        OrderTable(capacity)
