"""A trading server as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass
class Server:
    """A trading server, known by its journal; `session` is its newest run. Times in ns UTC.

    `orders` (Enter and Replace Order sent), `executions`, `decisions` and of them `refused`: of its whole journal."""

    number: int
    session: int
    journal: int = 0
    host: str = ""
    state: str = ""
    ended: str = ""
    ticks_per_second: int = 1_000_000_000
    open: bool = True
    stale: bool = False
    killed: bool = False
    failed: bool = False
    began: int = 0
    seen: int = 0
    frames: int = 0
    heard: int = 0
    silent: int = 0
    live: int = 0
    lost: int = 0
    damaged: int = 0
    orders: int = 0
    executions: int = 0
    decisions: int = 0
    refused: int = 0
    row: int = 0


class At(NamedTuple):
    """Where a message came from: the server, the number of its frame, its time in ns UTC."""

    server: Server
    number: int
    time: int


def server_row(server: Server) -> Sequence[Any]:
    """The row of the table `servers`."""
    return (
        *(server.open, server.stale, server.killed, server.failed, server.seen / 1e6, server.began / 1e6, server.lost),
        *(server.damaged, server.orders, server.executions, server.decisions, server.refused),
        *(float(server.ticks_per_second), server.host, f"{server.session:016x}"),
        *(f"{server.journal:016x}", server.state, server.ended),
    )
