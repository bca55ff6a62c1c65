"""Boots a variant with its workload and returns what it showed.

`prepare` builds what the variants boot; `measure` boots one of them, whose console is then in the folder.
"""

import functools
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from image.errors import ImageError
from lab import boot, kernels_for, scratch, workloads
from lab.boot import GuestError, LabGuest
from lab.kernels_for import Booted
from lab.lockstep import job, session
from lab.lockstep.exchange import HarnessError
from lab.lockstep.kernels import KernelError
from lab.lockstep.link import Link
from lab.model import Result, Run, Variant
from lab.paced import BURST_TICKS, BURSTS_PER_S, FEED_TICKS_PER_S, Paced
from lab.settled import Settled
from lab.storage import Folder
from qemu import accel
from qemu.accel import Accelerator
from qemu.machine import MachineError
from rootfs.errors import RootfsError

Say = Callable[[str], None]

BOOT_SECONDS: Final = 120.0
"""What booting may take, on a busy machine in emulation, and printing the result."""
TRACER_SECONDS: Final = 20.0
_EMULATED: Final = Accelerator("tcg", "instructions are counted in emulation only")


def prepare(variants: Sequence[Variant], say: Say = lambda _: None) -> None:
    """Build or fetch what the variants boot. Raises ImageError, RootfsError or KernelError with the remedy."""
    for variant in variants:
        kernels_for.ensure(variant, say)


def preparing(folder: Path) -> Callable[[Sequence[Variant], Say], None]:
    """`prepare` for what is in an experiment's folder: with the kernels of Debian's that its results are of."""

    @functools.cache
    def prefer() -> None:
        kernels_for.prefer(kernels_for.packages(Folder(folder).results()))

    def prepare_these(variants: Sequence[Variant], say: Say) -> None:
        if any(variant.kernel in kernels_for.METAPACKAGES for variant in variants):
            prefer()
        prepare(variants, say)

    return prepare_these


def measure(run: Run, folder: Path, say: Say = lambda _: None) -> Result:
    """Boot the run's variant with its workload; its console is `folder/KEY.console`.

    A guest that fails is a result with an `error`, which ends with what its console said last.
    """
    console = folder / f"{run.key}.console"
    try:
        booted = kernels_for.ensure(run.variant, say)
        accelerator = _EMULATED if run.workload.kind in workloads.COUNTED else accel.find(booted.probe)
        say("boots")
        with scratch.folder() as place:
            _boot(run, booted, accelerator, console, place, say)
        found = boot.result(console)
    except (GuestError, HarnessError, KernelError, ImageError, RootfsError, MachineError) as error:
        return Result(run, error=str(error))
    try:
        figures = workloads.read(run.workload, found)
    except (KeyError, ValueError, TypeError) as error:
        return Result(run, error=f"the guest's result is not whole: {error!r}; {boot.tail(console)}")
    return Result(
        run=run,
        seconds=figures.seconds,
        metrics=figures.metrics,
        counts=figures.counts,
        interrupts_by_cpu=figures.interrupts_by_cpu,
        series=figures.series,
        histograms=figures.histograms,
        knobs=workloads.knobs(found),
        notes=[*figures.notes, *booted.notes],
        machine=_machine(accelerator, booted, found["boot"]),
    )


def _boot(run: Run, booted: Booted, accelerator: Accelerator, console: Path, place: Path, say: Say) -> None:
    """Carry out the workload; the result is on the console afterwards."""
    workload = run.workload
    direct = boot.direct(booted, workloads.config(), workloads.harness(workload, run.variant), place)
    card = workload.kind not in workloads.CARDLESS
    guest = LabGuest(direct, accelerator, workload.kind in workloads.COUNTED, card)
    if not card:
        boot.to_end(guest, console, BOOT_SECONDS + workload.seconds + TRACER_SECONDS)
        return

    def connect(link: Link, alive: Callable[[], bool]) -> session.Driver:
        if workload.kind == "feed":
            return Paced(link, alive, 1, 1 / FEED_TICKS_PER_S, workload.seconds)
        if workload.kind == "burst":
            return Paced(link, alive, BURST_TICKS, 1 / BURSTS_PER_S, workload.seconds)
        return Settled(link, alive)

    def progress(done: int) -> None:
        if done % 500 == 0:
            say(f"{done:,} ticks")

    session.measure(guest, connect, workload.ticks + job.WARM_UP, console, progress)


def _machine(accelerator: Accelerator, booted: Booted, found: dict[str, Any]) -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "host": platform.node(),
        "host_cpus": os.cpu_count(),
        "host_kernel": platform.release(),
        "accelerator": accelerator.name,
        "accelerator_reason": accelerator.reason,
        "uname": found["uname"],
        "cmdline": found["cmdline"],
        **booted.machine,
    }
