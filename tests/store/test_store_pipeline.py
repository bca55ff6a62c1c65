"""Between reader and store: bounded, in order, and an error reaches whoever goes on."""

import threading
from typing import Any, cast

import pyarrow as pa
import pytest

from store.client import Store
from store.errors import StoreError
from store.inserter import Inserted
from store.pipeline import ROOM, Pipeline

BATCH = pa.table({"n": [1, 2, 3]})


class Slow:
    """A store that inserts when it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.allowed = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.tables: list[str] = []
        self._error = error

    def insert(self, table: str, batch: pa.Table) -> Inserted:
        """Insert a batch."""
        self.begun.release()
        assert self.allowed.acquire(timeout=30)
        if self._error is not None:
            raise self._error
        self.tables.append(table)
        return Inserted(batch.num_rows, 1)


def pipeline(store: Slow, **extra: Any) -> Pipeline:
    """A pipeline into it."""
    return Pipeline(cast(Store, store), **extra)


def test_a_reader_waits_while_the_queue_is_full() -> None:
    store = Slow()
    handed = threading.Semaphore(0)
    with pipeline(store) as line:

        def read() -> None:
            for number in range(3 * ROOM):
                line.put(str(number), BATCH)
                handed.release()

        reader = threading.Thread(target=read)
        reader.start()
        assert store.begun.acquire(timeout=30)
        for _ in range(ROOM + 1):  # one being inserted, the others in the queue
            assert handed.acquire(timeout=30)
        assert not handed.acquire(timeout=0.05), "more batches than there is room for"
        for _ in range(3 * ROOM):
            store.allowed.release()
        reader.join(30)
    assert store.tables == [str(number) for number in range(3 * ROOM)]


def test_rows_are_counted_by_table_when_they_are_in_the_store() -> None:
    store = Slow()
    for _ in range(9):
        store.allowed.release()
    told: list[tuple[str, Inserted]] = []
    with pipeline(store, acknowledged=lambda table, done: told.append((table, done))) as line:
        line.put("a", BATCH)
        line.put("b", BATCH)
        line.put("a", BATCH)
        line.put("c", BATCH.slice(0, 0))
    assert line.inserted == {"a": Inserted(6, 2), "b": Inserted(3, 1)}
    assert told == [("a", Inserted(3, 1)), ("b", Inserted(3, 1)), ("a", Inserted(3, 1))]


def test_an_error_of_the_store_ends_the_load() -> None:
    store = Slow(StoreError("the disk is full"))
    for _ in range(99):
        store.allowed.release()
    with pytest.raises(StoreError, match="the disk is full"), pipeline(store) as line:
        for _ in range(99):
            line.put("a", BATCH)
    assert store.tables == []


def test_an_error_of_the_reader_is_the_one_that_is_raised() -> None:
    store = Slow(StoreError("later"))
    for _ in range(9):
        store.allowed.release()
    with pytest.raises(ZeroDivisionError), pipeline(store) as line:
        line.put("a", BATCH)
        raise ZeroDivisionError
