"""Why an isolated CPU still gets an interrupt, by its row in /proc/interrupts (Linux, arch/x86/kernel/irq.c)."""

from collections.abc import Mapping
from typing import Final

WHY: Final[Mapping[str, str]] = {
    "NMI": "non-maskable: the hardware, a watchdog or a profiler",
    "LOC": "local timer: the scheduler's tick, stopped while one thread runs (nohz_full) but for one residual a second"
    " or a timer that was set on this CPU",
    "SPU": "spurious: the controller withdrew it",
    "PMI": "performance counters overflowed",
    "IWI": "irq_work: this CPU had the kernel do something as soon as possible, such as stopping its own tick",
    "RTR": "APIC read retries",
    "RES": "reschedule: another CPU woke a thread on this one or asked it to look at its tick again",
    "CAL": "function call: another CPU needed something done here, such as a synchronisation after a code change",
    "TLB": "TLB shootdown: another CPU unmapped memory of an address space that this CPU has loaded",
    "TRM": "thermal event",
    "THR": "machine check threshold",
    "DFR": "deferred machine check",
    "MCE": "machine check exception",
    "MCP": "machine check poll, a timer",
    "HYP": "the hypervisor called back",
    "HRE": "Hyper-V re-enlightenment",
    "HVS": "Hyper-V synthetic timer",
    "ERR": "APIC error",
    "MIS": "lost and delivered again by the I/O APIC",
    "PIN": "posted interrupt notification",
    "NPI": "nested posted interrupt",
    "PIW": "posted interrupt wake-up",
}
DEVICE: Final = "a device's interrupt: its affinity names this CPU"


def why(name: str) -> str:
    """The explanation of a row (`hftapp.cpu.interrupts` gives the names); numbered rows are devices."""
    number, _, action = name.partition(":")
    if number.isdigit():
        return f"{DEVICE} ({action})" if action else DEVICE
    return WHY.get(name, "not in this program's table: see the kernel's arch/x86/kernel/irq.c")
