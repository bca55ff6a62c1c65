"""Between whoever makes rows and the store: a queue of few batches and a thread that inserts.

The queue is bounded, so a reader that is faster than the disk waits, and memory does not grow with the input.
"""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import pyarrow as pa

from store.client import Store
from store.inserter import Inserted

ROOM: Final = 4
"""Batches that wait at most."""


class Pipeline:
    """Inserts batches in the order given. Use as a context: at its end everything is in the store, or the error raised.

    `inserted`: rows by table, new and known. `acknowledged`: called after each batch is on disk, in the thread.
    """

    def __init__(
        self, store: Store, room: int = ROOM, acknowledged: Callable[[str, Inserted], None] = lambda *_: None
    ) -> None:
        self.inserted: dict[str, Inserted] = {}
        self._store = store
        self._acknowledged = acknowledged
        self._queue: queue.Queue[tuple[str, pa.Table] | None] = queue.Queue(room)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="inserter", daemon=True)
        self._thread.start()

    def put(self, table: str, batch: pa.Table) -> None:
        """Hand over a batch; waits while the queue is full. Raises what an earlier insert raised."""
        if self._error is not None:
            raise self._error
        if batch.num_rows:
            self._queue.put((table, batch))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is not None:
                continue  # goes on taking, so that nobody waits for room
            table, batch = item
            try:
                done = self._store.insert(table, batch)
            except BaseException as error:
                self._error = error
                continue
            before = self.inserted.get(table, Inserted(0, 0))
            self.inserted[table] = Inserted(before.new + done.new, before.known + done.known)
            self._acknowledged(table, done)
