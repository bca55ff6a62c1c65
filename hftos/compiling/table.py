"""The list of compiled modules: `[tool.hftos] compiled` in pyproject.toml.

`[tool.hftos] inlined` lists further modules whose `.pxd` holds C functions and types that compiled modules inline; they
are never compiled themselves. `[tool.hftos] folders` lists packages in which every module with a `.pxd` beside it is
compiled, without being listed (users' strategies). `[tool.hftos] image_only` lists modules that are compiled into the
image only, because they need libraries of its build root.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from hftos.compiling.errors import CompilingError


def names(root: Path, packages: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of the compiled modules of the project in `root`, as listed; none without a pyproject.toml.

    With `packages`, those that lie in them. Raises CompilingError for an entry without a `.py` or without the `.pxd`
    beside it that declares its C types.
    """
    return _listed(root, "compiled", packages) + _in_folders(root, packages)


def image_only(root: Path, packages: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of the modules that are compiled into the image only; as `names`."""
    return _listed(root, "image_only", packages)


def _listed(root: Path, key: str, packages: Sequence[str] | None) -> tuple[str, ...]:
    file = root / "pyproject.toml"
    if not file.is_file():
        return ()
    listed = [
        name for name in map(str, _settings(file).get(key, [])) if packages is None or name.split(".")[0] in packages
    ]
    for name in listed:
        for path, remedy in (
            (source(root, name), "correct the name or take it off the list"),
            (declarations(root, name), "write it, or take the module off the list"),
        ):
            if not path.is_file():
                missing = path.relative_to(root)
                raise CompilingError(f"[tool.hftos] {key} in {file} lists {name!r}: no {missing}; {remedy}")
    return tuple(listed)


def _in_folders(root: Path, packages: Sequence[str] | None) -> tuple[str, ...]:
    """Modules with declarations in the packages of `folders`."""
    file = root / "pyproject.toml"
    folders = list(map(str, _settings(file).get("folders", []))) if file.is_file() else []
    return tuple(
        f"{folder}.{path.stem}"
        for folder in folders
        if packages is None or folder in packages
        for path in sorted((root / folder).glob("*.pxd"))
        if path.with_suffix(".py").is_file()
    )


def inlined(root: Path) -> tuple[str, ...]:
    """Names of the modules of which only the declarations take part in compiling; none without a pyproject.toml."""
    file = root / "pyproject.toml"
    return tuple(map(str, _settings(file).get("inlined", []))) if file.is_file() else ()


def _settings(file: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("hftos", {})
    return found


def source(root: Path, name: str) -> Path:
    """The file of a module's source."""
    return root.joinpath(*name.split(".")).with_suffix(".py")


def declarations(root: Path, name: str) -> Path:
    """The file of a module's C types (Cython's pure mode, "augmenting .pxd")."""
    return source(root, name).with_suffix(".pxd")


def inputs(root: Path, modules: Sequence[str]) -> list[Path]:
    """Every file of the project that the compiled `modules` depend on; what only others inline is not among them."""
    found = [path for name in modules for path in (source(root, name), declarations(root, name))]
    packages = {name.split(".")[0] for name in modules}
    return found + [declarations(root, name) for name in inlined(root) if name.split(".")[0] in packages]


def visible(root: Path, module: str, modules: Sequence[str]) -> list[str]:
    """The modules whose declarations `module` sees: its own, those they `cimport`, and so on; sorted."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or not declarations(root, name).is_file():  # the library's own
            continue
        found.add(name)
        text = declarations(root, name).read_text(encoding="utf-8")
        if name in modules:
            text += source(root, name).read_text(encoding="utf-8")
        waiting += re.findall(r"^\s*from\s+([\w.]+)\s+cimport\b", text, re.MULTILINE)
    return sorted(found)
