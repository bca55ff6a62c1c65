"""The list of compiled modules: `[tool.hftos] compiled` in pyproject.toml."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from hftos.compiling.errors import CompilingError


def names(root: Path) -> tuple[str, ...]:
    """Names of the compiled modules of the project in `root`, as listed; none without a pyproject.toml.

    Raises CompilingError for an entry without a `.py` or without the `.pxd` beside it that declares its C types.
    """
    file = root / "pyproject.toml"
    if not file.is_file():
        return ()
    listed = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("hftos", {}).get("compiled", [])
    for name in map(str, listed):
        for path, remedy in (
            (source(root, name), "correct the name or take it off the list"),
            (declarations(root, name), "write it, or take the module off the list"),
        ):
            if not path.is_file():
                missing = path.relative_to(root)
                raise CompilingError(f"[tool.hftos] compiled in {file} lists {name!r}: no {missing}; {remedy}")
    return tuple(map(str, listed))


def source(root: Path, name: str) -> Path:
    """The file of a module's source."""
    return root.joinpath(*name.split(".")).with_suffix(".py")


def declarations(root: Path, name: str) -> Path:
    """The file of a module's C types (Cython's pure mode, "augmenting .pxd")."""
    return source(root, name).with_suffix(".pxd")


def inputs(root: Path, modules: Sequence[str]) -> list[Path]:
    """Every file of the project that a compiled module depends on."""
    return [path for name in modules for path in (source(root, name), declarations(root, name))]


def visible(root: Path, module: str, modules: Sequence[str]) -> list[str]:
    """The modules whose declarations `module` sees: its own, those they `cimport`, and so on; sorted."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name not in modules:
            continue
        found.add(name)
        text = declarations(root, name).read_text(encoding="utf-8") + source(root, name).read_text(encoding="utf-8")
        waiting += re.findall(r"^\s*from\s+([\w.]+)\s+cimport\b", text, re.MULTILINE)
    return sorted(found)
