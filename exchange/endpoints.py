"""The sockets of one venue: order entry, drop copy, re-requests, snapshots."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from typing import Any

from exchange.clock import SessionClock
from exchange.core import Exchange
from exchange.drop_copy import DropCopyEndpoint
from exchange.gateway import Gateway
from exchange.glimpse import GlimpseServer
from exchange.glimpse_endpoint import GlimpseEndpoint
from exchange.rerequest import RerequestEndpoint, RerequestServer
from exchange.settings import ServiceError, Settings
from exchange.venue import Venue


async def listening(port: Awaitable[int], host: IPv4Address | str, option: str, settings: Settings) -> int:
    """The port that a server got; ServiceError names the option when it got none."""
    try:
        return await port
    except OSError as error:
        wanted = getattr(settings.ports, option.strip("-").removesuffix("-port").replace("-", "_"), 0)
        raise ServiceError(
            f"cannot listen on {host}:{wanted}: {os.strerror(error.errno or 0)}; "
            f"give another --bind or {option} (0 = any free one)"
        ) from error


class VenueEndpoints:
    """Opens and closes all that one venue serves, and says where."""

    def __init__(
        self,
        exchange: Exchange,
        venue: Venue,
        number: int,
        clock: SessionClock,
        settings: Settings,
        on_login: Callable[[str], None],
    ) -> None:
        self.venue = venue
        self._settings = settings
        self._ports = settings.ports.of_venue(number)
        self._number = number
        monotonic = time.monotonic_ns
        self._gateway = Gateway(
            exchange, venue, clock, monotonic, on_login, cancel_on_disconnect=settings.cancel_on_disconnect
        )
        publisher = venue.market.publisher
        logins = {login.user: login.password for login in settings.logins}
        failed = exchange.failed
        self._glimpse = GlimpseEndpoint(GlimpseServer(settings.session, venue.market, logins), monotonic, failed)
        self._rerequest = RerequestEndpoint(RerequestServer(settings.session, publisher.store), monotonic, failed)
        self._drop_copy = DropCopyEndpoint(venue, settings.session, monotonic, failed=failed)

    async def open(self) -> dict[str, Any]:
        """Serve from now on; returns the venue's part of the ready file. ServiceError when a port cannot be had."""
        bind, ports = self._settings.bind, self._ports
        ouch = await listening(self._gateway.listen(bind, ports.ouch), bind, "--ouch-port", self._settings)
        rerequest = await listening(
            self._rerequest.listen(bind, ports.rerequest), bind, "--rerequest-port", self._settings
        )
        glimpse = await listening(self._glimpse.listen(bind, ports.glimpse), bind, "--glimpse-port", self._settings)
        drop_copy = await listening(
            self._drop_copy.listen(bind, ports.drop_copy), bind, "--drop-copy-port", self._settings
        )
        first = self._settings.logins[0]
        login = {"user": first.user, "password": first.password}
        host = str(bind)
        return {
            "venue": self.venue.name,
            "session": self._settings.session,
            "ouch": {"host": host, "port": ouch, **login, "firm": first.firm},
            "feed_a": self._feed("feed_a"),
            "feed_b": self._feed("feed_b"),
            "rerequest": {"host": host, "port": rerequest},
            "glimpse": {"host": host, "port": glimpse, **login},
            "drop_copy": {
                "host": host,
                "port": drop_copy,
                **self._drop_copy.login(first.firm),
                "firm": first.firm,
                "firms": {login.firm: self._drop_copy.login(login.firm) for login in self._settings.logins},
            },
            "symbols": list(self.venue.market.directory.listings),
        }

    async def close(self) -> None:
        """End every session, then close."""
        await self._gateway.close()
        await self._drop_copy.close()
        await self._glimpse.close()
        self._rerequest.close()

    def _feed(self, name: str) -> dict[str, Any]:
        endpoint = getattr(self._settings, name).of_venue(self._number)
        return {"group": str(endpoint.group), "port": endpoint.port, "interface": str(self._settings.bind)}
