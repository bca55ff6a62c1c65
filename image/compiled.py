"""Compiles the program's hot modules for the image: the host's locked Cython, the build root's gcc and Python.

Which modules: those of `[tool.hftos] compiled` in the packages that go into the image, and those of `image_only`, which
need libraries that only the build root has. Each is cached by itself (`hftos.compiling.build`): a changed source
compiles one module.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hftos.compiling import build, table, toolchain
from hftos.compiling.errors import CompilingError
from image import cache
from image.buildroot import BuildRoot
from image.errors import CommandFailedError, ModuleRefusedError
from image.progress import Reporter

RECIPE = 1
KIND = "compiled-image"
STEP = "compiled modules"
# Every server since 2013 has these instructions, and QEMU's TCG since 7.2; MOVBE reads and writes what is on the wire.
# Two stores that are made into one vector cost more than they spare.
# Symbol tables are a fifth of an object and of no use in the image; nor are tables for unwinding, which C does not do.
# Pointers that the loader only moves take little more than a bit each in packed form instead of 24 bytes (DT_RELR).
FLAGS = (
    *("-march=x86-64-v3", "-fno-tree-slp-vectorize", "-s"),
    *("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-Wl,-z,pack-relative-relocs"),
)
_TOOLS = ("gcc-", "binutils", "libc6-dev", "libpython3.13-dev")
_LIBRARY = "libdpdk"
_LIBRARY_PACKAGE = "libdpdk-dev"


@dataclass(frozen=True)
class RootToolchain(toolchain.Toolchain):
    """Cython of the host, then gcc inside the build root; `library` names a pkg-config module to compile against."""

    root: BuildRoot = field(kw_only=True)
    library: str = field(kw_only=True, default="")

    def compile(self, translated: Path, target: Path, module: str) -> None:
        """Compile C to the extension module `target`. Raises CompilingError with the compiler's own words."""
        binds = {"c": translated.parent, "out": target.parent}
        command = [*self.compiler, *toolchain.FLAGS, f"-I{self.include}"]
        files = [f"/mnt/c/{translated.name}", "-o", f"/mnt/out/{target.name}"]
        try:
            compile_flags, link_flags = self._library_flags()
            # The library's own -march comes first, so that ours is the one that counts.
            self.root.run([*command, *compile_flags, *FLAGS, *files, *link_flags], binds=binds)
        except CommandFailedError as error:
            raise CompilingError(f"{module} does not compile for the image:\n{error}") from error

    def _library_flags(self) -> tuple[list[str], list[str]]:
        if not self.library:
            return [], []
        compile_flags, link_flags = (
            self.root.run(["pkg-config", option, self.library]).split() for option in ("--cflags", "--libs")
        )
        return compile_flags, link_flags


def ensure(root: BuildRoot, sources: Path, packages: Sequence[str], reporter: Reporter) -> dict[str, Path]:
    """Module name to extension module, for every compiled module of `packages` in `sources`.

    Raises ModuleRefusedError for a module that does not compile.
    """
    made: dict[str, Path] = {}
    try:
        plain, special = table.names(sources, packages), table.image_only(sources, packages)
        for wanted, library in ((plain, ""), (special, _LIBRARY)):
            if wanted:
                name = f"{STEP} ({library})" if library else STEP
                made |= _ensure(sources, [*plain, *special], wanted, tools(root, library), reporter, name)
    except CompilingError as error:
        raise ModuleRefusedError(str(error)) from error
    return made


def _ensure(
    sources: Path,
    modules: Sequence[str],
    wanted: Sequence[str],
    chosen: toolchain.Toolchain,
    reporter: Reporter,
    name: str,
) -> dict[str, Path]:
    folder = cache.root()
    total = len(build.stale(sources, modules, folder=folder, tools=chosen, wanted=wanted))
    if not total:
        return build.build(sources, modules, _silent, folder=folder, tools=chosen, wanted=wanted)
    with reporter.step(name) as update:
        done = itertools.count()
        return build.build(
            sources, modules, lambda _: update(next(done), total), folder=folder, tools=chosen, wanted=wanted
        )


def _silent(line: str) -> None:
    del line


def tools(root: BuildRoot, library: str = "") -> RootToolchain:
    """The build root's tools; with `library`, against DPDK."""
    versions = {name: version for name, version in root.versions.items() if name.startswith(_TOOLS)}
    if library:
        versions[_LIBRARY_PACKAGE] = root.versions[_LIBRARY_PACKAGE]
    identity = (str(RECIPE), *toolchain.translator(), *toolchain.FLAGS, *FLAGS, *_words(versions))
    return RootToolchain(("gcc",), Path("/usr/include/python3.13"), identity, KIND, root=root, library=library)


def _words(versions: Mapping[str, str]) -> list[str]:
    return [f"{name} {version}" for name, version in sorted(versions.items())]
