"""Inserting again changes nothing: whatever comes twice, in part, in another order, over months, after a deletion."""

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import inserter, rows
from store.client import Store
from store.errors import StoreError
from store.inserter import Inserted
from store.tables import COUNTERS, TRADES

MONTH = 31 * 86_400_000_000_000
BEGIN = 1_800_000_000_000_000_000
runs = (f"run{number}" for number in itertools.count())


def trades(run: str, sequences: list[int], *, venue: int = 0, step: int = 1_000) -> pa.Table:
    """Trades whose price follows from their number."""
    count = len(sequences)
    numbers = np.array(sequences, np.uint64)
    values = {
        "venue": np.full(count, venue, np.uint8),
        "sequence": numbers,
        "t": BEGIN + numbers.astype(np.int64) * step,
        "symbol": ["ABC"] * count,
        "locate": np.full(count, 1, np.uint16),
        "price": (numbers % 1_000).astype(np.uint32),
        "shares": numbers,
        "side": ["B"] * count,
        "match": numbers,
    }
    return rows.columns(TRADES, run, values)


def stored(store: Store, run: str) -> list[tuple[int, int]]:
    """(venue, sequence) of a run's trades."""
    return store.table("trades", run).select("venue", "sequence").rows()


def test_a_batch_a_second_time_adds_nothing(opened: Store) -> None:
    run = next(runs)
    batch = trades(run, list(range(1, 2_001)))
    assert opened.insert("trades", batch) == Inserted(2_000, 0)
    assert opened.insert("trades", batch) == Inserted(0, 2_000)
    assert opened.table("trades", run)["shares"].to_list() == list(range(1, 2_001))


def test_the_same_numbers_of_another_run_or_venue_are_other_rows(opened: Store) -> None:
    one, other = next(runs), next(runs)
    for batch in (trades(one, [1, 2]), trades(other, [1, 2]), trades(one, [1, 2], venue=1)):
        assert opened.insert("trades", batch) == Inserted(2, 0)
    assert stored(opened, one) == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_the_first_of_two_rows_with_one_key_counts(opened: Store) -> None:
    run = next(runs)
    batch = trades(run, [5, 6, 5])
    batch = batch.set_column(batch.column_names.index("price"), "price", pa.array([1, 2, 3], pa.uint32()))
    assert opened.insert("trades", batch) == Inserted(2, 1)
    assert opened.table("trades", run)["price"].to_list() == [1, 2]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(1, 40), max_size=25), min_size=1, max_size=5))
def test_any_batches_leave_every_key_once(opened: Store, batches: list[list[int]]) -> None:
    run = next(runs)
    seen: set[int] = set()
    for batch in batches:
        done = opened.insert("trades", trades(run, batch))
        assert done == Inserted(len(set(batch) - seen), len(batch) - len(set(batch) - seen))
        seen |= set(batch)
    assert stored(opened, run) == [(0, number) for number in sorted(seen)]


def test_rows_of_several_months_are_parts_of_their_months(opened: Store) -> None:
    run = next(runs)
    batch = trades(run, list(range(1, 8)), step=MONTH)
    assert opened.insert("trades", batch) == Inserted(7, 0)
    assert opened.insert("trades", batch) == Inserted(0, 7)
    sql = "SELECT uniqExact(toYYYYMM(t)), count() FROM hftos.trades WHERE run = {run:String}"
    assert opened.rows(sql, {"run": run}) == [(7, 7)]


def test_a_batch_larger_than_one_insert_is_cut(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inserter, "BATCH", 100)
    run = next(runs)
    assert opened.insert("trades", trades(run, list(range(1, 1_051)))) == Inserted(1_050, 0)
    assert len(stored(opened, run)) == 1_050


def test_a_key_of_several_texts_is_told_apart_by_each(opened: Store) -> None:
    run = next(runs)

    def counters(names: list[tuple[str, str]]) -> pa.Table:
        found: list[dict[str, Any]] = [
            {"number": 1, "t": BEGIN, "name_group": group, "name": name, "value": place}
            for place, (group, name) in enumerate(names)
        ]
        return rows.from_rows(COUNTERS, run, found)

    assert opened.insert("counters", counters([("nic", "a"), ("nic", "b")])) == Inserted(2, 0)
    assert opened.insert("counters", counters([("nic", "b"), ("feed.0", "b"), ("nic", "c")])) == Inserted(2, 1)
    assert opened.table("counters", run)["value"].to_list() == [1, 0, 1, 2]


def test_a_run_that_was_deleted_can_be_loaded_again(opened: Store) -> None:
    run = next(runs)
    batch = trades(run, [1, 2, 3])
    opened.insert("trades", batch)
    opened.forget(run)
    assert stored(opened, run) == []
    assert opened.insert("trades", batch) == Inserted(3, 0)
    assert len(stored(opened, run)) == 3


def test_rows_of_two_runs_in_one_batch_are_refused(opened: Store) -> None:
    with pytest.raises(StoreError, match="table trades: a batch is of one run, not of 2"):
        opened.insert("trades", pa.concat_tables([trades("x", [1]), trades("y", [2])]))
