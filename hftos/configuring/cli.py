"""`hftos config`: show, change and check the configuration of an installed image."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from hftapp import config_source
from hftapp.config import ConfigError
from hftapp.config_source import Chosen, Refused
from hftos.configuring import command_line, edit
from hftos.configuring.edit import EditError
from hftos.configuring.installation import Changed, Installation
from hftos.configuring.opening import changing, open_installation
from image import buildroot, progress
from image.command import json_option
from image.errors import ImageError

P = ParamSpec("P")
R = TypeVar("R")

_IMAGE = click.option(
    "--image",
    "path",
    metavar="F",
    required=True,
    type=click.Path(path_type=Path),
    help="A disk image, a disk, the folder where its EFI system partition is mounted, or a unified kernel image.",
)
_UKI = click.option("--uki", default="", metavar="NAME", help="Which image of several in EFI/Linux.")
_DROPPED = (
    " in place of an older one. To fall back on that one, set it and then this one again; --keep-last-good would have "
    "left it there"
)


def _reports_errors(function: Callable[P, R]) -> Callable[P, R]:
    """One line an error, one a mistake of a configuration; exit status 1."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ConfigError as error:
            raise click.ClickException("\n  ".join([f"{error.source} is refused:", *_lines(error)])) from error
        except (ImageError, EditError) as error:
            raise click.ClickException(str(error)) from error

    return wrapper


@click.group()
def config() -> None:
    """Show, change and check the configuration on a disk or image, without a build."""


@config.command()
@_IMAGE
@_UKI
@click.option("--secrets", is_flag=True, help="Show passwords too.")
@json_option
@_reports_errors
def show(path: Path, uki: str, secrets: bool, as_json: bool) -> None:
    """Print the configuration that the machine will run on, and where it comes from."""
    installation = open_installation(path, uki, progress.default())
    chosen = installation.find()
    text = (installation.read(chosen.place.path) or b"").decode()
    words = command_line.fault(installation.partition, installation.uki)
    notices = [": ".join(words)] if words else []
    if as_json:
        document = chosen.settings.document
        shown = document if secrets else edit.masked_document(document)
        described = _described(installation, chosen) | {"notices": notices}
        click.echo(json.dumps(described | {"configuration": shown}, default=str))
        return
    place = installation.place(chosen.place.path)
    click.echo(f"# {config_source.WORDS[chosen.place.source]}: {place}", err=True)
    for line in (*chosen.mark(), *notices):
        click.echo(f"# {line}", err=True)
    click.echo(text if secrets else edit.masked(text), nl=False)


@config.command("set")
@_IMAGE
@_UKI
@click.argument("words", nargs=-1, required=True, metavar="FILE | KEY=VALUE...")
@click.option("--keep-last-good", is_flag=True, help="Put the one that is replaced aside: it has never run.")
@json_option
@_reports_errors
def set_(path: Path, uki: str, words: tuple[str, ...], keep_last_good: bool, as_json: bool) -> None:
    """Put a whole file there, or change single values and keep the rest of the file as it is.

    For example: hftos config set --image /dev/sdb risk.max_order_shares=500 'strategy[0].params.size=200'. A bad
    configuration is refused. The valid one that is replaced stays as the last good one, in place of an older one.
    Whether it ever ran is not known here: with --keep-last-good the older one stays.
    """
    assignments = [edit.parse(word) for word in words if edit.is_assignment(word)]
    if len(assignments) != len(words) and len(words) > 1:
        strange = next(word for word in words if not edit.is_assignment(word))
        raise click.UsageError(
            f"{strange!r} is not KEY=VALUE: give one file, or values such as risk.max_open_orders=50"
        )
    data = None if assignments else _content(Path(words[0]))
    with changing(path):
        installation = open_installation(path, uki, progress.default())
        if data is None:
            source, before = installation.newest()
            data = edit.assign(_text(before, source), assignments).encode()
        changed = installation.change(data, keep_last_good=keep_last_good)
    if as_json:
        click.echo(json.dumps({"ok": True, "image": installation.label, "uki": installation.uki, **_as_dict(changed)}))
        return
    click.echo(_told(installation, changed))


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--image", "path", metavar="F", type=click.Path(path_type=Path), help="As for show and set.")
@_UKI
@json_option
@_reports_errors
def check(file: Path | None, path: Path | None, uki: str, as_json: bool) -> None:
    """Check a file, or every configuration of an image; one line for each mistake: key, value, allowed range.

    With both the file is checked against the image: whether it holds the strategies. Exits with 1 for any mistake.
    """
    if file is None and path is None:
        raise click.UsageError("what is to be checked? Give a FILE, --image F, or both")
    installation = open_installation(path, uki, progress.default()) if path is not None else None
    faults = _faults(file, installation) if file is not None else installation.faults() if installation else []
    if as_json:
        rows = [{"path": fault.path, "problems": list(fault.problems)} for fault in faults]
        click.echo(json.dumps({"ok": not faults, "faults": rows}))
    else:
        for fault in faults:
            for problem in fault.problems:
                click.echo(f"{fault.path}: {problem}")
        if not faults:
            click.echo(f"{file or path}: in order")
    if faults:
        sys.exit(1)


@config.command()
@_IMAGE
@_UKI
@click.option("--add", multiple=True, metavar="WORD", help="A kernel parameter, NAME or NAME=VALUE; repeatable.")
@click.option("--remove", multiple=True, metavar="WORD", help="One that was added, or the name of some; repeatable.")
@json_option
@_reports_errors
def cmdline(path: Path, uki: str, add: tuple[str, ...], remove: tuple[str, ...], as_json: bool) -> None:
    """Show the kernel's command line, add words to it, take away those that were added.

    Words that contradict the tuning catalogue make the self-check fail when the machine boots.
    """
    reporter = progress.default()
    with changing(path) if add or remove else nullcontext():
        installation = open_installation(path, uki, reporter)
        partition, uki = installation.partition, installation.uki
        if add or remove:
            found = command_line.change(partition, uki, add, remove, lambda: buildroot.ensure(reporter))
        else:
            found = command_line.read(partition, uki)
    if as_json:
        shown = {"image": installation.label, "uki": installation.uki, **found._asdict()}
        click.echo(json.dumps(shown))
        return
    click.echo(f"of the image: {' '.join(found.own)}")
    click.echo(f"added: {' '.join(found.added) or 'nothing'}")
    if found.interrupted:
        click.echo(f"{command_line.NAME}: {found.interrupted}", err=True)


def _faults(file: Path, installation: Installation | None) -> list[Refused]:
    try:
        settings = config_source.parse(_content(file), str(file))
        if installation is not None:
            installation.check_strategies(settings)
    except ConfigError as error:
        return [Refused(str(file), config_source.problems(error))]
    return []


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(config_source.LIMIT + 1)
    except OSError as error:
        raise ConfigError(str(file), [f"cannot be read: {error.strerror or error}"]) from error


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EditError(f"{source} is no text ({error.reason}): set a whole file") from error


def _described(installation: Installation, chosen: Chosen) -> dict[str, Any]:
    """The choice with the places of the files on the partition."""
    refused = [{"path": installation.place(one.path), "problems": list(one.problems)} for one in chosen.refused]
    return {
        "image": installation.label,
        "uki": installation.uki,
        **chosen.record(),
        "path": installation.place(chosen.place.path),
        "refused": refused,
    }


def _as_dict(changed: Changed) -> dict[str, Any]:
    return {
        "path": changed.path,
        "written": changed.written,
        "replaced": changed.kept,
        "dropped_last_good": changed.dropped,
    }


def _told(installation: Installation, changed: Changed) -> str:
    if not changed.written:
        return f"{installation.label}: {changed.path} has this content already"
    kept = {
        config_source.LAST_GOOD: "; the one before it is kept as the last good one"
        + (_DROPPED if changed.dropped else ""),
        "refused": "; the one before it was not valid and is kept as hftos.toml.refused",
        "replaced": "; the one before it is kept as hftos.toml.replaced, and the last good one is as it was",
    }
    return f"{installation.label}: {changed.path} written and read back{kept.get(changed.kept, '')}"


def _lines(error: ConfigError) -> tuple[str, ...]:
    return config_source.problems(error)
