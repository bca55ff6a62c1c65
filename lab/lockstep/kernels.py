"""Debian's own kernels, from the mirror that apt uses here, and the modules that a virtio guest needs of them."""

import lzma
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from elftools.elf.elffile import ELFFile

from image import cache, mirror
from image.packages import SUITE
from lab import scratch

MODULES = ("virtio_net", "virtio_pci", "af_packet")
"""What is needed if it is not in the kernel itself; what these depend on comes along."""
_FOLDERS = ("drivers/virtio", "drivers/net", "net/core", "net/packet")
_KIND = "debian-kernel"
_REALTIME = "-rt-"


class KernelError(Exception):
    """A kernel could not be had; the text says why."""


@dataclass(frozen=True, slots=True)
class DebianKernel:
    """A stock kernel: its package's name with version, the image, modules in the order to load them, its `.config`.

    `note`: what is to be said of it, where it is not simply what the mirror has now.
    """

    package: str
    image: Path
    modules: tuple[Path, ...]
    config: Path
    note: str = ""


def ensure(
    metapackage: str, preferred: str = "", say: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
) -> DebianKernel:
    """The kernel that a metapackage (`linux-image-amd64`) stands for now; downloaded once and kept.

    `preferred`: a package with its version that is taken instead, without asking the mirror, when it was kept. Where
    apt fails, it is the one that was used last; what `say` is told is in its `note` too. Raises KernelError when apt
    cannot find or fetch one and none was kept.
    """
    there = list(kept(metapackage))
    for kernel in there:
        if kernel.package == preferred:
            return kernel
    try:
        with scratch.folder() as place:
            apt = _Apt(place)
            package = apt.depends(metapackage)
            folder, _ = cache.product(_KIND, _key(package), lambda out: _fetch(apt, package, out))
    except KernelError as error:
        if not there:
            raise
        note = f"{metapackage}: {there[0].package}, the one used last, for no other can be had ({error})"
        say(note)
        return replace(there[0], note=note)
    return _open(folder)


def kept(metapackage: str) -> Iterator[DebianKernel]:
    """The kernels of a metapackage's kind that were downloaded and can be used, the one used last first."""
    places = [path.parent for path in (cache.root() / _KIND).glob("*/package")]
    for place in sorted(places, key=lambda path: path.stat().st_mtime, reverse=True):
        kernel = _open(place)
        package = kernel.package.partition(" ")[0]
        if _key(package) == place.name and (_REALTIME in package) == (_REALTIME in metapackage):
            yield kernel


def _key(package: str) -> str:
    return cache.key(suite=SUITE, package=package, modules=MODULES)


def module_order(modules: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> list[str]:
    """`wanted` modules with all they depend on, each after what it needs; those that are no modules are left out."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order or name not in modules:
            return
        for needed in modules[name]:
            visit(needed)
        order.append(name)

    for name in wanted:
        visit(name)
    return order


def dependencies(module: Path) -> list[str]:
    """The modules that a module names in its `.modinfo`."""
    with module.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".modinfo")
        facts = section.data().split(b"\0") if section is not None else []
    found = (fact.removeprefix(b"depends=").decode() for fact in facts if fact.startswith(b"depends="))
    return [name.replace("-", "_") for text in found for name in text.split(",") if name]


class _Apt:
    """apt with state of its own: the host's suite is another one."""

    def __init__(self, folder: Path) -> None:
        for place in ("state/lists/partial", "cache/archives/partial", "etc"):
            (folder / place).mkdir(parents=True)
        found = mirror.find()
        if found is None:
            raise KernelError(f"no Debian mirror is known here: set {mirror.ENVIRONMENT} to one")
        uri = found.uri
        signed = f" [signed-by={found.keyring}]" if found.keyring else ""
        (folder / "etc/sources.list").write_text(f"deb{signed} {uri} {SUITE} main\n", encoding="utf-8")
        settings = {
            "Dir::State": folder / "state",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": folder / "etc/sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",
        }
        self._options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        _run(["apt-get", *self._options, "-qq", "update"], Path("/"))

    def depends(self, metapackage: str) -> str:
        """The kernel package that a metapackage depends on."""
        for line in _run(["apt-cache", *self._options, "depends", metapackage], Path("/")).splitlines():
            kind, _, name = line.strip().partition(": ")
            if kind == "Depends" and name.startswith("linux-image-"):
                return name
        raise KernelError(f"{metapackage} of {SUITE} names no kernel")

    def download(self, package: str, folder: Path) -> Path:
        """The package file."""
        _run(["apt-get", *self._options, "-q", "download", package], folder)
        (file,) = folder.glob("*.deb")
        return file


def _fetch(apt: _Apt, package: str, out: Path) -> None:
    """Fill `out` with the kernel (`vmlinuz`), the modules by their place in the order, and the package's name."""
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        tree = Path(scratch)
        file = apt.download(package, tree)
        version = file.name.split("_")[1]
        _run(["dpkg-deb", "--extract", str(file), str(tree / "x")], tree)
        (image,) = (tree / "x/boot").glob("vmlinuz-*")
        places = {
            path.name.partition(".ko")[0].replace("-", "_"): path
            for folder in _FOLDERS
            for path in tree.glob(f"x/*/lib/modules/*/kernel/{folder}/*.ko*")
        }
        for path in places.values():
            if path.suffix == ".xz":
                path.write_bytes(lzma.decompress(path.read_bytes()))
        order = module_order({name: dependencies(path) for name, path in places.items()}, MODULES)
        for number, name in enumerate(order):
            places[name].rename(out / f"{number}-{name}.ko")
        image.rename(out / "vmlinuz")
        (config,) = (tree / "x/boot").glob("config-*")
        config.rename(out / "config")
    (out / "package").write_text(f"{package} {version}\n", encoding="utf-8")


def _open(folder: Path) -> DebianKernel:
    package = (folder / "package").read_text(encoding="utf-8").strip()
    modules = sorted(folder.glob("*.ko"), key=lambda path: int(path.name.partition("-")[0]))
    return DebianKernel(package, folder / "vmlinuz", tuple(modules), folder / "config")


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise KernelError(f"{command[0]} is missing: Debian's kernels are fetched with apt") from error
    if done.returncode:
        raise KernelError(f"{command[0]} failed with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout
