"""`hftos image`: build the bootable image, show what is in it, lock the build root's packages."""

import json
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from image import build as builder
from image import buildroot, microcode, packages, profile, progress
from image.command import build_command, json_option, profile_option, reports_errors
from image.diff_cli import diff
from image.errors import ImageError
from image.menuconfig_cli import menuconfig
from image.size_cli import size


@click.group()
def image() -> None:
    """Build the bootable image and show what is in it."""


image.add_command(diff)
image.add_command(menuconfig)
image.add_command(size)


@image.command()
@profile_option
@click.option("--locked", is_flag=True, help="Fail when the mirror no longer has the locked package versions.")
@click.option(
    "--microcode",
    "microcode_path",
    type=click.Path(path_type=Path),
    help="CPU microcode to load first: files of intel-ucode or amd-ucode, their folder, or an early archive.",
)
@json_option
@reports_errors
def build(name: str, locked: bool, microcode_path: Path | None, as_json: bool) -> None:
    """Build what is missing and put it into build/image/, for other profiles than qemu into build/image/PROFILE/."""
    start = time.monotonic()
    reporter = progress.default()
    early = microcode.load(microcode_path) if microcode_path else b""
    built = builder.build(name, reporter, locked=locked, early=early)
    seconds = round(time.monotonic() - start, 1)
    manifest = built.read_manifest()
    if as_json:
        outputs = {"outputs": manifest["outputs"], "profile": name}
        click.echo(json.dumps({**outputs, "steps_run": built.steps_run, "seconds": seconds}))
        return
    Console().print(_outputs(manifest, built.uki.parent))
    click.echo(f"{len(built.steps_run)} steps run, the rest cached; {seconds} s")


@image.command()
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@reports_errors
def show(name: str, as_json: bool) -> None:
    """Show every component of the image that was built last, with version and size."""
    folder = builder.output_of(name)
    path = folder / "manifest.json"
    if not path.is_file():
        raise ImageError(f"there is no {path}: run `{build_command(name)}` first")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        tables = [_components(manifest), _outputs(manifest, folder)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ImageError(f"{path} is damaged ({error!r}): run `{build_command(name)}`") from error
    if as_json:
        click.echo(json.dumps(manifest))
        return
    for table in tables:
        Console().print(table)


@image.command()
@reports_errors
def lock() -> None:
    """Write the package versions of the build root into image/packages.lock."""
    root = buildroot.ensure(progress.default())
    packages.write_lock(root.versions)
    click.echo(f"{len(root.versions)} packages locked in {packages.LOCK}")


@image.command()
@profile_option
@reports_errors
def why(name: str) -> None:
    """Show every kernel symbol and parameter of a profile with its reason."""
    chosen = profile.load(name)
    table = Table("Kernel symbol", "Value", "Fragment", "Why", title=f"{chosen.name}: {chosen.summary}")
    for symbol in chosen.symbols:
        table.add_row(symbol.name, symbol.value, symbol.fragment, symbol.why)
    for parameter in (*chosen.parameters, *chosen.init):
        table.add_row(parameter.text, "", "command line", parameter.why)
    Console().print(table)


def _components(manifest: dict[str, Any]) -> Table:
    table = Table("Component", "Kind", "Version", title=f"hftos {manifest['version']}, profile {manifest['profile']}")
    table.add_column("Files", justify="right")
    table.add_column("Bytes", justify="right")
    parts = sorted(manifest["components"], key=lambda part: -part["bytes"])
    for part in parts:
        table.add_row(part["name"], part["kind"], part["version"], str(part["files"]), f"{part['bytes']:,}")
    table.add_section()
    table.add_row("all", "", "", str(sum(p["files"] for p in parts)), f"{sum(p['bytes'] for p in parts):,}")
    return table


def _outputs(manifest: dict[str, Any], folder: Path) -> Table:
    table = Table("File")
    table.add_column("Bytes", justify="right")
    for name, output in manifest["outputs"].items():
        table.add_row(str(folder / name), f"{output['bytes']:,}")
    return table
