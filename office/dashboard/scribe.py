"""Writes the audit log on a thread of its own, so that nobody waits for a disk for longer than they can."""

import queue
import threading
from concurrent.futures import Future
from typing import Any, Final, Protocol

from store.audit import AuditError

MOST_WAITING: Final = 256
"""Records on their way; more are refused at once, but for those that must come late rather than never."""


class Log(Protocol):
    """The audit log (`store.audit.AuditLog`)."""

    def append(
        self, *, who: str, role: str, action: str, subject: str = "", detail: dict[str, Any] | None = None
    ) -> object:
        """Record that somebody did something; AuditError when it could not be kept."""


class Scribe:
    """Records go to `log` in the order in which they are given."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._records: queue.SimpleQueue[tuple[Future[None], dict[str, Any]]] = queue.SimpleQueue()
        # A daemon: a disk that hangs must not keep the server from ending.
        threading.Thread(target=self._write, name="audit log", daemon=True).start()

    def write(self, seconds: float, late: bool, **record: Any) -> None:
        """Give a record, as `Log.append` takes it, and wait; raises AuditError, also when `seconds` are over.

        `late`: it is then kept as soon as it can be; otherwise it is taken back, unless it is being written already.
        """
        if not late and self._records.qsize() >= MOST_WAITING:
            raise AuditError(f"{MOST_WAITING} records wait for the audit log: see its disk")
        done: Future[None] = Future()
        self._records.put((done, record))
        try:
            done.result(seconds)
        except TimeoutError:
            if not late:
                done.cancel()
            raise AuditError(f"the audit log has not answered for {seconds:g} s") from None

    def _write(self) -> None:
        while True:
            done, record = self._records.get()
            if not done.set_running_or_notify_cancel():
                continue
            try:
                self._log.append(**record)
            except Exception as error:  # whoever gave the record hears of it
                done.set_exception(error)
            else:
                done.set_result(None)
