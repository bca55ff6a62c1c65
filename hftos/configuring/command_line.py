"""Words that an addon beside the unified kernel image adds to the kernel's command line (systemd-stub(7)).

An addon is an EFI program that consists of a command line. The stub puts its words behind those of the image.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from image.buildroot import BuildRoot
from image.errors import ImageError
from image.esp import Esp
from image.uki import read_section

NAME: Final = "hftos.addon.efi"
_NEW: Final = "hftos.addon.new"
_SECTION: Final = ".cmdline"
_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(=[!-~]*)?\Z")

_LONGEST: Final = 2047
"""Bytes that the kernel takes of its command line (x86's COMMAND_LINE_SIZE with the end); what is behind is lost."""
_ENDS: Final = {
    "init": "init= drops the arguments of PID 1, which come before it",
    "rdinit": "rdinit= starts another PID 1 or none",
    "noinitrd": "noinitrd leaves PID 1 out",
}
"""Words with which no machine comes up again, and why (the kernel's init/main.c and its EFI stub)."""


class CommandLineError(ImageError):
    """A word that is none of the kernel's, or an image or addon that is not ours."""


class CommandLine(NamedTuple):
    """The image's own words, and those of the addon."""

    own: tuple[str, ...]
    added: tuple[str, ...]


def read(partition: Esp, uki: str) -> CommandLine:
    """What there is now. Raises EspError, ImageError for a damaged image or addon."""
    place = _place(uki)
    added = _words(partition, place) if place in partition.files() else ()
    return CommandLine(_words(partition, uki), added)


def change(
    partition: Esp, uki: str, add: Sequence[str], remove: Sequence[str], root: Callable[[], BuildRoot]
) -> CommandLine:
    """Add words, and take others away that were added before; a name takes away all words of that name.

    `root` gives the build root, whose ukify makes the addon. Raises CommandLineError for a word that cannot be one,
    that was not added, or that would keep PID 1 from starting, for a line that is too long, and for an image whose
    command line does not end where the kernel's words do.
    """
    before = read(partition, uki)
    if "--" in before.own:
        raise CommandLineError(
            f"{partition.label}: {uki} hands all further words to PID 1: build and flash a new image"
        )
    for word in add:
        if not _WORD.match(word):
            raise CommandLineError(f"{word!r} is no kernel parameter: must be NAME or NAME=VALUE without blanks")
        if why := _ENDS.get(word.partition("=")[0]):
            raise CommandLineError(f"{word!r} would keep the machine from starting ({why}): leave it out")
    for word in remove:
        if not any(_is(one, word) for one in before.added):
            there = " ".join(before.added) or "nothing"
            raise CommandLineError(f"{word!r} was not added: the addon has {there}")
    kept = [one for one in before.added if not any(_is(one, word) for word in remove) and one not in add]
    words = (*kept, *dict.fromkeys(add))
    length = len(" ".join((*before.own, *words)))
    if length > _LONGEST:
        raise CommandLineError(f"the command line would have {length} bytes, but the kernel takes {_LONGEST}: add less")
    if words != before.added:
        _write(partition, _place(uki), words, before.added, root)
    return CommandLine(before.own, words)


def _place(uki: str) -> str:
    return f"{uki}.extra.d/{NAME}"


def _is(word: str, wanted: str) -> bool:
    return wanted in (word, word.partition("=")[0])


def _words(partition: Esp, path: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.rpartition("/")[2]
        copy.write_bytes(partition.read(path))
        return tuple(read_section(copy, _SECTION).rstrip(b"\0\n").decode("utf-8", "replace").split())


def _write(
    partition: Esp, place: str, words: Sequence[str], before: Sequence[str], root: Callable[[], BuildRoot]
) -> None:
    """Put the new addon in the place of the old one; if the power fails between the two, there is none."""
    new = f"{place.rpartition('/')[0]}/{_NEW}"
    if words:
        partition.write(new, _make(root(), words))
    if before:
        partition.remove(place)
    if words:
        partition.rename(new, place)


def _make(root: BuildRoot, words: Sequence[str]) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        command = ["ukify", "build", f"--cmdline={' '.join(words)}", f"--output=/mnt/work/{NAME}"]
        root.run(command, binds={"work": Path(scratch)})
        return (Path(scratch) / NAME).read_bytes()
