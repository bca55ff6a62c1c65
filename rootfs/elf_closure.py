"""Finds every shared object a set of ELF files needs, the dynamic loader included (ELF gABI, `DT_NEEDED`)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment

from rootfs.errors import MissingLibraryError, RootfsError

LIBRARY_FOLDERS = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib")
DF_1_PIE = 0x08000000


@dataclass(frozen=True, slots=True)
class Elf:
    """What matters of one ELF file. `executable`: started by name (ET_EXEC, or position-independent with DF_1_PIE)."""

    needed: tuple[str, ...]
    interpreter: str | None
    run_paths: tuple[str, ...]
    executable: bool


def is_elf(data: bytes) -> bool:
    """Whether the content starts as an ELF file does."""
    return data[:4] == b"\x7fELF"


def inspect(path: Path) -> Elf:
    """Reads the dynamic section of `path`. Raises RootfsError for what is no ELF file."""
    try:
        with path.open("rb") as stream:
            return _inspect(ELFFile(stream))
    except ELFError as error:
        raise RootfsError(f"{path} is no usable ELF file: {error}") from error


def _inspect(elf: ELFFile) -> Elf:
    needed: list[str] = []
    run_paths: list[str] = []
    interpreter: str | None = None
    flags = 0
    for segment in elf.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = str(segment.get_interp_name())
        if not isinstance(segment, DynamicSegment):
            continue
        tag: Any  # pyelftools gives each tag the attribute its kind has
        for tag in segment.iter_tags():
            if tag.entry.d_tag == "DT_NEEDED":
                needed.append(str(tag.needed))
            elif tag.entry.d_tag in ("DT_RUNPATH", "DT_RPATH"):
                run_paths += str(getattr(tag, tag.entry.d_tag.removeprefix("DT_").lower())).split(":")
            elif tag.entry.d_tag == "DT_FLAGS_1":
                flags = tag.entry.d_val
    executable = elf.header.e_type == "ET_EXEC" or (elf.header.e_type == "ET_DYN" and bool(flags & DF_1_PIE))
    return Elf(tuple(needed), interpreter, tuple(run_paths), executable)


def closure(files: Iterable[Path], root: Path) -> dict[str, Path]:
    """Place in the image (relative to `/`) to file in `root`, for all that `files` need; without `files` themselves.

    Raises MissingLibraryError naming the library and who needs it.
    """
    found: dict[str, Path] = {}
    waiting = list(files)
    loaders = {Path(elf.interpreter).name for elf in map(inspect, waiting) if elf.interpreter}
    while waiting:
        file = waiting.pop()
        elf = inspect(file)
        for place in _places(elf, file, root, loaders):
            if place not in found:
                found[place] = _follow(root, place, file)
                waiting.append(found[place])
    return dict(sorted(found.items()))


def _places(elf: Elf, file: Path, root: Path, loaders: set[str]) -> Iterator[str]:
    if elf.interpreter:
        yield elf.interpreter.lstrip("/")
    origin = "/" + file.parent.relative_to(root).as_posix() if file.is_relative_to(root) else ""
    folders = [p.replace("$ORIGIN", origin).lstrip("/") for p in elf.run_paths] + list(LIBRARY_FOLDERS)
    for name in elf.needed:
        # libm and others also need the loader by its file name; it is there, under its path.
        if name in loaders:
            continue
        place = next((f"{folder}/{name}" for folder in folders if (root / folder / name).exists()), None)
        if place is None:
            raise MissingLibraryError(f"{file} needs {name}, which is in none of: {', '.join(folders)}")
        yield place


def _follow(root: Path, place: str, needer: Path) -> Path:
    """The file behind a name in `root`; absolute links stay inside it."""
    path = root / place
    for _ in range(8):
        if not path.is_symlink():
            break
        target = path.readlink()
        path = root / target.relative_to("/") if target.is_absolute() else path.parent / target
    if not path.is_file():
        raise MissingLibraryError(f"{needer} needs /{place}, which is not in {root} ({path} is no file)")
    return path.resolve()
