"""Boots that measured something else than their variant, through no fault of it."""

from typing import Final

from lab.model import Result

LEGACY_TIMER: Final = "0:timer"
"""The interrupt of the PIT or HPET. Once a CPU has its local timer it does not come any more."""


def unusable(result: Result) -> str:
    """Why the boot says nothing of its variant; empty when it does.

    A kernel calibrates the local timers against the legacy one (arch/x86/kernel/apic/apic.c, `calibrate_APIC_clock`).
    Under an emulator that was not served in time they do not agree, and it gives the local ones up: then one CPU sends
    the tick to all others, which cannot stop it, whatever the knobs say.
    """
    for cpu, counts in result.interrupts_by_cpu.items():
        if counts.get(LEGACY_TIMER, 0):
            return f"{cpu} ticks by the legacy timer: the kernel could not calibrate its local one on this busy host"
    return ""
