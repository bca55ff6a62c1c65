"""`hftos flash`: write the image to a disk, read it back and compare; list the disks there are."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from image.command import build_command
from image.errors import ImageError
from image.flash import blocks, device, medium, progress, refusals, show, source, writing
from image.flash.confirm import Ask, confirm
from image.flash.device import Device
from image.flash.errors import FlashError, TargetChangedError
from image.flash.host import Host
from image.flash.layout import Layout
from image.flash.refusals import Image, Refusal
from image.flash.source import Fault, Source

_PROFILE = "colo"


@click.command()
@click.option("--device", "typed", default="", metavar="PATH", help="The disk to erase, or a file that stands for one.")
@click.option(
    "--image", "path", type=click.Path(path_type=Path), help="The disk image.  [default: the one of the profile]"
)
@click.option("--profile", default=_PROFILE, show_default=True, help="Whose built image is taken.")
@click.option("--confirm", "given", metavar="TEXT", help="What would be asked for: the serial number of the disk.")
@click.option("--list", "listing", is_flag=True, help="Show the disks of this machine and what speaks against each.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def flash(typed: str, path: Path | None, profile: str, given: str | None, listing: bool, as_json: bool) -> None:
    """Write the disk image to a whole disk, read it back and compare.

    Shows the disk and what is on it, and asks for its serial number before anything is written. Refuses a disk that is
    in use in any way, and never takes the one this system runs from; no option overrides that. Exits with 1 when it
    refused or failed, 130 after Ctrl-C; it then says what is on the disk.
    """
    if listing:
        _list(as_json)
        return
    try:
        with ExitStack() as stack:
            target = device.inspect(typed)
            image = _accepted(target, _open_image(stack, path, profile), as_json)
            _flash(target, image, given, as_json)
    except ImageError as error:
        raise click.ClickException(str(error)) from error


def _open_image(stack: ExitStack, path: Path | None, profile: str) -> Source | Fault:
    """The image until `stack` ends, or what is wrong with it."""
    try:
        path = path or source.of_profile(profile)
        return stack.enter_context(source.opened(path, build_command(profile)))
    except ImageError as error:
        return Fault(path, str(error))


def _list(as_json: bool) -> None:
    host = Host()
    found = [device.inspect(f"/dev/{block.name}", host) for block in blocks.disks(host) if block.bytes]
    judged = [(one, refusals.check(one, Image(0))) for one in found]
    if as_json:
        click.echo(json.dumps([one.as_dict() | {"refusals": _as_dicts(against)} for one, against in judged]))
        return
    Console(width=None if sys.stdout.isatty() else 160).print(show.devices(judged))


def _accepted(target: Device, image: Source | Fault, as_json: bool) -> Source:
    """The image, when nothing speaks against it or the target, which are shown; ends the command otherwise."""
    if target.usable:
        Console(stderr=True).print(show.target(target, image), soft_wrap=True, highlight=False)
    against = refusals.check(target, _facts(image))
    if isinstance(image, Fault):
        _refuse(target, [*against, Refusal("image", image.text)], as_json)
    if against:
        _refuse(target, against, as_json)
    return image


def _facts(image: Source | Fault) -> Image:
    """What the refusals need to know: of an image that is not whole as much as there is."""
    if isinstance(image, Source):
        return Image(image.size, device.file_number(os.fstat(image.content.fileno())))
    if image.path is None or not image.path.is_file():
        return Image(0)
    status = image.path.stat()
    return Image(status.st_size, device.file_number(status))


def _flash(target: Device, image: Source, given: str | None, as_json: bool) -> None:
    confirm(target, given, _asker())
    if device.inspect(target.typed) != target:
        raise TargetChangedError(f"{target.label} has changed since it was shown: nothing was written; look again")
    start, outcome = time.monotonic(), writing.Outcome()
    with _told(target, outcome), medium.opened(target) as opened:
        writing.flash(opened, Layout(image, target.bytes), progress.default(), outcome)
        announced = opened.announce()
    seconds = round(time.monotonic() - start, 3)
    if not announced:
        click.echo(
            "note: the kernel did not read the new partition table; it will when the disk is plugged in again", err=True
        )
    if as_json:
        result: dict[str, Any] = {"ok": True, "device": target.as_dict(), "image": image.as_dict()}
        click.echo(json.dumps(result | outcome.as_dict() | {"seconds": seconds}))
        return
    show.done(target, outcome, seconds, Console())


@contextmanager
def _told(target: Device, outcome: writing.Outcome) -> Iterator[None]:
    """Says what is on the disk when the flashing did not come to its end, whatever ended it."""
    try:
        yield
    except OSError as error:
        raise FlashError(f"{target.label} failed ({error.strerror or error}): {outcome.words}") from error
    except FlashError as error:
        if outcome.state == "untouched":
            raise
        raise FlashError(f"{target.label}: {error}: {outcome.words}") from error
    except (KeyboardInterrupt, SystemExit):
        click.echo(f"\n{target.label}: interrupted: {outcome.words}", err=True)
        raise


def _refuse(target: Device, against: list[Refusal], as_json: bool) -> NoReturn:
    """Ends the command with status 1 and all that speaks against it."""
    if as_json:
        click.echo(json.dumps({"ok": False, "device": target.as_dict(), "refusals": _as_dicts(against)}))
    for refusal in against:
        click.echo(f"Refused: {refusal}", err=True)
    sys.exit(1)


def _as_dicts(against: list[Refusal]) -> list[dict[str, str]]:
    return [{"name": one.name, "reason": one.reason, "remedy": one.remedy} for one in against]


def _asker() -> Ask | None:
    """Asks on the terminal, if there is one."""
    if not sys.stdin.isatty():
        return None

    def ask(question: str) -> str:
        try:
            answer: str = click.prompt(question, err=True)
        except click.Abort:
            click.echo("nothing was written", err=True)
            raise KeyboardInterrupt from None
        return answer

    return ask
