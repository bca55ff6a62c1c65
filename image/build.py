"""Builds the bootable image, step by step; each step is cached under everything it depends on.

build root → kernel source → `.config` → kernel
           → compiled modules → initramfs (program, library, interpreter, DPDK's drivers)
           → unified kernel image → disk image

A step whose inputs have not changed is not run, whatever changed elsewhere.
"""

import hashlib
import json
import os
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image import buildroot, cache, compiled, disk, initramfs, kernel, microcode, packages, profile, progress, uki
from image.errors import ProfileError
from image.progress import Reporter
from rootfs.components import component

REPOSITORY = Path(__file__).resolve().parent.parent
OUTPUT = REPOSITORY / "build" / "image"
DEFAULT_PROFILE = "qemu"
# A change of the program makes a new one of each; the kernel and the build root stay.
_PRUNED = {"initramfs": 12, "uki": 6, "disk": 6}
_STAMP = ".outputs.json"
INITRAMFS = "initramfs.cpio.zst"


@dataclass(frozen=True, slots=True)
class Built:
    """Where the parts of a finished image are; `cmdline` is a file too. `steps_run` names what was not cached."""

    kernel: Path
    initramfs: Path
    cmdline: Path
    uki: Path
    disk: Path
    manifest: Path
    objects: Path
    profile: str
    steps_run: tuple[str, ...]

    def read_manifest(self) -> dict[str, Any]:
        """The manifest: every component with version, bytes and SHA-256."""
        table: dict[str, Any] = json.loads(self.manifest.read_text(encoding="utf-8"))
        return table


def output_of(profile_name: str) -> Path:
    """Where the image of a profile is put: build/image for the default profile, a folder in it for each other one.

    Raises ProfileError for a profile that is not there.
    """
    there = profile.names()
    if profile_name not in there:
        raise ProfileError(f"no profile {profile_name!r}; there are: {', '.join(there)}")
    return OUTPUT if profile_name == DEFAULT_PROFILE else OUTPUT / profile_name


def build(
    profile_name: str = DEFAULT_PROFILE,
    reporter: Reporter | None = None,
    *,
    locked: bool = False,
    sources: Path = REPOSITORY,
    output: Path | None = None,
    early: bytes = b"",
) -> Built:
    """Builds what is missing and puts the results into `output`, by default the profile's own folder.

    `sources` holds hftapp, protocols, hftos.toml and the pyproject.toml that lists the compiled modules; `early` is an
    archive of microcode (`image.microcode`). Raises ImageError or RootfsError, whose text names the remedy.
    """
    reporter = reporter or progress.default()
    output = output or output_of(profile_name)
    chosen = profile.load(profile_name)
    version = release()
    root = buildroot.ensure(reporter, locked=locked)
    booted = kernel.ensure(root, chosen, reporter)
    modules = compiled.ensure(root, sources, initramfs.PACKAGES, reporter)
    packed = initramfs.ensure(root, sources, modules, chosen.drivers, version, reporter, chosen.knobs or None)
    unified = uki.ensure(root, booted, packed.archive, chosen.cmdline, version, reporter, early)
    image = disk.ensure(root, unified, reporter)
    files = {
        "vmlinuz": booted.image,
        INITRAMFS: packed.archive,
        "hftos.efi": unified,
        "hftos.img": image,
        "kernel.config": booted.config,
    }
    if booted.objects.is_file():
        files["kernel.objects"] = booted.objects
    else:  # a kernel that an older version has built
        (output / "kernel.objects").unlink(missing_ok=True)
    output.mkdir(parents=True, exist_ok=True)
    with cache.lock("output", cache.root()):
        _put(files, output, early)
        (output / "cmdline").write_text(chosen.cmdline, encoding="utf-8")
        manifest = _manifest(chosen, version, root, booted, packed, output, early)
        (output / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    for kind, keep in _PRUNED.items():
        cache.prune(kind, keep)
    return _built(profile_name, output, tuple(reporter.steps_run))


def parts_of(profile_name: str) -> Built:
    """Where the parts of a profile's image are, once it is built. Raises ProfileError as `output_of`."""
    return _built(profile_name, output_of(profile_name))


def release() -> str:
    """The version of the product, from `pyproject.toml`."""
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    return str(table["project"]["version"])


def _built(profile_name: str, folder: Path, steps_run: tuple[str, ...] = ()) -> Built:
    return Built(
        kernel=folder / "vmlinuz",
        initramfs=folder / INITRAMFS,
        cmdline=folder / "cmdline",
        uki=folder / "hftos.efi",
        disk=folder / "hftos.img",
        manifest=folder / "manifest.json",
        objects=folder / "kernel.objects",
        profile=profile_name,
        steps_run=steps_run,
    )


def _put(files: Mapping[str, Path], output: Path, early: bytes) -> None:
    """Copies the products, except those that are there and untouched since the last copy.

    The early archive goes before the initramfs, where a kernel that is booted directly looks for it.
    """
    stamp = output / _STAMP
    before, after = _copied(stamp), dict[str, object]()
    for name, product in files.items():
        target = output / name
        ahead = early if name == INITRAMFS else b""
        if not target.is_file() or before.get(name) != _state(product, target, ahead):
            scratch = output / f".{name}.new"
            _copy_sparse(product, scratch, ahead)
            scratch.replace(target)
        after[name] = _state(product, target, ahead)
    scratch = output / f"{_STAMP}.new"
    scratch.write_text(json.dumps(after), encoding="utf-8")
    scratch.replace(stamp)


def _copied(stamp: Path) -> dict[str, object]:
    """What the last copy noted of each product; nothing where there was none, or the note is damaged."""
    try:
        noted = json.loads(stamp.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _state(product: Path, target: Path, ahead: bytes) -> list[object]:
    status = target.stat()
    return [str(product), status.st_size, status.st_mtime_ns, hashlib.sha256(ahead).hexdigest()]


def _copy_sparse(source: Path, target: Path, ahead: bytes = b"") -> None:
    """Copies without giving holes room on the disk; `ahead` is put before the content."""
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        writer.write(ahead)
        writer.truncate(len(ahead) + size)
        at = 0
        while at < size:
            try:
                start = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:
                break  # ENXIO: nothing but a hole up to the end
            at = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            reader.seek(start)
            writer.seek(len(ahead) + start)
            writer.write(reader.read(at - start))
    shutil.copymode(source, target)


def _manifest(
    chosen: profile.Profile,
    version: str,
    root: buildroot.BuildRoot,
    booted: kernel.Kernel,
    packed: initramfs.Built,
    output: Path,
    early: bytes,
) -> dict[str, Any]:
    kernel_part = {
        "name": "linux",
        "kind": "kernel",
        "version": f"{kernel.PACKAGE} {booted.version}",
        "bytes": booted.image.stat().st_size,
        "files": 1,
        "sha256": cache.hash_file(booted.image),
        "why": chosen.summary,
    }
    vendors = ", ".join(microcode.describe(early)) if early else ""
    parts = [component("microcode", "microcode", vendors, {"microcode": early}, "as given").as_dict()] if early else []
    names = ("vmlinuz", INITRAMFS, "hftos.efi", "hftos.img", "cmdline", "kernel.config")
    return {
        "product": "hftos",
        "version": version,
        "profile": chosen.name,
        "cmdline": chosen.cmdline,
        "outputs": {
            name: {"bytes": (output / name).stat().st_size, "sha256": cache.hash_file(output / name)} for name in names
        },
        "components": [kernel_part, *parts, *packed.components],
        "left_out": packed.left_out,
        "build_root": {"suite": packages.SUITE, "packages": dict(sorted(root.versions.items()))},
    }
