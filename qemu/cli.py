"""`hftos run`: boot the image in QEMU against the simulated exchange, trade, and report."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import click
from rich.console import Console

from image import build as builder
from image import progress as build_progress
from image.errors import ImageError
from qemu import accel, report, table
from qemu.budget import Budgets
from qemu.links import LinkError, feed_rules, parse_link
from qemu.machine import MachineError
from qemu.namespaces import NamespaceError, enter_user_namespace, may_create
from qemu.outcome import Outcome
from qemu.progress import ConsoleProgress
from qemu.runner import run as run_scenario
from qemu.scenario import SLICE, Image, Scenario
from rootfs.errors import RootfsError

_DEFAULT_DIRECTORY = Path("build/run")
_MAX_SEED = 2**64 - 1
_PROBABILITY = click.FloatRange(0, 1)
_POSITIVE = click.FloatRange(0, min_open=True)


def _positions(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Packet numbers `N,N,…`, each at least 1."""
    del context, parameter
    words = value.split(",") if value else []
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise click.BadParameter(f"{value!r}: must be packet numbers from 1, as in 50 or 50,51,52")
    return tuple(int(word) for word in words)


@click.command()
@click.option("--seconds", type=_POSITIVE, default=20.0, show_default=True, help="How long to trade.")
@click.option("--rate", type=_POSITIVE, help="Messages a second of the generated flow.  [default: the exchange's]")
@click.option(
    "--seed", type=click.IntRange(0, _MAX_SEED), default=1, show_default=True, help="Decides flow and faults."
)
@click.option("--no-replay", is_flag=True, help="Generated flow only, without the real Nasdaq messages before it.")
@click.option("--disk", is_flag=True, help="Boot the disk image through UEFI instead of the kernel directly.")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="hftos.toml for the guest."
)
@click.option("--loss-a", type=_PROBABILITY, default=0.0, help="Share of packets lost on line A.")
@click.option("--loss-b", type=_PROBABILITY, default=0.0, help="Share of packets lost on line B, never the same ones.")
@click.option("--drop-both", callback=_positions, metavar="N[,N]", help="Packets of the feed to lose on both lines.")
@click.option(
    "--link", "links", multiple=True, metavar="PORT:DIRECTION:FAULT", help="A fault, as trader:out:delay=50us."
)
@click.option("--memory", type=click.IntRange(128), default=512, show_default=True, help="The guest's memory in MiB.")
@click.option("--append", "extra_arguments", default="", help="More kernel arguments (direct boot only).")
@click.option("--patience", type=_POSITIVE, default=1.0, show_default=True, help="Factor on all time limits.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), default=_DEFAULT_DIRECTORY, show_default=True)
@click.option("--no-build", is_flag=True, help="Take the image as it is in build/image.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def run(
    seconds: float,
    rate: float | None,
    seed: int,
    no_replay: bool,
    disk: bool,
    config: Path | None,
    loss_a: float,
    loss_b: float,
    drop_both: tuple[int, ...],
    links: tuple[str, ...],
    memory: int,
    extra_arguments: str,
    patience: float,
    directory: Path,
    no_build: bool,
    as_json: bool,
) -> None:
    """Boot the image in QEMU against the simulated exchange, let it trade, and report.

    Builds the image first when something changed. Exits with 1 when anything does not add up.
    """
    if disk and (config is not None or extra_arguments):
        raise click.UsageError("--disk boots the image as it is: leave out --config and --append")
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
        config=config,
        links=tuple(rules),
        memory_mib=memory,
        extra_arguments=extra_arguments,
        budgets=Budgets().scaled(patience),
    )
    _explained(lambda: _run(scenario, no_build, as_json))


def _explained(function: Callable[[], bool]) -> None:
    """Turn the project's errors into one line; exit with 1 when the run is not ok."""
    try:
        ok = function()
    except (ImageError, RootfsError, MachineError, NamespaceError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError as error:
        raise click.ClickException("ended by SIGTERM") from error
    if not ok:
        sys.exit(1)


def _run(scenario: Scenario, no_build: bool, as_json: bool) -> bool:
    image = _existing_image() if no_build else _built_image()
    if not may_create():
        enter_user_namespace()  # before the first thread, which the progress display may start
    notes = Console(stderr=True)
    with ConsoleProgress(notes) as progress:
        progress.phase("accelerator")
        accelerator = accel.find(image.kernel)
        outcome = asyncio.run(_terminable(run_scenario(scenario, image, accelerator, progress)))
        found = report.assemble(scenario, image, outcome, report.gather(scenario))
    path = report.write(found, scenario)
    if as_json:
        click.echo(json.dumps(found))
    else:
        table.show(found, Console())
        click.echo(f"report: {path}")
    return bool(found["ok"])


async def _terminable(scenario: Coroutine[None, None, Outcome]) -> Outcome:
    """Let SIGTERM cancel the run as Ctrl-C does, so that it cleans up."""
    task = asyncio.create_task(scenario)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _built_image() -> Image:
    """Build what is missing, with progress."""
    built = builder.build(reporter=build_progress.default())
    return Image(built.kernel, built.initramfs, built.uki, built.disk, built.cmdline.read_text().strip())


def _existing_image() -> Image:
    folder = builder.OUTPUT
    names = ("vmlinuz", "initramfs.cpio.zst", "hftos.efi", "hftos.img", "cmdline")
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise click.ClickException(f"{folder} has no {', '.join(missing)}: build the image first (hftos image build)")
    kernel, initramfs, uki, disk, command_line = (folder / name for name in names)
    return Image(kernel, initramfs, uki, disk, command_line.read_text().strip())
