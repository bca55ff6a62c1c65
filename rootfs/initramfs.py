"""Assembles the initramfs: the interpreter as `/init`, its shared objects, the library as byte code, the program, whose
hot modules are machine code, and DPDK with the drivers of the cards the image is for.

No shell, no second program: `/init` is the only program. The dynamic loader is marked executable as well, because the
kernel maps it with `/init` only then; the libraries are not, since mapping them needs no more than reading.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from rootfs import cpio, elf_closure
from rootfs.components import Component, component, owners, version_of
from rootfs.errors import RootfsError

INIT = "init"
CONFIG = "etc/hftos.toml"
KNOBS = "etc/hftos/knobs.json"
# PID 1 mounts what belongs here; an initramfs gets no device nodes from the kernel by itself.
MOUNT_POINTS = ("dev", "proc", "sys", "run", "tmp", "mnt")
# Higher levels take five times as long for one per cent, and decompress no faster.
_LEVEL = 9
_ALIGNMENT = 512


@dataclass(frozen=True, slots=True)
class Initramfs:
    """The packed archive and what it is made of."""

    archive: bytes
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the parts come from.

    `root` is the build root, `interpreter` the Python binary in it, `tree` and `modules` what `rootfs.python_tree`
    wrote, `versions` the packages of the build root, `release` the version of our own code, `config` the default
    configuration, `drivers` the place in the image of each DPDK driver, which is also its place in the build root, to
    what it is for, `knobs` the profile's knobs for PID 1.
    """

    root: Path
    interpreter: Path
    tree: Path
    modules: list[dict[str, object]]
    versions: Mapping[str, str]
    release: str
    config: bytes | None
    drivers: Mapping[str, str] = field(default_factory=dict)
    knobs: bytes | None = None


def assemble(source: Source) -> Initramfs:
    """The initramfs of these parts; the same parts give the same bytes."""
    compiled = {str(m["path"]): str(m["module"]) for m in source.modules if m["own"] and _is_extension(m)}
    extensions = {str(m["path"]): str(m["module"]) for m in source.modules if not m["own"] and _is_extension(m)}
    originals = [source.root / path for path in extensions]
    drivers = [(source.root / place).resolve() for place in source.drivers]
    libraries = elf_closure.closure([source.interpreter, *originals], source.root)
    more = elf_closure.closure([source.interpreter, *(source.tree / path for path in compiled), *drivers], source.root)
    more = {place: file for place, file in more.items() if place not in libraries}
    files_owned = [source.interpreter.resolve(), *originals, *libraries.values(), *more.values(), *drivers]
    owned = owners(source.root, files_owned)
    files = {INIT: source.interpreter.read_bytes()}
    parts = [
        component("python", "interpreter", _version(source, source.interpreter, owned), dict(files), "runs the program")
    ]
    for place, file in libraries.items():
        parts.append(_library(source, place, file, owned, files, "needed by the interpreter"))
    for place, file in more.items():
        parts.append(_library(source, place, file, owned, files, "needed by compiled modules and DPDK's drivers"))
    for (place, why), file in zip(source.drivers.items(), drivers, strict=True):
        files[place] = file.read_bytes()
        version = _version(source, file, owned)
        parts.append(component(Path(place).name, "DPDK driver", version, {place: files[place]}, why))
    for path, module in extensions.items():
        files[path] = (source.tree / path).read_bytes()
        version = _version(source, source.root / path, owned)
        parts.append(component(module, "extension", version, {path: files[path]}, "imported by the program"))
    parts += _compiled(source, compiled, files)
    parts += _python(source, files)
    for place, data, why in (
        (CONFIG, source.config, "the defaults"),
        (KNOBS, source.knobs, "what PID 1 applies and reads back"),
    ):
        if data is not None:
            files[place] = data
            parts.append(component(Path(place).name, "configuration", source.release, {place: data}, why))
    loader = elf_closure.inspect(source.interpreter).interpreter or ""
    executables = {INIT, loader.lstrip("/")}
    entries = [cpio.file(path, data, 0o755 if path in executables else 0o644) for path, data in files.items()]
    entries += [cpio.folder(path) for path in MOUNT_POINTS]
    # The kernel opens it as standard input and output of /init, before devtmpfs is mounted.
    entries.append(cpio.node("dev/console", 5, 1))
    # Seeds the interpreter's hashes on a CPU without RDRAND, where getrandom() has nothing to give that early.
    entries.append(cpio.node("dev/urandom", 1, 9, 0o666))
    return Initramfs(compress(cpio.write(entries)), tuple(parts))


def compress(archive: bytes) -> bytes:
    """The archive as one zstd frame, padded so that another archive may follow it."""
    packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False).compress(archive)
    return packed + bytes(-len(packed) % _ALIGNMENT)


def decompress(packed: bytes) -> bytes:
    """The archives in a file that `compress` made, including plain ones appended to it.

    Raises RootfsError for what is no zstd frame, or not all of one.
    """
    stream = zstandard.ZstdDecompressor().decompressobj()
    try:
        archive = stream.decompress(packed)
    except zstandard.ZstdError as error:
        raise RootfsError(f"the initramfs of {len(packed)} bytes cannot be unpacked: {error}") from error
    if not stream.eof:
        raise RootfsError(f"the initramfs of {len(packed)} bytes is truncated")
    return archive + stream.unused_data


def _is_extension(module: Mapping[str, object]) -> bool:
    return str(module["path"]).endswith(".so")


def _library(
    source: Source, place: str, file: Path, owned: Mapping[Path, str], files: dict[str, bytes], why: str
) -> Component:
    """Adds a shared object to `files`."""
    files[place] = file.read_bytes()
    version = _version(source, file, owned)
    kind = "DPDK library" if version.startswith("librte-") else "library"
    return component(Path(place).name, kind, version, {place: files[place]}, why)


def _compiled(source: Source, compiled: Mapping[str, str], files: dict[str, bytes]) -> list[Component]:
    """Adds the program's compiled modules to `files`; one component for each of our packages."""
    groups: dict[str, dict[str, bytes]] = {}
    for path, module in compiled.items():
        files[path] = (source.tree / path).read_bytes()
        groups.setdefault(module.split(".")[0], {})[path] = files[path]
    return [
        component(f"{name}, compiled", "machine code", source.release, group, "the trading path")
        for name, group in sorted(groups.items())
    ]


def _version(source: Source, file: Path, owned: Mapping[Path, str]) -> str:
    return version_of(file.resolve(), owned, source.versions)


def _python(source: Source, files: dict[str, bytes]) -> list[Component]:
    """Adds the byte code to `files`; one component for the library, one for each of our packages."""
    groups: dict[str, dict[str, bytes]] = {}
    for module in source.modules:
        path = str(module["path"])
        if path in files:
            continue
        files[path] = (source.tree / path).read_bytes()
        name = str(module["module"]).split(".")[0] if module["own"] else "stdlib"
        groups.setdefault(name, {})[path] = files[path]
    python = source.versions.get("libpython3.13-stdlib", "unknown")
    return [
        component(name, "byte code", python if name == "stdlib" else source.release, group, "imported by the program")
        for name, group in sorted(groups.items())
    ]


def read_closure(path: Path) -> tuple[list[dict[str, object]], dict[str, str]]:
    """The modules and what was left out, from the `closure.json` of `rootfs.python_tree`."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return table["modules"], table["left_out"]
