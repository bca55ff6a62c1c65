"""Debian's own kernels, from the mirror that apt uses here, and the modules that a virtio guest needs of them."""

import lzma
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from image import cache, mirror
from image.packages import SUITE

MODULES = ("virtio_net", "virtio_pci", "af_packet")
"""What is needed if it is not in the kernel itself; what these depend on comes along."""
_FOLDERS = ("drivers/virtio", "drivers/net", "net/core", "net/packet")


class KernelError(Exception):
    """A kernel could not be had; the text says why."""


@dataclass(frozen=True, slots=True)
class DebianKernel:
    """A stock kernel: its package's name with version, the image, modules in the order to load them, its `.config`."""

    package: str
    image: Path
    modules: tuple[Path, ...]
    config: Path


def ensure(metapackage: str) -> DebianKernel:
    """The kernel that a metapackage (`linux-image-amd64`) stands for now; downloaded once and kept.

    Raises KernelError when apt cannot find or fetch it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        apt = _Apt(Path(scratch))
        package = apt.depends(metapackage)
        name = cache.key(suite=SUITE, package=package, modules=MODULES)
        folder, _ = cache.product("debian-kernel", name, lambda out: _fetch(apt, package, out))
    return _open(folder)


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
