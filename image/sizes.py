"""What takes how much room in an image: the sections of the EFI program, the kernel's objects, the initramfs's files.

The EFI program is read as it is on the disk; its parts are counted unpacked, which is also what they take in memory.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from image import uki
from image.errors import ImageError
from rootfs import cpio, initramfs
from rootfs.errors import RootfsError

KERNEL, USERSPACE = ".linux", ".initrd"
AS_STORED = "as stored"
"""The only part of a kernel whose objects are not known."""
_MODULES = "usr/lib/python3"


@dataclass(frozen=True, slots=True)
class Part:
    """A named amount of bytes; of a group, `parts` are what it consists of, the largest first."""

    name: str
    bytes: int
    parts: tuple["Part", ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The part and all below it as JSON can express them."""
        below = {"parts": [part.as_dict() for part in self.parts]} if self.parts else {}
        return {"name": self.name, "bytes": self.bytes, **below}

    def walk(self, above: str = "") -> Iterator[tuple[str, "Part"]]:
        """Every part below this one with its path."""
        for part in self.parts:
            path = f"{above}/{part.name}" if above else part.name
            yield path, part
            yield from part.walk(path)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of one image: `uki` by section as stored, `kernel` and `userspace` unpacked."""

    version: str
    profile: str
    uki: Part
    kernel: Part
    userspace: Part

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON can express it."""
        parts = {name: getattr(self, name).as_dict() for name in ("uki", "kernel", "userspace")}
        return {"version": self.version, "profile": self.profile, **parts}


def measure(folder: Path, build: str = uki.BUILD) -> Sizes:
    """The sizes of the image whose files are in `folder`; `build` is the command that would make it.

    Raises ImageError where they are missing or damaged.
    """
    efi, manifest_path = folder / "hftos.efi", folder / "manifest.json"
    for path in (efi, manifest_path):
        if not path.is_file():
            raise ImageError(f"there is no {path}: run `{build}`")
    sections = uki.sections(efi, build)
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        kinds = {str(part["name"]): str(part["kind"]) for part in manifest["components"]}
        version, profile = str(manifest["version"]), str(manifest["profile"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ImageError(f"{manifest_path} is damaged ({error!r}): run `{build}`") from error
    try:
        archive = initramfs.decompress(uki.read_section(efi, USERSPACE, build))
        files = {entry.path: len(entry.data) for entry in cpio.read(archive) if entry.data}
    except RootfsError as error:
        raise ImageError(f"{efi} is damaged ({error}): run `{build}`") from error
    return Sizes(
        version=version,
        profile=profile,
        uki=group("hftos.efi", (Part(name, size) for name, size in sections.items())),
        kernel=tree("kernel", _objects(folder / "kernel.objects") or {AS_STORED: sections.get(KERNEL, 0)}),
        userspace=tree("userspace", {_place(path, kinds): size for path, size in files.items()}),
    )


def group(name: str, parts: Iterable[Part]) -> Part:
    """A part made of these, the largest first."""
    ordered = tuple(sorted(parts, key=lambda part: (-part.bytes, part.name)))
    return Part(name, sum(part.bytes for part in ordered), ordered)


def tree(name: str, files: Mapping[str, int]) -> Part:
    """Path to bytes as a tree; a folder that holds one thing only is not a level of its own."""
    below: dict[str, dict[str, int]] = {}
    parts: list[Part] = []
    for path, size in files.items():
        first, _, rest = path.partition("/")
        if rest:
            below.setdefault(first, {})[rest] = size
        else:
            parts.append(Part(first, size))
    for first, inside in below.items():
        made = tree(first, inside)
        if len(made.parts) == 1:
            (only,) = made.parts
            made = Part(f"{first}/{only.name}", only.bytes, only.parts)
        parts.append(made)
    return group(name, parts)


def _objects(path: Path) -> dict[str, int]:
    """Object to the bytes of its code and data that are in the kernel's file, from what `size` printed.

    Nothing for a kernel that an older version has built.
    """
    found: dict[str, int] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) < 6 or not words[0].isdecimal():
            continue
        text, data, name = int(words[0]), int(words[1]), words[5]
        if text + data:
            found[str(PurePosixPath(name))] = text + data
    return found


def _place(path: str, kinds: Mapping[str, str]) -> str:
    """Where a file of the initramfs belongs in the report: kind, package or module, file."""
    name = path.rpartition("/")[2]
    if path == initramfs.INIT:
        return "interpreter/python (init)"
    if not path.startswith(_MODULES):
        return f"{kinds.get(name, 'other')}/{name}"
    module = path.split("/", 3)[3]
    package = module.split("/")[0]
    if package in kinds:
        return f"{package}{', compiled' if name.endswith('.so') else ''}/{module.partition('/')[2] or module}"
    return f"standard library{', compiled' if name.endswith('.so') else ''}/{module.removeprefix('lib-dynload/')}"
