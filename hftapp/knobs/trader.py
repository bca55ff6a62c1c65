"""Knobs of the trader's process: what it asked of the kernel, read back by itself before it trades."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hftapp.config import Config
from hftapp.knobs import table
from hftapp.knobs.result import NOT_APPLICABLE, NOT_READ, UNSET, Result, self_check
from hftapp.knobs.table import Row, Table

if TYPE_CHECKING:
    from hftapp.nic.port import Port

_POLICIES: Final = {os.SCHED_OTHER: "other", os.SCHED_FIFO: "fifo", os.SCHED_RR: "rr"}
_OWN_TCP: Final = "the trader's own TCP sends at once, without Nagle's algorithm"
_NO_KERNEL_SOCKET: Final = "the port has no socket of the kernel that could poll"


class SelfCheckError(Exception):
    """A knob has not the value that it should have, and the machine may not trade so."""


def rows(path: str = table.FILE) -> tuple[Row, ...]:
    """The rows that the trader sees to; none on a host that has no catalogue."""
    return of(table.load(path)) if Path(path).exists() else ()


def of(found: Table) -> tuple[Row, ...]:
    """The rows of a table that the trader sees to."""
    return tuple(row for row in found.rows if row.layer == "process" and row.key in READERS)


def settled(settings: Config, asked: tuple[Row, ...]) -> Config:
    """The configuration with the catalogue's values for the keys that it leaves out."""
    given, cpu, nic = settings.document.get("cpu", {}), settings.cpu, settings.nic
    wanted = {row.key: row.value for row in asked if row.value != UNSET}
    if "mlockall" in wanted and "lock_memory" not in given:
        cpu = replace(cpu, lock_memory=wanted["mlockall"] == "on")
    if "sched_policy" in wanted and "policy" not in given:
        cpu = replace(cpu, policy=wanted["sched_policy"])
    if "so_busy_poll" in wanted and "busy_poll" not in settings.document.get("nic", {}):
        nic = replace(nic, busy_poll=wanted["so_busy_poll"] == "on")
    return replace(settings, cpu=cpu, nic=nic)


def read_back(asked: tuple[Row, ...], settings: Config, port: Port | None) -> list[Result]:
    """Each row's value and what is effective in this process."""
    return [_read(row, settings, port) for row in asked]


def check(asked: tuple[Row, ...], settings: Config, port: Port | None) -> list[Result]:
    """The same. Raises SelfCheckError when one has not taken effect and that counts."""
    results = read_back(asked, settings, port)
    wrong = self_check(results)
    if wrong and settings.host.self_check == "stop":
        raise SelfCheckError(wrong.removeprefix("self-check failed: "))
    return results


def _read(row: Row, settings: Config, port: Port | None) -> Result:
    try:
        return READERS[row.key](row, settings, port)
    except OSError as error:
        return Result(row.name, row.layer, row.value, f"unreadable: {error.strerror}", row.value == UNSET)


def _judged(row: Row, requested: str, effective: str) -> Result:
    return Result(row.name, row.layer, requested, effective, requested in (UNSET, effective))


def _locked(row: Row, settings: Config, _port: Port | None) -> Result:
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    kib = next((int(line.split()[1]) for line in lines if line.startswith("VmLck:")), 0)
    requested = UNSET if row.value == UNSET else "on" if settings.cpu.lock_memory else "off"
    return _judged(row, requested, "on" if kib else "off")


def _policy(row: Row, settings: Config, _port: Port | None) -> Result:
    number = os.sched_getscheduler(0)
    return _judged(row, UNSET if row.value == UNSET else settings.cpu.policy, _POLICIES.get(number, str(number)))


def _nodelay(row: Row, settings: Config, _port: Port | None) -> Result:
    if settings.nic.port != "socket":
        return Result(row.name, row.layer, row.value, NOT_APPLICABLE, True, _OWN_TCP)
    from hftapp.socket_wire import order_socket

    with order_socket() as sock:  # made as those of the order sessions are
        return _judged(row, row.value, str(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))


def _busy_poll(row: Row, settings: Config, port: Port | None) -> Result:
    from hftapp.nic.af_xdp import AfXdpPort
    from hftapp.nic.xsk_socket import AF_XDP, SO_BUSY_POLL

    if not isinstance(port, AfXdpPort):
        return Result(row.name, row.layer, row.value, NOT_APPLICABLE, True, _NO_KERNEL_SOCKET)
    requested = UNSET if row.value == UNSET else "on" if settings.nic.busy_poll else "off"
    # The family is given because the kernel does not tell it: getsockname(2) is not supported there.
    with socket.socket(AF_XDP, socket.SOCK_RAW, 0, fileno=os.dup(port.fileno())) as sock:
        polls = sock.getsockopt(socket.SOL_SOCKET, SO_BUSY_POLL)
    return _judged(row, requested, "on" if polls else "off")


def _proved_otherwise(row: Row, _settings: Config, _port: Port | None) -> Result:
    return Result(row.name, row.layer, row.value, NOT_READ, True, row.reason)


READERS: Final[dict[str, Callable[[Row, Config, Port | None], Result]]] = {
    "mlockall": _locked,
    "sched_policy": _policy,
    "tcp_nodelay": _nodelay,
    "so_busy_poll": _busy_poll,
    "static_arp": _proved_otherwise,
}
"""By the key of a row of layer `process`."""
