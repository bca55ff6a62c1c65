"""The exchange as a process: sockets, clock and files around market, day and gateway."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from exchange.clock import SECOND
from exchange.gateway import Gateway
from exchange.market_data import MulticastLine
from exchange.order_log import OrderLog
from exchange.session import ServiceError, Settings, build_session

log = logging.getLogger(__name__)

# The first end-of-session packet may be lost like any other.
LAST_END_PACKETS = 2


class Service:
    """One exchange process: `run` serves until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._timer: asyncio.Handle | None = None
        self._ready_text: str | None = None

    def stop(self) -> None:
        """End the session properly and let `run` return."""
        self._stop.set()

    async def run(self) -> dict[str, Any]:
        """Serve; returns the counters. Raises ServiceError when a socket or file cannot be had."""
        settings = self.settings
        lines = self._open_lines()
        try:
            with _order_log(settings.log_dir) as order_log:
                self._session = build_session(settings, lines, order_log)
                with self._session:
                    await self._serve()
        finally:
            for line in lines:
                line.close()
        counters = self._session.counters()
        if settings.log_dir is not None:
            _write_json(settings.log_dir / "books.json", self._session.market.books())
            _write_json(settings.log_dir / "counters.json", counters)
        if self._failure is not None:
            raise self._failure
        return counters

    async def _serve(self) -> None:
        settings, session = self.settings, self._session
        self._gateway = Gateway(
            session.market,
            session.clock,
            session.entries,
            time.monotonic_ns,
            self._on_login,
            cancel_on_disconnect=settings.cancel_on_disconnect,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            port = await self._gateway.listen(settings.bind, settings.ouch_port)
        except OSError as error:
            raise ServiceError(
                f"cannot listen on {settings.bind}:{settings.ouch_port}: {os.strerror(error.errno or 0)}; "
                "give another --bind or --ouch-port (0 = any free one)"
            ) from error
        try:
            if not settings.start_on_login:
                self._session.day.start(time.monotonic_ns())
            self._drive()
            if settings.ready_file is not None:
                self._ready_text = _write_ready(settings.ready_file, self._ready(port))
            log.info("session %s serves on %s:%d", settings.session, settings.bind, port)
            await self._stop.wait()
        finally:
            await self._close()

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.settings.ready_file is not None and self._ready_text is not None:
            _remove_ready(self.settings.ready_file, self._ready_text)
        publisher = self._session.market.publisher
        self._session.day.end(time.monotonic_ns())
        await self._gateway.close()
        for _ in range(LAST_END_PACKETS):
            publisher.end(time.monotonic_ns())

    def _open_lines(self) -> list[MulticastLine]:
        lines: list[MulticastLine] = []
        for name, endpoint in (("--feed-a", self.settings.feed_a), ("--feed-b", self.settings.feed_b)):
            try:
                lines.append(MulticastLine(endpoint.group, endpoint.port, self.settings.bind))
            except OSError as error:
                for line in lines:
                    line.close()
                raise ServiceError(
                    f"cannot send {name} {endpoint.group}:{endpoint.port} from {self.settings.bind}: {error.strerror}; "
                    "give --bind the address of an interface of this host"
                ) from error
        return lines

    def _on_login(self, user: str) -> None:
        if self.settings.start_on_login and not self._session.day.started:
            log.info("%s is the first to log in: the day begins", user)
            self._session.day.start(time.monotonic_ns())
            self._reschedule(0)

    def _drive(self) -> None:
        """Do what is due, then call again at the next deadline; a fault in the flow ends the service."""
        try:
            now = time.monotonic_ns()
            self._session.day.advance(now)
            self._session.market.publisher.tick(now)
            deadline = self._session.market.publisher.next_deadline()
            due = self._session.day.next_deadline()
            self._reschedule((deadline if due is None else min(due, deadline)) - time.monotonic_ns())
        except Exception as error:
            self._failure = error
            self.stop()

    def _reschedule(self, delay: int) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_soon(self._drive) if delay <= 0 else loop.call_later(delay / SECOND, self._drive)

    def _ready(self, port: int) -> dict[str, Any]:
        settings = self.settings
        first = settings.logins[0]
        feeds = {
            name: {"group": str(endpoint.group), "port": endpoint.port, "interface": str(settings.bind)}
            for name, endpoint in (("feed_a", settings.feed_a), ("feed_b", settings.feed_b))
        }
        return {
            "pid": os.getpid(),
            "session": settings.session,
            "ouch": {
                "host": str(settings.bind),
                "port": port,
                "user": first.user,
                "password": first.password,
                "firm": first.firm,
            },
            **feeds,
            "symbols": list(self._session.market.directory.listings),
        }


def _order_log(folder: Path | None) -> OrderLog:
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        return OrderLog(None if folder is None else folder / "orders.jsonl")
    except OSError as error:
        raise ServiceError(f"cannot write to --log-dir {folder}: {error.strerror}; give another folder") from error


def _write_ready(path: Path, value: Any) -> str | None:
    """Write a file, or tell whoever reads the FIFO or other special file at `path`, which a rename would replace.

    Returns the text of the file, None for a special one.
    """
    if path.is_dir():
        raise ServiceError(f"cannot write {path}: it is a folder; give the path of a file in it")
    if not path.exists() or path.is_file():
        return _write_json(path, value)
    try:
        # Without a reader a FIFO opens only in blocking mode, where nobody could stop the exchange.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.set_blocking(descriptor, True)
            file.write(json.dumps(value) + "\n")
    except OSError as error:
        reason = "nobody reads from it" if error.errno == errno.ENXIO else error.strerror
        raise ServiceError(f"cannot write {path}: {reason}; open it for reading first, or give a new path") from error
    return None


def _remove_ready(path: Path, text: str) -> None:
    """Remove the ready file unless it is gone, or another exchange has written its own in the meantime."""
    try:
        if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
            path.unlink()
    except OSError as error:
        log.warning("cannot remove %s: %s", path, error.strerror)


def _write_json(path: Path, value: Any) -> str:
    """Write a file that is complete from the moment it has its name; returns its text."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(value) + "\n"
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        return text
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ServiceError(
            f"cannot write {path}: {error.strerror}; give a path in a folder you may write to"
        ) from error
