"""From mounted file systems to a machine ready to trade: knobs, management network, and the record of both."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hftapp import VERSION, bootclock, cpu, netconf, nodes, reserve
from hftapp.config import Config
from hftapp.console import say as console_say
from hftapp.knobs import memory_node, table
from hftapp.knobs.apply import apply
from hftapp.knobs.result import UNSET, Result, self_check, summary
from hftapp.spawn import trader_cpu

_TRADERS_NODE: Final = "trader"
"""The value of a row that asks for the memory node of the trader's CPU."""


@dataclass
class Boot:
    """What the boot did, for the first record to the office. Times in seconds of guest uptime.

    `configuration`: where it comes from (`hftapp.config_source`); `warning`: why it is not the wanted one, or empty.
    `self_check`: which knobs have not taken effect, or empty; `ready_s`: when all were set and read back.
    `trader`: its CPU, None: not pinned; `places`: the memory nodes of it and of its card; `far`: what is wrong with
    them, or empty.
    """

    kernel_s: float | None
    pid1_s: float
    isolated: tuple[int, ...] = ()
    nohz_full: tuple[int, ...] = ()
    results: list[Result] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    configuration: dict[str, object] = field(default_factory=dict)
    warning: str = ""
    self_check: str = ""
    ready_s: float = 0.0
    trader: int | None = None
    places: nodes.Places = nodes.ONE
    far: str = ""

    def record(self, more: Iterable[dict[str, object]] = ()) -> dict[str, object]:
        """The `boot` record of the management stream; `more`: knobs that the trader has read back itself."""
        names = os.uname()
        return {
            "kind": "boot",
            "kernel_s": self.kernel_s,
            "pid1_s": round(self.pid1_s, 9),
            "version": VERSION,
            "uname": f"{names.sysname} {names.release} {names.version} {names.machine}",
            "cmdline": command_line(),
            **({"configuration": self.configuration} if self.configuration else {}),
            "cpu": {
                "trader": self.trader,
                "isolated": list(self.isolated),
                "nohz_full": list(self.nohz_full),
            },
            **({"nodes": self.places.record()} if self.places.several else {}),
            "ready_s": round(self.ready_s, 6),
            "knobs": [*(row.record() for row in self.results), *more],
        }


def command_line() -> str:
    """The kernel command line, "" where it cannot be read."""
    try:
        return Path("/proc/cmdline").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def prepare(settings: Config, reached: float, say: Callable[[str], None] = console_say, rows: str = table.FILE) -> Boot:
    """Apply the catalogue's rows and bring up the management network; says which have not taken effect.

    Raises KnobsError without the catalogue's rows, ConfigError for a trader's CPU that is not online,
    netconf.NetworkError when a configured interface is not there.
    """
    machine = Boot(kernel_s=bootclock.kernel_seconds(), pid1_s=reached)
    machine.isolated = cpu.read_list("isolated")
    machine.nohz_full = cpu.read_list("nohz_full")
    machine.trader = trader_cpu(settings)
    machine.places = nodes.places(settings.nic, machine.trader)
    machine.far = nodes.warning(machine.places, settings, machine.isolated)
    if machine.places.several:
        say(machine.far or str(machine.places))
    found = _on_node(_with_huge_pages(table.load(rows), settings, machine.places), machine.places)
    applied = apply(found, settings.nic)
    machine.results, machine.held = applied.results, applied.held
    machine.ready_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    machine.self_check = self_check(machine.results)
    for row in machine.results:
        if not row.ok:
            say(f"self-check failed: {row}")
    if machine.self_check and settings.host.self_check != "stop":
        say('host.self_check = "warn": this machine trades although its self-check failed')
    say(
        f"knobs: {summary(machine.results)}; "
        f"isolated CPUs: {cpu.format_list(machine.isolated) or 'none'}, "
        f"nohz_full: {cpu.format_list(machine.nohz_full) or 'none'}"
    )
    _network(settings, say)
    return machine


def _with_huge_pages(found: table.Table, settings: Config, places: nodes.Places) -> table.Table:
    """A user-space driver's rings are in huge pages, and the trader's tables: how many, the configuration decides where
    no row does, and the number of memory nodes."""
    asked = {row.name for row in found.rows if row.value != UNSET}
    if settings.nic.port != "dpdk" or asked & {"hugepages", "vm.nr_hugepages"}:
        return found
    kept = memory_node.KEPT * (len(places.nodes) - 1) if places.several else 0
    rings = table.huge_pages(settings.nic.rx_descriptors + settings.nic.tx_descriptors)
    return found.with_value("vm.nr_hugepages", str(int(rings) + reserve.huge_pages(settings) + kept))


def _on_node(found: table.Table, places: nodes.Places) -> table.Table:
    """Rows that ask for the trader's memory node get its number, where there are several and one is the trader's."""
    if not places.several:
        return found
    node = UNSET if places.memory is None else str(places.memory)
    for row in found.rows:
        if row.value == _TRADERS_NODE:
            found = found.with_value(row.name, node)
    return found


def _network(settings: Config, say: Callable[[str], None]) -> None:
    netconf.up("lo")
    management = settings.management
    if management.mac:
        name = netconf.by_mac(management.mac)
        address = management.address
        if address is not None:
            netconf.set_address(name, str(address.ip), str(address.netmask))
            say(f"management interface {name} {address}")
