"""Serves compiled modules to `import`, out of the cache; without it the same modules are interpreted.

The objects do not lie beside the sources, where Python would always prefer them: a test would run whatever was compiled
last. A program that wants speed calls `install` first. It then never runs an object older than its source.
"""

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from hftos.compiling.errors import NoCompilerError

ROOT = Path(__file__).resolve().parent.parent.parent
SWITCH = "HFTOS_INTERPRETED"
_COMPILERS_OWN = ("hftos", "image")  # packages that are imported to find out what is compiled


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class CompiledFinder:
    """A finder on `sys.meta_path` (importlib, "finders and loaders") for the compiled modules of one checkout.

    The list and the cache are looked at when the first module of the checkout is imported, not before.
    """

    def __init__(self, root: Path = ROOT, cache: Path | None = None) -> None:
        self._root = root
        self._cache = cache
        self._modules: frozenset[str] | None = None
        self._objects: dict[str, Mapping[str, Path]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a compiled module; None for every other, and for all where nothing can be compiled.

        Raises CompilingError when the source does not compile.
        """
        del target
        if path is None or fullname.partition(".")[0] in _COMPILERS_OWN:
            return None
        if not self._root.joinpath(*fullname.split(".")).with_suffix(".py").is_file():
            return None
        if fullname not in self._table():
            return None
        found = self._found(fullname.partition(".")[0]).get(fullname)
        if found is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(fullname, str(found))
        return importlib.util.spec_from_file_location(fullname, found, loader=loader)

    def _table(self) -> frozenset[str]:
        if self._modules is None:
            from hftos.compiling import table  # not before it is needed: `hftos --help` is to be quick

            self._modules = frozenset(table.names(self._root))
        return self._modules

    def _found(self, package: str) -> Mapping[str, Path]:
        """The objects of one package's modules: a program waits only for what it imports."""
        if package not in self._objects:
            from hftos.compiling import index, table

            names = table.names(self._root)
            wanted = [name for name in names if name.partition(".")[0] == package]
            try:
                self._objects[package] = index.objects(
                    self._root, names, _to_stderr, folder=self._cache, wanted=wanted, name=package
                )
            except NoCompilerError as error:
                if not self._objects:
                    _to_stderr(f"hftos: running interpreted and slowly: {error}")
                self._objects[package] = {}
        return self._objects[package]


def install() -> None:
    """From now on import compiled modules compiled, unless the environment has HFTOS_INTERPRETED=1; once is enough."""
    if os.environ.get(SWITCH, "0") not in ("", "0") or any(isinstance(f, CompiledFinder) for f in sys.meta_path):
        return
    sys.meta_path.insert(0, CompiledFinder())


def remove() -> None:
    """From now on import sources again; what is imported already stays."""
    sys.meta_path[:] = [found for found in sys.meta_path if not isinstance(found, CompiledFinder)]


def kind(module: str) -> str:
    """How an imported module runs: "Cython", or "Python" when it is interpreted."""
    loader = getattr(sys.modules[module].__spec__, "loader", None)
    return "Cython" if isinstance(loader, importlib.machinery.ExtensionFileLoader) else "Python"
