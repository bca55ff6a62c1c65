"""Compiles what has changed, two modules at a time, into the cache.

An object is named after its source, the declarations it can see (the layout of its own and others' types) and the
toolchain. So an edit inside a function recompiles one module, and going back to an earlier source recompiles none.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hftos.compiling import table, toolchain
from image import cache

_PARALLEL = 2
_KEPT = 4  # objects of one module: a few branches of the same checkout

Say = Callable[[str], None]


def build(
    root: Path,
    modules: Sequence[str],
    say: Say,
    *,
    folder: Path,
    tools: toolchain.Toolchain | None = None,
    wanted: Sequence[str] | None = None,
) -> dict[str, Path]:
    """The extension module of each of `modules`, compiled now where the cache in `folder` does not have it.

    `tools` are this machine's unless given; `wanted` are those of the modules to compile, all unless given. `say` gets
    a line when a module is compiled. Raises CompilingError, NoCompilerError.
    """
    tools = tools or toolchain.find(os.environ)
    wanted = modules if wanted is None else wanted
    place = folder / tools.kind
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hftos-compiling-") as name:
        staging = Path(name)
        _stage(root, modules, staging)  # a source that is edited meanwhile does not matter
        keys = {module: _key(staging, module, modules, tools) for module in wanted}
        progress = _Progress(say, sum(not (place / key).is_dir() for key in keys.values()))

        def make(module: str) -> Path:
            started = time.monotonic()
            made, fresh = cache.product(
                tools.kind, keys[module], lambda target: _make(staging, module, tools, target), cache=folder
            )
            if fresh:
                progress.done(module, time.monotonic() - started)
                _prune(place, module)
            return made / _object(module)

        with ThreadPoolExecutor(_PARALLEL) as pool:
            return dict(zip(wanted, pool.map(make, wanted), strict=True))


def stale(
    root: Path, modules: Sequence[str], *, folder: Path, tools: toolchain.Toolchain, wanted: Sequence[str]
) -> list[str]:
    """Those of `wanted` that `build` would compile now."""
    with tempfile.TemporaryDirectory(prefix="hftos-compiling-") as name:
        staging = Path(name)
        _stage(root, modules, staging)
        place = folder / tools.kind
        return [module for module in wanted if not (place / _key(staging, module, modules, tools)).is_dir()]


class _Progress:
    def __init__(self, say: Say, total: int) -> None:
        self._say = say
        self._total = total
        self._count = 0
        if total:
            say(f"==> compiling {total} modules")

    def done(self, module: str, seconds: float) -> None:
        self._count += 1
        self._say(f"==> compiled {module} ({self._count}/{self._total}, {seconds:.1f} s)")


def _stage(root: Path, modules: Sequence[str], staging: Path) -> None:
    """Copy sources and declarations, and make their folders packages, as Cython wants them."""
    for path in table.inputs(root, modules):
        copy = staging / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        for package in copy.relative_to(staging).parents[:-1]:
            (staging / package / "__init__.py").touch()
        shutil.copyfile(path, copy)


def _key(staging: Path, module: str, modules: Sequence[str], tools: toolchain.Toolchain) -> str:
    source = cache.hash_file(table.source(staging, module))
    seen = table.visible(staging, module, modules)
    declarations = {name: cache.hash_file(table.declarations(staging, name)) for name in seen}
    return f"{module}-{cache.key(source=source, declarations=declarations, tools=tools.identity)}"


def _make(staging: Path, module: str, tools: toolchain.Toolchain, target: Path) -> None:
    translated = tools.translate(staging, module)
    tools.compile(translated, target / _object(module), module)


def _object(module: str) -> str:
    return module.rpartition(".")[2] + ".so"


def _prune(place: Path, module: str) -> None:
    """Remove the objects of `module` that were not used for longest; a process that has one loaded keeps it."""
    made = [path for path in place.glob(f"{module}-*") if path.is_dir()]
    for path in sorted(made, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
        path.with_name(path.name + ".lock").unlink(missing_ok=True)
