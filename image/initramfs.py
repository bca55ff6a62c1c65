"""Builds the initramfs with the build root's Python; cached under all that goes into it, compiled modules included."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from image.errors import ProfileError
from image.profile import Driver
from image.progress import Reporter
from rootfs import initramfs

RECIPE = 3
PROGRAM = "hftapp"
PACKAGES = ("hftapp", "protocols", "strategies")
# Configuration names modules of these, which no import statement does: all of them are in the image.
NAMED = ("hftapp", "strategies")
# Where DPDK's environment looks for drivers: it loads all that are there (RTE_EAL_PMD_PATH of Debian's DPDK).
DRIVERS = "usr/lib/x86_64-linux-gnu/dpdk/pmds-25.0"
DRIVER_SUFFIX = ".so.25.0"
CONFIG = "hftos.toml"
STDLIB = "/usr/lib/python3.13"


@dataclass(frozen=True, slots=True)
class Built:
    """The archive, its components (as in the manifest) and what was left out of it with reasons."""

    archive: Path
    components: list[dict[str, object]]
    left_out: dict[str, str]


def ensure(
    root: BuildRoot,
    sources: Path,
    compiled: Mapping[str, Path],
    drivers: Sequence[Driver],
    release: str,
    reporter: Reporter,
    knobs: bytes | None = None,
) -> Built:
    """The initramfs of the program in `sources` (the repository's root), built if the cache has none.

    `compiled` maps modules to their extension modules, `drivers` are DPDK's for the cards of the machine, `knobs` is
    the profile's file for PID 1.
    """
    config = sources / CONFIG
    packages = [sources / package for package in PACKAGES]
    name = cache.key(
        recipe=RECIPE,
        root=root.identity,
        rootfs=cache.hash_tree(Path(initramfs.__file__).parent, suffixes=(".py",)),
        program=cache.hash_tree(*packages, suffixes=(".py",)),
        config=cache.hash_file(config) if config.is_file() else None,
        # The cache names an object after everything it was made from.
        compiled={module: file.parent.name for module, file in compiled.items()},
        drivers=[[driver.name, driver.why] for driver in drivers],
        knobs=knobs.hex() if knobs is not None else None,
        release=release,
    )

    def make(out: Path) -> None:
        with reporter.step("initramfs"):
            _make(root, sources, compiled, drivers, release, out, knobs)

    folder, _ = cache.product("initramfs", name, make)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Built(folder / "initramfs.cpio.zst", report["components"], report["left_out"])


def driver_places(root: Path, drivers: Sequence[Driver]) -> dict[str, str]:
    """Place in the image of each driver, to what it is for. Raises ProfileError for one that the build root lacks."""
    places = {}
    for driver in drivers:
        place = f"{DRIVERS}/librte_{driver.name}{DRIVER_SUFFIX}"
        if not (root / place).is_file():
            raise ProfileError(f"the PMD {driver.name!r} is not in the build root: there is no /{place}")
        places[place] = driver.why
    return places


def _make(
    root: BuildRoot,
    sources: Path,
    compiled: Mapping[str, Path],
    drivers: Sequence[Driver],
    release: str,
    out: Path,
    knobs: bytes | None,
) -> None:
    # The cache may lie behind a symbolic link; the closure compares places.
    system = root.path.resolve()
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        tree = Path(scratch)
        inside = {module: f"/mnt/out/compiled/{module}.so" for module in compiled}
        (tree / "compiled").mkdir()
        for module, file in compiled.items():
            shutil.copyfile(file, tree / "compiled" / f"{module}.so")
        spec = {
            "program": PROGRAM,
            "packages": PACKAGES,
            "named": NAMED,
            "sources": "/mnt/sources",
            "stdlib": STDLIB,
            "compiled": inside,
        }
        (tree / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        binds = {"rootfs": Path(initramfs.__file__).parent, "sources": sources, "out": tree}
        command = ["python3", "-B", "-m", "rootfs.python_tree", "/mnt/out/spec.json", "/mnt/out"]
        root.run(command, binds=binds, environment={"PYTHONPATH": "/mnt", "PYTHONHASHSEED": "0"})
        modules, left_out = initramfs.read_closure(tree / "closure.json")
        config = sources / CONFIG
        packed = initramfs.assemble(
            initramfs.Source(
                root=system,
                interpreter=(system / "usr/bin/python3").resolve(),
                tree=tree / "tree",
                modules=modules,
                versions=root.versions,
                release=release,
                config=config.read_bytes() if config.is_file() else None,
                drivers=driver_places(system, drivers),
                knobs=knobs,
            )
        )
    (out / "initramfs.cpio.zst").write_bytes(packed.archive)
    report = {"components": [part.as_dict() for part in packed.components], "left_out": left_out}
    (out / "report.json").write_text(json.dumps(report), encoding="utf-8")
