"""The exchange as a process: sockets, clock and files around the deterministic core."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from exchange.assembly import build_session
from exchange.clock import SECOND, SessionClock
from exchange.control import LOOPBACK, ControlServer
from exchange.endpoints import VenueEndpoints, listening
from exchange.journal import CommittedLine, Journal, JournalWriteError, Record, open_journal
from exchange.lines import Line, MulticastLine, SkewedLine
from exchange.order_log import OrderLog
from exchange.orders import warm
from exchange.ready_file import DEFAULT_READY_FILE, remove_ready, running, write_json, write_ready
from exchange.settings import Endpoint, ServiceError, Settings

log = logging.getLogger(__name__)

# The first end-of-session packet may be lost like any other.
LAST_END_PACKETS = 2
# Steps of the flow in one turn of the event loop, so that order entry is served in between however fast the flow is.
BATCH = 200


class Service:
    """One exchange process: `run` serves until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._timer: asyncio.Handle | None = None
        self._skewed: list[SkewedLine] = []
        self._clock = SessionClock(0)
        self._changes = -1
        self._end_at: int | None = None
        self._serving = False

    def stop(self) -> None:
        """End the session properly and let `run` return."""
        self._stop.set()

    async def run(self) -> dict[str, Any]:
        """Serve; returns the counters. Raises ServiceError when a socket or file cannot be had."""
        settings = self.settings
        with ExitStack() as stack:
            journal, records = self._open_journal(stack)
            order_log = stack.enter_context(_order_log(settings.log_dir))
            lines = {name: self._open_lines(stack, number, journal) for number, name in enumerate(settings.venues)}
            self._session = stack.enter_context(build_session(settings, lines, order_log, journal))
            self._exchange = self._session.exchange
            warm()
            self._clock.set(self._session.start_time, 0, 0.0)
            self._resume(records)
            await self._serve()
            counters = self._session.counters()
            if settings.log_dir is not None:
                write_json(settings.log_dir / "books.json", self._session.market.books())
                write_json(settings.log_dir / "counters.json", counters)
        if self._failure is not None:
            raise self._failure
        return counters

    def _open_journal(self, stack: ExitStack) -> tuple[Journal | None, Iterator[Record]]:
        settings = self.settings
        if settings.journal is None:
            return None, iter(())
        journal, records = open_journal(settings.journal, settings.identity(), settings.journal_sync)
        stack.callback(journal.close)
        return journal, records

    def _resume(self, records: Iterator[Record]) -> None:
        self._exchange.replay(records)
        resumed = self._exchange.resumed
        if resumed is not None:
            log.warning("resumed after %d inputs, state %s", resumed["inputs"], resumed["state_hash"])
            self._clock.set(self._exchange.last_time, 0, 0.0)

    async def _serve(self) -> None:
        settings, exchange = self.settings, self._exchange
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.set_exception_handler(self._on_fault)
        endpoints = [
            VenueEndpoints(exchange, venue, number, self._clock, settings, self._on_login)
            for number, venue in enumerate(exchange.venues)
        ]
        control = ControlServer(self._command)
        # Before anything listens: a file that a killed exchange left names a control port that may be ours next.
        ready = self._free_ready_file()
        written: str | None = None
        try:
            parts = {point.venue.name: await point.open() for point in endpoints}
            port = await listening(control.listen(settings.ports.control), LOOPBACK, "--control-port", settings)
            if exchange.started:
                self._go_on()
            elif not settings.start_on_login:
                self._start()
            self._drive()
            if ready is not None:
                written = write_ready(ready, self._ready(parts, port))
            self._serving = True
            log.info("session %s serves on %s", settings.session, settings.bind)
            await self._stop.wait()
        finally:
            if ready is not None and written is not None:
                remove_ready(ready, written)
            await self._close(endpoints, control)

    def _free_ready_file(self) -> Path | None:
        """Where the ready file may be written: never over that of an exchange that runs."""
        given = self.settings.ready_file
        path = given or DEFAULT_READY_FILE
        other = running(path)
        if other is None:
            if given is None:
                path.parent.mkdir(parents=True, exist_ok=True)
            return path
        if given is not None:
            raise ServiceError(
                f"{path} is the ready file of a running exchange (pid {other}): stop it, or give another"
            )
        log.warning("%s is that of a running exchange (pid %s): none is written; give --ready-file", path, other)
        return None

    async def _close(self, endpoints: list[VenueEndpoints], control: ControlServer) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await control.close()
        # A start that failed ends nothing: neither in the journal nor for those who listen to the lines. Nor does one
        # whose journal failed: the session goes on when it is started again.
        ends = self._serving and not self._exchange.failed()
        if ends:
            now = time.monotonic_ns()
            if not self._exchange.ended:
                self._exchange.end(self._clock.now(now))
            self._exchange.commit(now)
        for point in endpoints:
            await point.close()
        if not ends:
            return
        for line in self._skewed:
            line.release(time.monotonic_ns() + self.settings.skew)
        for _ in range(LAST_END_PACKETS):
            for venue in self._exchange.venues:
                venue.market.publisher.end(time.monotonic_ns())
                for line in self._skewed:
                    line.release(time.monotonic_ns() + self.settings.skew)

    def _on_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A connection that cannot journal what it was sent must not cost itself alone: the exchange stops."""
        error = context.get("exception")
        if isinstance(error, JournalWriteError):
            self._failure = error
            self.stop()
        else:
            loop.default_exception_handler(context)

    def _start(self) -> None:
        """Begin the day now."""
        now = time.monotonic_ns()
        self._exchange.start(self._clock.now(now))
        self._go_on()

    def _go_on(self) -> None:
        """Let the clock run."""
        now = time.monotonic_ns()
        if self.settings.seconds is not None:
            self._end_at = now + int(self.settings.seconds * SECOND)
        self._clock.set(self._clock.now(now), now, (self.settings.speed or 1.0) if self.settings.day else 1.0)
        self._reschedule(0)

    def _command(self, request: dict[str, Any]) -> dict[str, Any]:
        now = time.monotonic_ns()
        answer = self._exchange.command(request, self._clock.now(now))
        self._exchange.commit(now)
        self._reschedule(0)
        return answer

    def _on_login(self, user: str) -> None:
        if self.settings.start_on_login and not self._exchange.started:
            log.info("%s is the first to log in: the day begins", user)
            self._start()

    def _drive(self) -> None:
        """Do what is due, then call again at the next deadline; a fault in the flow ends the service."""
        try:
            now = time.monotonic_ns()
            if self._exchange.started and not self._exchange.ended:
                self._advance(now)
            self._exchange.commit(now)
            for line in self._skewed:
                line.release(now)
            for venue in self._exchange.venues:
                venue.market.publisher.tick(now)
            self._reschedule(self._next_due(now) - time.monotonic_ns())
        except Exception as error:
            self._failure = error
            self.stop()

    def _advance(self, now: int) -> None:
        if self._end_at is not None and now >= self._end_at:
            self._exchange.end(self._clock.now(now))
            return
        for number, venue in enumerate(self._exchange.venues):
            script = venue.script
            phase = script.phase
            unpaced = phase is not None and phase.speed is None
            self._exchange.flow(number, BATCH, None if unpaced else self._clock.now(now))
            if unpaced:
                self._clock.set(max(venue.market.time, self._clock.now(now)), now)
            if number == 0 and script.changes != self._changes:
                self._new_phase(now)
        self._exchange.advance(self._clock.now(now))

    def _new_phase(self, now: int) -> None:
        """Set the clock to the pace of the first venue's new phase."""
        script = self._exchange.venues[0].script
        self._changes = script.changes
        if self.settings.day:
            return
        if script.phase is not None:
            self._clock.set(max(script.began, self._clock.now(now)), now, script.phase.speed or 1.0)
        else:
            self._clock.set(self._clock.now(now), now)

    def _next_due(self, now: int) -> int:
        """Monotonic time of the next thing to do: there is always the next heartbeat."""
        due = [venue.market.publisher.next_deadline() for venue in self._exchange.venues]
        due += [deadline for line in self._skewed if (deadline := line.next_deadline()) is not None]
        if not self._exchange.started or self._exchange.ended:
            return min(due)
        if self._end_at is not None:
            due.append(self._end_at)
        times = [venue.script.next_time() for venue in self._exchange.venues] + [self._exchange.next_deadline()]
        due += [self._clock.monotonic_at(moment) for moment in times if moment is not None]
        if any(venue.script.phase is not None and venue.script.phase.speed is None for venue in self._exchange.venues):
            return now
        return min(due)

    def _reschedule(self, delay: int) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_soon(self._drive) if delay <= 0 else loop.call_later(delay / SECOND, self._drive)

    def _open_lines(self, stack: ExitStack, number: int, journal: Journal | None) -> list[Line]:
        settings = self.settings
        first: Line = self._open_line(stack, "--feed-a", settings.feed_a.of_venue(number))
        second: Line = self._open_line(stack, "--feed-b", settings.feed_b.of_venue(number))
        if settings.skew:
            second = skewed = SkewedLine(second, settings.skew, time.monotonic_ns)
            self._skewed.append(skewed)
        return [first, second] if journal is None else [CommittedLine(first, journal), CommittedLine(second, journal)]

    def _open_line(self, stack: ExitStack, name: str, endpoint: Endpoint) -> MulticastLine:
        try:
            line = MulticastLine(endpoint.group, endpoint.port, self.settings.bind)
        except OSError as error:
            raise ServiceError(
                f"cannot send {name} {endpoint.group}:{endpoint.port} from {self.settings.bind}: {error.strerror}; "
                "give --bind the address of an interface of this host"
            ) from error
        stack.callback(line.close)
        return line

    def _ready(self, parts: dict[str, dict[str, Any]], control: int) -> dict[str, Any]:
        """The first venue's services at the top, where clients of one venue look; all venues under ``venues``."""
        return {
            "pid": os.getpid(),
            **next(iter(parts.values())),
            "venues": parts,
            "control": {"host": LOOPBACK, "port": control},
        }


def _order_log(folder: Path | None) -> OrderLog:
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        return OrderLog(None if folder is None else folder / "orders.jsonl")
    except BlockingIOError as error:
        raise ServiceError(f"--log-dir {folder} is in use by another exchange; stop it, or give another") from error
    except OSError as error:
        raise ServiceError(f"cannot write to --log-dir {folder}: {error.strerror}; give another folder") from error
