"""Puts the page's server together and runs it."""

import asyncio
import json
import logging
import os
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Final, cast

import uvicorn
from starlette.applications import Starlette

from office.commands import CommandError, control_of, send
from office.dashboard.app import create
from office.dashboard.assets import Assets
from office.dashboard.desk import Desk
from office.dashboard.hub import Hub
from office.dashboard.monitoring import Watched, watched
from office.dashboard.places import Places
from office.dashboard.protocol import REQUEST_SECONDS, RequestProtocol, StreamProtocol
from office.dashboard.pump import RETRY_SECONDS, Pump, watch_alerts
from office.dashboard.scribe import Log
from office.dashboard.sessions import Sessions
from office.dashboard.source import Raw, SourceError, watch
from office.dashboard.stream import Clocks
from office.dashboard.users import Users
from office.monitor.service import DropCopy

__all__ = ["ServeError", "Settings", "assemble", "folder_of", "listener", "run", "server", "watched"]

MESSAGE_LIMIT: Final = 1_024
"""Longest message that a page may send, in bytes."""
_BACKLOG: Final = 256
_GOODBYE_SECONDS: Final = 2
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")


class ServeError(Exception):
    """The page cannot be served like that; the text says what to do."""


@dataclass
class Settings:
    """Where to serve, from what. `directory`: of the run or of the collector; `hosts`: further names of the page.
    `descriptor`: an inherited socket that listens already. `request_seconds`: how long a request may take to come."""

    directory: Path
    host: str = "127.0.0.1"
    port: int = 9400
    hosts: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    metrics_token: str = ""
    descriptor: int | None = None
    request_seconds: float = REQUEST_SECONDS
    ready: Callable[[str], None] = field(default=print)

    def inherit(self, descriptor: int) -> None:
        """Serve on a socket that was made elsewhere, perhaps in another network namespace. Raises ServeError."""
        try:
            with socket.socket(fileno=os.dup(descriptor)) as found:
                if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    raise OSError(None, "it does not listen")
                self.host, self.port = found.getsockname()[:2]
        except (OSError, ValueError, TypeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ServeError(f"descriptor {descriptor} is no listening socket of IP: {reason}") from error
        self.descriptor = descriptor

    def check(self) -> None:
        """Raises ServeError: passwords do not go over a network in the clear."""
        if (self.certificate is None) != (self.key is None):
            raise ServeError("give both --tls-cert and --tls-key")
        try:
            local = ip_address(self.host).is_loopback
        except ValueError as error:
            raise ServeError(f"{self.host!r} is no address: give one of this machine, as in 127.0.0.1") from error
        if self.certificate is None and not local:
            raise ServeError(f"{self.host} can be reached from elsewhere: give --tls-cert and --tls-key, or 127.0.0.1")
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise ServeError(f"{path} does not exist: give a file in PEM format")
        if self.certificate is not None and self.key is not None:
            _check_pair(self.certificate, self.key)


def _check_pair(certificate: Path, key: Path) -> None:
    """Raises ServeError unless this key belongs to this certificate and needs no password, which nobody could give."""

    def no_password() -> str:
        raise ServeError(f"{key} is encrypted: give a key without a password, readable by its owner only")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, no_password)
    except OSError as error:  # ssl.SSLError is one
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        text = (
            f"{certificate} and {key} cannot be used: {reason or error}; give a certificate and its key in PEM format"
        )
        raise ServeError(text) from error


def folder_of(directory: Path) -> Path | None:
    """Where the office keeps its journals; None when it has none yet."""
    for folder in (directory / "office", directory):
        if folder.is_dir():
            return folder
    return None


def assemble(
    settings: Settings,
    users: Users,
    log: Log,
    assets: Assets,
    watching: tuple[Watched, Sequence[DropCopy]] | None = None,
) -> Starlette:
    """The application over the collector of the settings' directory. `watching`: the risk monitor and what it reads."""

    def kill(who: str) -> int:
        return int(send(settings.directory, "kill", who=who)["servers"])

    async def begin() -> AsyncIterator[list[Raw]]:
        try:
            control = control_of(settings.directory)
        except CommandError as error:
            raise SourceError(str(error)) from error
        async for batch in watch(control):
            yield batch

    hub = Hub()
    monitor = None if watching is None else watching[0]
    desk = Desk(hub, users, Sessions(users.find), log, kill, monitor, settings.metrics_token)
    pump = Pump(hub, begin, lambda: folder_of(settings.directory), time.time_ns, lambda: asyncio.sleep(RETRY_SECONDS))
    background: list[Callable[[], Awaitable[None]]] = [pump.run]
    if watching is not None:
        source, copies = watching
        pump.also = source.take
        background += [*source.tasks(copies), lambda: watch_alerts(hub, source)]
    hosts = [*_LOCAL, settings.host, *settings.hosts]
    clocks = Clocks(time.monotonic_ns, time.time_ns)
    secure = settings.certificate is not None
    return create(desk, assets, clocks, hosts=hosts, secure=secure, background=background)


def listener(settings: Settings) -> Places:
    """The socket to serve on. Raises ServeError when the address cannot be had."""
    if settings.descriptor is not None:
        return Places(settings.descriptor)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return Places(socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG).detach())
    except OSError as error:
        text = f"{settings.host}:{settings.port} cannot be had: {error.strerror or error}; give another --bind"
        raise ServeError(text) from error


class _Server(uvicorn.Server):
    """Says where it serves as soon as it does."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None], scheme: str) -> None:
        super().__init__(config)
        self._ready = ready
        self._scheme = scheme

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM and Ctrl-C are how serving ends; uvicorn would send them to this process once more afterwards."""
        del frame
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.servers:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            name = f"[{host}]" if ":" in host else host
            url = f"{self._scheme}://{name}:{port}/"
            self._ready(json.dumps({"ready": True, "pid": os.getpid(), "url": url}))


def server(app: Starlette, settings: Settings) -> uvicorn.Server:
    """uvicorn, set up for the page: bounded requests and messages, no compression of frames, no access log.

    To be run on a `listener`, which bounds the connections, in asyncio's own loop, which asks it for them.
    """
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=cast("type[asyncio.Protocol]", partial(RequestProtocol, settings.request_seconds)),
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        ws=StreamProtocol,
        ws_max_size=MESSAGE_LIMIT,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
        server_header=False,
        date_header=False,
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        lifespan="on",
    )
    return _Server(config, settings.ready, "https" if settings.certificate else "http")


def run(app: Starlette, settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises ServeError when the address cannot be had."""
    logging.getLogger("office.dashboard").setLevel(logging.WARNING)
    with listener(settings) as sock:
        server(app, settings).run([sock])
