"""The Python part of the initramfs: closure, byte code, extension modules. Runs on the target's Python.

As a program: `python3 -m rootfs.python_tree SPEC OUT`. SPEC is JSON: `program` (the package started with `-m`),
`packages` (folder names of our own packages), `named` (those of them whose modules configuration may name), `sources`
(the folder that holds them), `stdlib` (the target's library folder), `compiled` (module name to extension module, for
those that Cython has compiled). OUT receives `tree/` with the files at their places below `/`, and `closure.json`.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rootfs import stdlib_policy
from rootfs.bytecode import compile_module
from rootfs.errors import MissingModuleError, RootfsError
from rootfs.python_closure import Closure, Module, closure

# Docstrings and asserts of the library are of no use there; ours stay, so that tracebacks and checks are as in tests.
LIBRARY_OPTIMIZE = 2
OWN_OPTIMIZE = 0


def collect(
    program: str,
    packages: list[str],
    sources: Path,
    stdlib: Path,
    compiled: Mapping[str, Path] | None = None,
    named: Sequence[str] = (),
) -> Closure:
    """The closure of `program`, and of those modules of the packages `named` that the image can hold.

    The latter because configuration names strategies, which no import statement does. What cannot be imported in the
    image (a command line for developers) is left out with the reason.
    """
    path = [sources, stdlib, stdlib / "lib-dynload"]
    roots = [f"{program}.__main__", *stdlib_policy.INTERPRETER]
    found = closure(roots, path, stdlib_policy.EXCLUDED, packages, compiled)
    for file in (file for package in named for file in sorted((sources / package).rglob("*.py"))):
        parts = file.relative_to(sources).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name in found.modules:
            continue
        try:
            extra = closure([name], path, stdlib_policy.EXCLUDED, packages, compiled)
        except MissingModuleError as error:
            found.left_out[name] = str(error)
            continue
        found.modules = dict(sorted({**extra.modules, **found.modules}.items()))
        found.left_out = {**extra.left_out, **found.left_out}
    return found


def place(module: Module, sources: Path, stdlib: Path) -> str:
    """Where the module lies in the image, relative to `/`: byte code beside the library, extensions where they were.

    A compiled module lies where its source was.
    """
    base = sources if module.file.is_relative_to(sources) else stdlib
    relative = module.file.relative_to(base)
    if module.compiled is not None:
        relative = relative.with_suffix(".so")
    elif not module.is_extension:
        relative = relative.with_suffix(".pyc")
    return f"usr/lib/{stdlib.name}/{relative.as_posix()}"


def main() -> int:
    """Writes the tree that SPEC describes to OUT; prints the error and returns 1 when something is missing."""
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out, sources, stdlib = Path(sys.argv[2]), Path(spec["sources"]), Path(spec["stdlib"])
    try:
        compiled = {name: Path(file) for name, file in spec.get("compiled", {}).items()}
        found = collect(spec["program"], spec["packages"], sources, stdlib, compiled, spec["named"])
    except (RootfsError, SyntaxError) as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    rows = []
    for module in found.modules.values():
        where = place(module, sources, stdlib)
        own = module.name.split(".")[0] in spec["packages"]
        data = (module.compiled or module.file).read_bytes()
        if not module.is_extension and module.compiled is None:
            data = compile_module(data, "/" + where.removesuffix("c"), OWN_OPTIMIZE if own else LIBRARY_OPTIMIZE)
        target = out / "tree" / where
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        rows.append({"module": module.name, "path": where, "own": own, "importer": module.importer})
    result = {"modules": rows, "left_out": dict(sorted(found.left_out.items()))}
    (out / "closure.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
