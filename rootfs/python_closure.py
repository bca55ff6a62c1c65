"""Finds every module a program can import, by reading its source.

Standard library only: it runs on the target's Python.

Imports inside functions count: the image has no second chance. Branches that cannot be taken on the target are left out
(`TYPE_CHECKING`, `__name__ == "__main__"`, other operating systems), and so are the modules of a table of exclusions.

A module that Cython has compiled is an extension module in the image, but what it imports is still what its source
says, and what its declarations (`.pxd`) `cimport`: the types of other compiled modules.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from rootfs.errors import MissingModuleError

_TARGET = {"sys.platform": "linux", "os.name": "posix"}
# Modules without a file of their own: another module puts itself there.
_ALIASES = {"os.path": "posixpath", "collections.abc": "_collections_abc"}
_CIMPORT = re.compile(r"^\s*from\s+([\w.]+)\s+cimport\b", re.MULTILINE)
_MAYBE = ("ImportError", "ModuleNotFoundError", "Exception", "AttributeError")


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, absolute; `optional` when its absence is caught, `line` in the importing file."""

    name: str
    line: int
    optional: bool


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the closure. `file` is its source or extension module; `importer` is who asked for it first.

    `compiled` is the extension module that stands for a compiled source.
    """

    name: str
    file: Path
    is_package: bool
    importer: str
    compiled: Path | None = None

    @property
    def is_extension(self) -> bool:
        """Whether it is a shared object and not Python source."""
        return self.file.suffix == ".so"


@dataclass(slots=True)
class Closure:
    """The modules by name; `left_out` maps what is not in the image to the reason."""

    modules: dict[str, Module] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def closure(
    roots: Iterable[str],
    path: Sequence[Path],
    excluded: Mapping[str, str],
    own: Sequence[str] = (),
    compiled: Mapping[str, Path] | None = None,
) -> Closure:
    """Everything `roots` can import from the folders of `path`; `compiled` maps names to extension modules.

    `excluded` maps names of modules and packages to the reason they stay out, unless a module of the packages `own`
    imports them itself. Those modules may import nothing that is missing: that raises MissingModuleError with file and
    line. Elsewhere (the standard library) what is missing is another platform's and only noted.
    """
    found = Closure()
    roots = list(roots)
    compiled = compiled or {}
    asked = _own_imports([name for name in roots if name.split(".")[0] in own], path, own, compiled)
    excluded = {name: reason for name, reason in excluded.items() if name not in asked}
    waiting = [(Import(name, 0, False), "the image") for name in roots]
    while waiting:
        wanted, importer = waiting.pop()
        for name in _with_parents(wanted.name):
            if name in _ALIASES and find(name, path) is None:
                name = _ALIASES[name]
            if name in found.modules or name in sys.builtin_module_names:
                continue
            if reason := _exclusion(name, excluded):
                found.left_out.setdefault(name, reason)
                break
            module = find(name, path, importer)
            if module is None:
                _note_missing(found, wanted, importer, own)
                break
            module = replace(module, compiled=compiled.get(name))
            found.modules[name] = module
            waiting += [(i, name) for i in _imports_of(module, path, compiled)]
    found.modules = dict(sorted(found.modules.items()))
    return found


def _own_imports(
    roots: Iterable[str], path: Sequence[Path], own: Sequence[str], compiled: Mapping[str, Path]
) -> set[str]:
    """Every name, parents included, that the own modules reachable from `roots` import."""
    asked: set[str] = set()
    waiting = list(roots)
    while waiting:
        for name in _with_parents(waiting.pop()):
            if name in asked:
                continue
            asked.add(name)
            module = find(name, path) if name.split(".")[0] in own else None
            if module:
                module = replace(module, compiled=compiled.get(name))
                waiting += [i.name for i in _imports_of(module, path, compiled)]
    return asked


def _imports_of(module: Module, path: Sequence[Path], compiled: Mapping[str, Path]) -> list[Import]:
    """What a module of the closure imports; nothing is known of extension modules that are not ours."""
    if module.is_extension:
        return []
    source = module.file.read_text("utf-8")
    found = imports(source, module.name, module.is_package, path, compiled=module.compiled is not None)
    declarations = module.file.with_suffix(".pxd")
    if module.compiled is not None and declarations.is_file():
        names = _CIMPORT.findall(declarations.read_text("utf-8"))
        found += [Import(name, 0, False) for name in names if name in compiled]
    return found


def find(name: str, path: Sequence[Path], importer: str = "") -> Module | None:
    """The file of module `name`, None when no folder of `path` has it."""
    relative = Path(*name.split("."))
    for folder in path:
        package = folder / relative / "__init__.py"
        if package.is_file():
            return Module(name, package, True, importer)
        for suffix in (".py", *EXTENSION_SUFFIXES):
            file = folder / relative.parent / (relative.name + suffix)
            if file.is_file():
                return Module(name, file, False, importer)
    return None


def imports(
    source: str, name: str, is_package: bool, path: Sequence[Path] = (), *, compiled: bool = False
) -> list[Import]:
    """What the source of module `name` imports, as absolute names.

    `from a import b` gives `a.b` only where that is a module in `path`. A `compiled` module does not import `cython`,
    which Cython replaces, nor what is below `if not cython.compiled`.
    """
    package = name if is_package else name.rpartition(".")[0]
    result = []
    for node, optional in _statements(ast.parse(source), False, compiled):
        if isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
            result += [Import(n, node.lineno, optional) for n in names if not (compiled and n == "cython")]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            result.append(Import(base, node.lineno, optional))
            inner = (f"{base}.{alias.name}" for alias in node.names)
            result += [Import(n, node.lineno, optional) for n in inner if find(n, path)]
        elif isinstance(node, ast.Call) and (literal := _dynamic(node)):
            result.append(Import(literal, node.lineno, optional))
    return result


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    base = package.split(".")
    base = base[: len(base) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _dynamic(node: ast.Call) -> str | None:
    """The module that `import_module("literal")` or `__import__("literal")` names."""
    function = ast.unparse(node.func)
    if function in ("importlib.import_module", "import_module", "__import__") and len(node.args) == 1:
        argument = node.args[0]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return None


def _statements(node: ast.AST, optional: bool, compiled: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below `node` that can run on the target, with whether a failing import there is caught."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If):
            verdict = _decide(child.test, compiled)
            branches = [*(child.body if verdict is not False else []), *(child.orelse if verdict is not True else [])]
            for branch in branches:
                yield branch, optional
                yield from _statements(branch, optional, compiled)
            yield from _statements(child.test, optional, compiled)
            continue
        yield child, optional
        if isinstance(child, ast.Try) and _catches(child):
            for part in child.body:
                yield from _statements(ast.Module([part], []), True, compiled)
            rest = [*child.handlers, *child.orelse, *child.finalbody]
            for other in rest:
                yield from _statements(other, optional, compiled)
        else:
            yield from _statements(child, optional, compiled)


def _catches(node: ast.Try) -> bool:
    caught = " ".join(ast.unparse(h.type) if h.type else "Exception" for h in node.handlers)
    return any(name in caught for name in _MAYBE)


def _decide(test: ast.expr, compiled: bool) -> bool | None:
    """Whether a condition is known to hold or not on the target; None when it is not known."""
    text = ast.unparse(test)
    if text in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'", "_mswindows", "_WIN32"):
        return False
    if text == "cython.compiled":
        return compiled
    match test:
        case ast.UnaryOp(ast.Not(), operand):
            verdict = _decide(operand, compiled)
            return None if verdict is None else not verdict
        case ast.Compare(left, [ast.Eq() | ast.NotEq() as operator], [ast.Constant(value)]):
            known = _TARGET.get(ast.unparse(left))
            return None if known is None else (known == value) == isinstance(operator, ast.Eq)
        case ast.Call(ast.Attribute(left, "startswith"), [ast.Constant(str() as value)]):
            known = _TARGET.get(ast.unparse(left))
            return None if known is None else known.startswith(value)
    return None


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _exclusion(name: str, excluded: Mapping[str, str]) -> str:
    return next((excluded[parent] for parent in _with_parents(name) if parent in excluded), "")


def _note_missing(found: Closure, wanted: Import, importer: str, own: Sequence[str]) -> None:
    if importer == "the image" or (importer.split(".")[0] in own and not wanted.optional):
        where = f"{importer}, line {wanted.line}" if wanted.line else importer
        reason = (
            f"list {importer} under [tool.hftos] compiled in pyproject.toml"
            if wanted.name == "cython"
            else "the image holds the standard library and our own packages only"
        )
        raise MissingModuleError(f"{where} imports {wanted.name}, which is not in the image: {reason}")
    found.left_out.setdefault(wanted.name, f"not in this Python; {importer} can do without")
