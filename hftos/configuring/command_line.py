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
_ASIDE: Final = "hftos.addon.old"
"""Names that the stub does not pass on: what is being written, and what is being replaced."""
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
    """The image's own words, those of the addon, and what is to be said of a change that was interrupted."""

    own: tuple[str, ...]
    added: tuple[str, ...]
    interrupted: str = ""


class _Addon(NamedTuple):
    """Paths of the addon, of the one that is being written, and of the one that is being replaced; those there are."""

    place: str
    new: str
    aside: str
    there: frozenset[str]

    @property
    def is_lost(self) -> bool:
        """Whether the power failed when the old one was aside and the new one not yet in its place."""
        return self.aside in self.there and self.place not in self.there


def read(partition: Esp, uki: str) -> CommandLine:
    """What there is now. Raises EspError, ImageError for a damaged image or addon."""
    addon = _find(partition, uki)
    added = _words(partition, addon.place) if addon.place in addon.there else ()
    return CommandLine(_words(partition, uki), added, _interrupted(partition, addon))


def fault(partition: Esp, uki: str) -> tuple[str, str] | None:
    """The addon's path and what is to be said of a change that was interrupted; None when there was none."""
    addon = _find(partition, uki)
    text = _interrupted(partition, addon)
    return (addon.place, text) if text else None


def change(
    partition: Esp, uki: str, add: Sequence[str], remove: Sequence[str], root: Callable[[], BuildRoot]
) -> CommandLine:
    """Add words, and take others away that were added before; a name takes away all words of that name.

    `root` gives the build root, whose ukify makes the addon. Raises CommandLineError for a word that cannot be one,
    that was not added, or that would keep PID 1 from starting, for a line that is too long, and for an image whose
    command line does not end where the kernel's words do.

    After a change that was interrupted the words are those from before it: the same change then makes what was wanted.
    A word that the kernel does not know is safe: it is behind `-m hftapp`, where the interpreter looks for no program.
    """
    addon = _find(partition, uki)
    in_force = read(partition, uki)
    before = in_force._replace(added=_words(partition, addon.aside)) if addon.is_lost else in_force
    if "--" in before.own:
        raise CommandLineError(
            f"{partition.label}: {uki} hands all further words to PID 1: build and flash a new image"
        )
    for word in add:
        _check(word)
    for word in remove:
        if not any(_is(one, word) for one in before.added):
            there = " ".join(before.added) or "nothing"
            raise CommandLineError(f"{word!r} was not added: the addon has {there}")
    kept = [one for one in before.added if not any(_is(one, word) for word in remove) and one not in add]
    words = (*kept, *dict.fromkeys(add))
    length = len(" ".join((*before.own, *words)))
    if length > _LONGEST:
        raise CommandLineError(f"the command line would have {length} bytes, but the kernel takes {_LONGEST}: add less")
    if not addon.is_lost:
        _tidy(partition, addon)
    if words != in_force.added:
        _write(partition, addon, words, root)
    _tidy(partition, _find(partition, uki))
    return CommandLine(before.own, words)


def _find(partition: Esp, uki: str) -> _Addon:
    place, new, aside = (f"{uki}.extra.d/{name}" for name in (NAME, _NEW, _ASIDE))
    return _Addon(place, new, aside, frozenset(partition.files()) & {place, new, aside})


def _interrupted(partition: Esp, addon: _Addon) -> str:
    if addon.is_lost:
        lost = " ".join(_words(partition, addon.aside))
        return f"missing: a change of the added words was interrupted; make it again, or add those of before: {lost}"
    if addon.new in addon.there:
        return "a change of the added words was interrupted, and did not take effect; make it again"
    return ""


def _check(word: str) -> None:
    """Raises CommandLineError for a word that is not to be added to any command line."""
    if not _WORD.match(word):
        raise CommandLineError(f"{word!r} is no kernel parameter: must be NAME or NAME=VALUE without blanks")
    if why := _ENDS.get(word.partition("=")[0]):
        raise CommandLineError(f"{word!r} would keep the machine from starting ({why}): leave it out")


def _is(word: str, wanted: str) -> bool:
    return wanted in (word, word.partition("=")[0])


def _words(partition: Esp, path: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / path.rpartition("/")[2]
        copy.write_bytes(partition.read(path))
        return tuple(read_section(copy, _SECTION).rstrip(b"\0\n").decode("utf-8", "replace").split())


def _write(partition: Esp, addon: _Addon, words: Sequence[str], root: Callable[[], BuildRoot]) -> None:
    """Put the new addon in the place of the old one, which stays aside, so that no words are lost with the power."""
    if words:
        partition.write(addon.new, _make(root(), words))
    if addon.place in addon.there and words:
        partition.rename(addon.place, addon.aside)
    elif addon.place in addon.there:
        partition.remove(addon.place)
    if words:
        partition.rename(addon.new, addon.place)


def _tidy(partition: Esp, addon: _Addon) -> None:
    """Remove what a change left, first what would not be missed."""
    for path in (addon.new, addon.aside):
        if path in addon.there:
            partition.remove(path)


def _make(root: BuildRoot, words: Sequence[str]) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        command = ["ukify", "build", f"--cmdline={' '.join(words)}", f"--output=/mnt/work/{NAME}"]
        root.run(command, binds={"work": Path(scratch)})
        return (Path(scratch) / NAME).read_bytes()
