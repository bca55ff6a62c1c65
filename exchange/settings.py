"""All that a session of the exchange is set up with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from exchange.account import Login
from exchange.directory import DEFAULT_PRICES
from exchange.disconnect import DEFAULT_GRACE

# The services of venue number i (from 0) stand this many ports further than those of the first.
PORT_STEP = 10


class ServiceError(ValueError):
    """The exchange cannot be set up; the text names the value and the remedy."""


@dataclass(frozen=True)
class Endpoint:
    """A multicast group and UDP port."""

    group: IPv4Address
    port: int

    def of_venue(self, number: int) -> Endpoint:
        """The same line of venue ``number``."""
        return Endpoint(self.group, self.port + number * PORT_STEP)


@dataclass(frozen=True)
class Ports:
    """Ports of the first venue's services; 0 = any free one."""

    ouch: int = 0
    rerequest: int = 0
    glimpse: int = 0
    drop_copy: int = 0
    control: int = 0

    def of_venue(self, number: int) -> Ports:
        """The ports of venue ``number``; those that are chosen by the system stay so."""
        step = number * PORT_STEP
        return Ports(*(port and port + step for port in (self.ouch, self.rerequest, self.glimpse, self.drop_copy)))


@dataclass(frozen=True)
class Settings:
    """All that a session is set up with.

    ``speed`` None = as fast as possible; ``seconds`` None = until stopped; ``cancel_on_disconnect`` ns, None = never;
    ``skew`` ns by which line B lags; ``universe`` None = ``symbols``, else that many symbols; ``day``: a whole trading
    day by the clock; ``attribution``: who did what is written to ``log_dir``; ``checks``: a hash of the state every so
    many journal records, 0 = never.
    """

    bind: IPv4Address
    ports: Ports
    feed_a: Endpoint
    feed_b: Endpoint
    session: str
    logins: tuple[Login, ...]
    venues: tuple[str, ...] = ("NSDQ",)
    symbols: tuple[str, ...] = tuple(DEFAULT_PRICES)
    universe: int | None = None
    flow: bool = True
    agents: tuple[str, ...] = ()
    replay: Path | None = None
    day: bool = False
    early_close: bool = False
    short_restricted: tuple[str, ...] = ()
    speed: float | None = 1.0
    seconds: float | None = None
    rate: float = 500.0
    seed: int = 1
    skew: int = 0
    start_on_login: bool = False
    cancel_on_disconnect: int | None = DEFAULT_GRACE
    limits: Path | None = None
    ready_file: Path | None = None
    log_dir: Path | None = None
    attribution: bool = False
    journal: Path | None = None
    journal_sync: bool = False
    checks: int = 0

    def identity(self) -> dict[str, Any]:
        """What a journal belongs to: a resumed session must have the same, or its inputs mean something else."""
        return {
            "session": self.session,
            "logins": [f"{login.user}:{login.firm}" for login in self.logins],
            "venues": list(self.venues),
            "symbols": list(self.symbols) if self.universe is None else self.universe,
            "flow": self.flow,
            "agents": list(self.agents),
            "replay": None if self.replay is None else _digest(self.replay),
            "day": self.day,
            "early_close": self.early_close,
            "short_restricted": list(self.short_restricted),
            "rate": self.rate,
            "seed": self.seed,
            "limits": None if self.limits is None else _digest(self.limits),
        }


def _digest(path: Path) -> str:
    """SHA-256 of a file; ServiceError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ServiceError(f"cannot read {path}: {error.strerror}; give a readable file") from error
