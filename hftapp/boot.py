"""From mounted file systems to a machine ready to trade: knobs, management network, and the record of both."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hftapp import VERSION, bootclock, cpu, knobs, netconf
from hftapp.config import Config
from hftapp.console import say as console_say


@dataclass
class Boot:
    """What the boot did, for the first record to the office. Times in seconds of guest uptime."""

    kernel_s: float | None
    pid1_s: float
    isolated: tuple[int, ...] = ()
    nohz_full: tuple[int, ...] = ()
    results: list[knobs.Result] = field(default_factory=list)
    held: list[int] = field(default_factory=list)

    def record(self, trader_cpu: int | None) -> dict[str, object]:
        """The `boot` record of the management stream."""
        names = os.uname()
        return {
            "kind": "boot",
            "kernel_s": self.kernel_s,
            "pid1_s": round(self.pid1_s, 3),
            "version": VERSION,
            "uname": f"{names.sysname} {names.release} {names.version} {names.machine}",
            "cmdline": command_line(),
            "cpu": {
                "trader": trader_cpu,
                "isolated": list(self.isolated),
                "nohz_full": list(self.nohz_full),
            },
            "knobs": [row.record() for row in self.results],
        }


def command_line() -> str:
    """The kernel command line, "" where it cannot be read."""
    try:
        return Path("/proc/cmdline").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def prepare(settings: Config, reached: float, say: Callable[[str], None] = console_say) -> Boot:
    """Apply the knobs and bring up the management network; says what did not take effect.

    Raises netconf.NetworkError when a configured interface is not there.
    """
    machine = Boot(kernel_s=bootclock.kernel_seconds(), pid1_s=reached)
    machine.isolated = cpu.read_list("isolated")
    machine.nohz_full = cpu.read_list("nohz_full")
    housekeeping = cpu.housekeeping()
    rows = knobs.table(machine.isolated, housekeeping)
    if settings.nic.port == "dpdk":
        rows.append(knobs.huge_pages(settings.nic.rx_descriptors + settings.nic.tx_descriptors))
    machine.results = knobs.apply(rows)
    machine.results.append(knobs.move_interrupts(machine.isolated, housekeeping))
    fd, result = knobs.hold_wakeup_latency()
    machine.results.append(result)
    if fd is not None:
        machine.held.append(fd)
    for row in machine.results:
        if not row.ok:
            say(f"knob {row.name} failed: requested {row.requested}, effective {row.effective}")
    say(
        f"knobs: {knobs.summary(machine.results)}; "
        f"isolated CPUs: {cpu.format_list(machine.isolated) or 'none'}, "
        f"nohz_full: {cpu.format_list(machine.nohz_full) or 'none'}"
    )
    _network(settings, say)
    return machine


def _network(settings: Config, say: Callable[[str], None]) -> None:
    netconf.up("lo")
    management = settings.management
    if management.mac:
        name = netconf.by_mac(management.mac)
        address = management.address
        if address is not None:
            netconf.set_address(name, str(address.ip), str(address.netmask))
            say(f"management interface {name} {address}")
