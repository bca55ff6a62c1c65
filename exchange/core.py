"""The deterministic core of the exchange: its state is a function of its inputs, in their order.

An input is journalled, acts, and is committed before anything that follows from it leaves the process. Fed with the
journal again, a new core reaches the same state, the same feed and the same answers. No clock is read here: times are
exchange time (ns since midnight), but for `commit`, which stamps heartbeats (monotonic ns).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from exchange.commands import CommandError, Commands
from exchange.journal import (
    ADVANCE,
    CHECKPOINT,
    COMMAND,
    DISCONNECT,
    FLOW,
    MESSAGE,
    Journal,
    JournalError,
    Record,
)
from exchange.order_entry import GarbageError, OrderEntry
from exchange.sink import CANCEL_SYSTEM
from exchange.venue import Venue

log = logging.getLogger(__name__)

START, END = "start", "end"


class Exchange:
    """All venues of one process. ``last_time`` is the time of day of the last input of a replayed journal.

    ``check_every`` records the journal gets a hash of the state; 0 = never."""

    def __init__(self, venues: Sequence[Venue], journal: Journal | None = None, check_every: int = 0) -> None:
        self.venues = list(venues)
        self.started = False
        self.ended = False
        self.last_time = 0
        self.resumed: dict[str, Any] | None = None
        self._journal = journal
        self._check_every = check_every
        self._next_check = check_every
        self._entries: list[OrderEntry] = []
        self._numbers: dict[OrderEntry, int] = {}
        for venue in venues:
            for entry in venue.entries:
                self._numbers[entry] = len(self._entries)
                self._entries.append(entry)
        self._commands = Commands(self.venues)

    def start(self, now: int) -> None:
        """Begin the day of every venue."""
        self._input({"do": START}, now)

    def end(self, now: int) -> None:
        """Close every venue's day, if it is not closed."""
        self._input({"do": END}, now)

    def on_message(self, entry: OrderEntry, data: bytes, now: int) -> None:
        """Take one OUCH message; raises GarbageError for bytes that are not OUCH."""
        if self._journal is not None:
            self._journal.append(MESSAGE, self._numbers[entry], now, data)
        entry.on_message(data, now)

    def on_disconnect_due(self, entry: OrderEntry, now: int) -> int:
        """A login did not come back within its grace time: its open orders go. Returns how many there were."""
        self._record(DISCONNECT, self._numbers[entry], now)
        return entry.cancel_all(now, CANCEL_SYSTEM)

    def command(self, request: dict[str, Any], now: int) -> dict[str, Any]:
        """Carry out an operator's command; raises CommandError. What only looks is not journalled."""
        if not self._commands.changes(request):
            return self._commands.run(request, now) | self._status()
        if request.get("do") in (START, END):
            raise CommandError(f"{request['do']!r} is not for operators: the exchange starts and ends its day itself")
        self._commands.check(request)
        # Whoever reads the log later must see who stepped in and when, at any level of it.
        log.warning("operator at %d ns: %s", now, request)
        return self._input(request, now)

    def flow(self, number: int, limit: int, until: int | None) -> int:
        """Do at most ``limit`` steps of a venue's order flow that are due by ``until`` (None: all are)."""
        script = self.venues[number].script
        for done in range(limit):
            due = script.next_time()
            if due is None or (until is not None and due > until):
                return done
            self._record(FLOW, number, due)
            script.step()
        return limit

    def advance(self, now: int) -> None:
        """Let everything happen that is due at ``now``."""
        deadline = self.next_deadline()
        if deadline is not None and deadline <= now:
            self._record(ADVANCE, 0, now)
            self._advance(now)

    def next_deadline(self) -> int | None:
        """When `advance` has something to do next, None when never."""
        deadlines = [due for venue in self.venues if (due := venue.next_deadline()) is not None]
        return min(deadlines, default=None)

    def failed(self) -> bool:
        """Whether the journal lacks an input, so that nobody may be told anything more."""
        return self._journal is not None and self._journal.failed is not None

    def commit(self, monotonic: int) -> None:
        """Journal first, then the packets: called once for every batch of inputs, before clients are answered."""
        if self._journal is not None:
            if self._check_every and self._journal.records >= self._next_check:
                self._next_check = self._journal.records + self._check_every
                self._journal.append(CHECKPOINT, 0, 0, self.state_hash().encode())
            self._journal.commit()
        for venue in self.venues:
            venue.flush(monotonic)

    def replay(self, records: Iterable[Record]) -> int:
        """Work off the inputs of a journal without sending anything; returns how many there were.

        JournalError: the state is not the one that the journal says it was, so this program is not the one that wrote
        the journal, or the journal was changed.
        """
        journal, self._journal = self._journal, None
        count = 0
        for venue in self.venues:
            venue.market.publisher.muted = True
        for record in records:
            count += 1
            self.last_time = max(self.last_time, record.time)
            self._again(record, count)
        for venue in self.venues:
            venue.flush(0)
            venue.market.publisher.muted = False
        self._journal = journal
        if count:
            self.resumed = {"inputs": count, "state_hash": self.state_hash()}
        return count

    def state_hash(self) -> str:
        """One digest over all venues."""
        return "-".join(venue.state_hash() for venue in self.venues)

    def _again(self, record: Record, count: int) -> None:
        if record.kind == MESSAGE:
            self._message_again(self._entries[record.number], record)
        elif record.kind == FLOW:
            self.venues[record.number].script.step()
        elif record.kind == ADVANCE:
            self._advance(record.time)
        elif record.kind == COMMAND:
            self._command_again(record)
        elif record.kind == DISCONNECT:
            self._entries[record.number].cancel_all(record.time, CANCEL_SYSTEM)
        elif record.kind == CHECKPOINT and record.payload.decode() != self.state_hash():
            raise JournalError(
                f"input {count} of the journal leads to state {self.state_hash()}, not {record.payload.decode()}; "
                "resume with the program version that wrote it, or give another --journal"
            )

    def _message_again(self, entry: OrderEntry, record: Record) -> None:
        try:
            entry.on_message(record.payload, record.time)
        except GarbageError:
            pass  # It cost its connection then; there is none now.
        except Exception:
            # As the gateway does: a fault of ours costs a connection, not the session.
            log.exception("fault while handling %s of %s", record.payload.hex(), entry.account.login.user)

    def _status(self) -> dict[str, Any]:
        return {
            "inputs": None if self._journal is None else self._journal.records - 1,
            "state_hash": self.state_hash(),
            "resumed": self.resumed,
        }

    def _command_again(self, record: Record) -> None:
        try:
            self._act(Commands.decode(record.payload), record.time)
        except CommandError:
            pass  # It was refused then as well, and changed nothing.

    def _input(self, request: dict[str, Any], now: int) -> dict[str, Any]:
        self._record(COMMAND, 0, now, Commands.encode(request))
        return self._act(request, now)

    def _act(self, request: dict[str, Any], now: int) -> dict[str, Any]:
        if request["do"] == START:
            self.started = True
            for venue in self.venues:
                venue.start(now)
            return {"ok": True}
        if request["do"] == END:
            self.ended = True
            for venue in self.venues:
                venue.end(now)
            return {"ok": True}
        return self._commands.run(request, now)

    def _advance(self, now: int) -> None:
        for venue in self.venues:
            venue.advance(now)

    def _record(self, kind: int, number: int, time: int, payload: bytes = b"") -> None:
        if self._journal is not None:
            self._journal.append(kind, number, time, payload)
