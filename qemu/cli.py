"""`hftos run`: boot the image in QEMU against the simulated exchange, trade, and report."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console

from image import build as builder
from image import profile as profiles
from image import progress as build_progress
from image.command import build_command
from image.errors import ImageError
from protocols.finite_range import FiniteRange
from qemu import accel, keeping, report, table
from qemu.arguments import absences, check_sockets, configuration, kernel_arguments, memory, packet_numbers
from qemu.budget import Budgets
from qemu.evidence import gather
from qemu.links import GRAMMAR, LinkError, feed_rules, parse_link
from qemu.lock import DirectoryBusyError, locked
from qemu.machine import BUSES, MachineError
from qemu.namespaces import NamespaceError, enter_user_namespace, may_create
from qemu.outcome import Outcome
from qemu.page import PageError
from qemu.progress import ConsoleProgress
from qemu.runner import run as run_scenario
from qemu.scenario import SLICE, ForeignFolderError, Image, Scenario
from rootfs.errors import RootfsError

_DEFAULT_DIRECTORY = Path("build/run")
_MAX_SEED = 2**64 - 1
_PROBABILITY = FiniteRange(0, 1)
_POSITIVE = FiniteRange(0, min_open=True)
_REFUSED = (DirectoryBusyError, ForeignFolderError, OSError, ValueError)
_INTERRUPTED, _TERMINATED = 130, 143  # 128 + the signal's number, as shells have it


class TerminatedError(KeyboardInterrupt):
    """SIGTERM came: clean up as after Ctrl-C, but say so."""


@click.command()
@click.option("--seconds", type=_POSITIVE, default=20.0, show_default=True, help="How long to trade.")
@click.option("--rate", type=_POSITIVE, help="Messages a second of the generated flow.  [default: the exchange's]")
@click.option(
    "--seed", type=click.IntRange(0, _MAX_SEED), default=1, show_default=True, help="Decides flow and faults."
)
@click.option("--no-replay", is_flag=True, help="Generated flow only, without the real Nasdaq messages before it.")
@click.option("--disk", is_flag=True, help="Boot the disk image through UEFI instead of the kernel directly.")
@click.option(
    "--disk-bus", type=click.Choice(list(BUSES)), help="Where the disk is; implies --disk.  [default: virtio]"
)
@click.option(
    "--disk-image",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    help="A flashed disk, as a file or device, instead of the built image; implies --disk.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=configuration,
    help="hftos.toml for the guest.",
)
@click.option(
    "--nic",
    type=click.Choice(["virtio", "e1000e"]),
    default="virtio",
    show_default=True,
    help="Model of the trading card.",
)
@click.option(
    "--port",
    type=click.Choice(["dpdk", "af_xdp", "af_packet"]),
    help="The guest's port to its trading card.  [default: as configured]",
)
@click.option("--loss-a", type=_PROBABILITY, default=0.0, help="Share of packets lost on line A.")
@click.option("--loss-b", type=_PROBABILITY, default=0.0, help="Share of packets lost on line B, never the same ones.")
@click.option("--drop-both", callback=packet_numbers, metavar="N[,N]", help="Packets to lose on both lines: a gap.")
@click.option("--link", "links", multiple=True, metavar="PORT:DIRECTION:FAULT", help=f"A fault; repeatable. {GRAMMAR}")
@click.option(
    "--office-away",
    multiple=True,
    callback=absences,
    metavar="FROM,UNTIL",
    help="Kill the office with SIGKILL and start it again; times as in --link, from when trading begins; repeatable.",
)
@click.option(
    "--memory", type=int, default=512, show_default=True, callback=memory, help="The guest's memory in MiB (≥ 128)."
)
@click.option(
    "--sockets",
    type=click.IntRange(1, 4),
    default=1,
    show_default=True,
    help="CPU sockets, each with two CPUs and its share of the memory; the trading card is at the last one. More than "
    "one needs a kernel with NUMA: --profile colo.",
)
@click.option(
    "--append",
    "extra_arguments",
    default="",
    callback=kernel_arguments,
    help="More kernel arguments, NAME=VALUE or a flag like debug (direct boot only).",
)
@click.option("--no-office", is_flag=True, help="Without the office's page, its monitor and the store.")
@click.option(
    "--page-port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default="any that is free",
    help="Port of the office's page on 127.0.0.1.",
)
@click.option(
    "--store", help="The store that keeps the run: chdb:PATH or clickhouse://….  [default: chdb:store beside --dir]"
)
@click.option("--patience", type=_POSITIVE, default=1.0, show_default=True, help="Factor on all time limits.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=_DEFAULT_DIRECTORY,
    show_default=True,
    help="Where the run's files go: a new or an empty folder, or that of an earlier run; one run at a time.",
)
@click.option(
    "--profile",
    type=click.Choice(profiles.names()),
    default=builder.DEFAULT_PROFILE,
    show_default=True,
    help="Which image to boot.",
)
@click.option("--no-build", is_flag=True, help="Take the image as it was built last.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def run(
    seconds: float,
    rate: float | None,
    seed: int,
    no_replay: bool,
    disk: bool,
    disk_bus: str | None,
    disk_image: Path | None,
    config: Path | None,
    nic: str,
    port: str | None,
    loss_a: float,
    loss_b: float,
    drop_both: tuple[int, ...],
    links: tuple[str, ...],
    office_away: tuple[tuple[float, float], ...],
    memory: int,
    sockets: int,
    extra_arguments: str,
    no_office: bool,
    page_port: int,
    store: str | None,
    patience: float,
    directory: Path,
    profile: str,
    no_build: bool,
    as_json: bool,
) -> None:
    """Boot the image in QEMU against the simulated exchange, let it trade, and report.

    Builds the image first when something changed. Exits with 1 when anything does not add up, 2 for a wrong option, 130
    after Ctrl-C and 143 after SIGTERM. With --drop-both the run is ok when the trader takes the gap as it should.
    """
    disk = disk or disk_bus is not None or disk_image is not None
    if disk and (config is not None or extra_arguments or port is not None):
        raise click.UsageError("--disk boots the image as it is: leave out --config, --port and --append")
    if no_office and (page_port or store is not None):
        raise click.UsageError("--no-office has neither page nor store: leave out --page-port and --store")
    check_sockets(sockets, memory, profile)
    if store is not None:
        try:
            keeping.check(store)
        except keeping.KeepingError as error:
            raise click.BadParameter(str(error), param_hint="--store") from error
    try:
        rules = feed_rules(loss_a, loss_b, drop_both) + [rule for text in links for rule in parse_link(text)]
    except LinkError as error:
        raise click.UsageError(str(error)) from error
    scenario = Scenario(
        directory=directory.resolve(),
        seconds=seconds,
        seed=seed,
        rate=rate,
        replay=None if no_replay else SLICE,
        disk=disk,
        disk_bus=disk_bus or "virtio",
        disk_image=disk_image,
        config=config,
        links=tuple(rules),
        drop_both=drop_both,
        office_away=office_away,
        office=not no_office,
        page_port=page_port,
        store=store or keeping.default_store(directory.resolve()),
        memory_mib=memory,
        sockets=sockets,
        extra_arguments=extra_arguments,
        nic=nic,
        port=port,
        budgets=Budgets().scaled(patience),
    )
    _explained(lambda: _run(scenario, profile, no_build, as_json))


def _explained(function: Callable[[], bool]) -> None:
    """Turn the project's errors into one line; exit with 1 when the run is not ok."""
    before = signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        ok = function()
    except (ImageError, RootfsError, MachineError, NamespaceError, PageError, *_REFUSED) as error:
        raise click.ClickException(str(error)) from error
    except TerminatedError:
        click.echo("hftos run: ended by SIGTERM; nothing of it is left running", err=True)
        sys.exit(_TERMINATED)
    except KeyboardInterrupt:
        click.echo("hftos run: interrupted; nothing of it is left running", err=True)
        sys.exit(_INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
    if not ok:
        sys.exit(1)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise TerminatedError


def _run(scenario: Scenario, profile: str, no_build: bool, as_json: bool) -> bool:
    scenario.refuse_others()
    with locked(scenario.directory):
        return _run_locked(scenario, profile, no_build, as_json)


def _run_locked(scenario: Scenario, profile: str, no_build: bool, as_json: bool) -> bool:
    image = _existing_image(profile) if no_build else _built_image(profile)
    if not may_create():
        enter_user_namespace()  # before the first thread, which the progress display may start
    notes = Console(stderr=True)
    with ConsoleProgress(notes) as progress:
        progress.phase("accelerator")
        accelerator = accel.find(image.kernel)
        outcome = asyncio.run(_terminable(run_scenario(scenario, image, accelerator, progress)))
        found = report.assemble(scenario, image, outcome, gather(scenario))
    written = _written(found, scenario)
    if as_json:
        click.echo(json.dumps(found))
    else:
        table.show(found, Console())
        if written:
            click.echo(f"report: {written}")
    return bool(found["ok"])


def _written(found: dict[str, Any], scenario: Scenario) -> Path | None:
    """Where the report is. One that cannot be written is shown all the same: it says what else went wrong."""
    try:
        return report.write(found, scenario)
    except OSError as error:
        where = f"{scenario.directory}: {error.strerror or error}"
        found["reasons"].append(f"the report cannot be written into {where}; make room there, or give another --dir")
        found["ok"] = False
        return None


async def _terminable(scenario: Coroutine[None, None, Outcome]) -> Outcome:
    """Let SIGTERM cancel the run as Ctrl-C does, so that it cleans up; then raises `TerminatedError`."""
    task, loop, terminated = asyncio.create_task(scenario), asyncio.get_running_loop(), asyncio.Event()

    def terminate() -> None:
        terminated.set()
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await task
    except asyncio.CancelledError:
        if terminated.is_set():
            raise TerminatedError from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, _on_sigterm)


def _built_image(profile: str) -> Image:
    """Build what is missing, with progress."""
    return _image(builder.build(profile, reporter=build_progress.default()))


def _existing_image(profile: str) -> Image:
    built = builder.parts_of(profile)
    parts = (built.kernel, built.initramfs, built.uki, built.disk, built.cmdline)
    if missing := [path.name for path in parts if not path.is_file()]:
        text = f"{built.kernel.parent} has no {', '.join(missing)}: build the image first ({build_command(profile)})"
        raise click.ClickException(text)
    return _image(built)


def _image(built: builder.Built) -> Image:
    return Image(built.kernel, built.initramfs, built.uki, built.disk, built.cmdline.read_text().strip())
