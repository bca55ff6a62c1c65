"""Builds the initramfs with the build root's Python; cached under everything that goes into it."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from image.progress import Reporter
from rootfs import initramfs

RECIPE = 1
PROGRAM = "hftapp"
PACKAGES = ("hftapp", "protocols")
CONFIG = "hftos.toml"
STDLIB = "/usr/lib/python3.13"


@dataclass(frozen=True, slots=True)
class Built:
    """The archive, its components (as in the manifest) and what was left out of it with reasons."""

    archive: Path
    components: list[dict[str, object]]
    left_out: dict[str, str]


def ensure(root: BuildRoot, sources: Path, release: str, reporter: Reporter) -> Built:
    """The initramfs of the program in `sources` (the repository's root), built if the cache has none."""
    config = sources / CONFIG
    packages = [sources / package for package in PACKAGES]
    name = cache.key(
        recipe=RECIPE,
        root=root.identity,
        rootfs=cache.hash_tree(Path(initramfs.__file__).parent, suffixes=(".py",)),
        program=cache.hash_tree(*packages, suffixes=(".py",)),
        config=cache.hash_file(config) if config.is_file() else None,
        release=release,
    )

    def make(out: Path) -> None:
        with reporter.step("initramfs"):
            _make(root, sources, release, out)

    folder, _ = cache.product("initramfs", name, make)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Built(folder / "initramfs.cpio.zst", report["components"], report["left_out"])


def _make(root: BuildRoot, sources: Path, release: str, out: Path) -> None:
    # The cache may lie behind a symbolic link; the closure compares places.
    system = root.path.resolve()
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        tree = Path(scratch)
        spec = {"program": PROGRAM, "packages": PACKAGES, "sources": "/mnt/sources", "stdlib": STDLIB}
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
            )
        )
    (out / "initramfs.cpio.zst").write_bytes(packed.archive)
    report = {"components": [part.as_dict() for part in packed.components], "left_out": left_out}
    (out / "report.json").write_text(json.dumps(report), encoding="utf-8")
