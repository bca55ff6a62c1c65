"""Sources and their `.pxd` agree: an attribute that only one of them knows fails when compiled, and only then."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hftos.compiling import table
from hftos.compiling.finder import ROOT

MODULES = table.names(ROOT)


@dataclass(frozen=True)
class ExtensionType:
    base: str
    attributes: frozenset[str]
    functions: frozenset[str]


def declared(text: str) -> dict[str, ExtensionType]:
    """The extension types of a `.pxd`, with what each declares itself."""
    found = {}
    text = re.sub(r"#.*", "", text)
    for match in re.finditer(r"^cdef class (\w+)(?:\((\w+)\))?:[ \t]*\n((?:(?:[ \t].*)?\n)*)", text, re.MULTILINE):
        name, base, body = match.groups()
        body = re.sub(r"\(\s*([^()]*?)\s*\)", lambda inside: f"({' '.join(inside[1].split())})", body)
        lines = [line.strip() for line in body.splitlines() if line.strip().startswith(("cdef ", "cpdef "))]
        functions = {call[1] for line in lines if (call := re.search(r"(\w+)\(", line))}
        fields = [part for line in lines if "(" not in line for part in line.split(",")]
        attributes = {re.sub(r"\[\d+\]$", "", part.strip()).split()[-1].lstrip("*") for part in fields}
        found[name] = ExtensionType(base or "", frozenset(attributes), frozenset(functions))
    return found


def assigned(node: ast.AST) -> Iterator[str]:
    """Names of attributes of `self` that a function or class assigns."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            value = inner.value
            if isinstance(value, ast.Name) and value.id == "self":
                yield inner.attr


def called(node: ast.FunctionDef) -> Iterator[str]:
    """Names of the own methods that a function calls."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            value = inner.func.value
            if isinstance(value, ast.Name) and value.id == "self":
                yield inner.func.attr


TYPES = {name: kind for m in MODULES for name, kind in declared(table.declarations(ROOT, m).read_text()).items()}


def inherited(kind: ExtensionType) -> frozenset[str]:
    own = kind.attributes
    return own | inherited(TYPES[kind.base]) if kind.base in TYPES else own


def classes(module: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse(table.source(ROOT, module).read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("module", MODULES)
def test_every_declared_attribute_is_set_in_init_and_every_attribute_is_declared(module: str) -> None:
    sources = classes(module)
    for name, kind in declared(table.declarations(ROOT, module).read_text()).items():
        assert name in sources, f"{module} has no class {name}"
        node = sources[name]
        functions = {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}
        first = [functions[f] for f in ("__init__", "__cinit__") if f in functions]
        # A method that the constructor calls sets attributes for it.
        first += [functions[f] for node in first for f in called(node) if f in functions]
        set_first = frozenset(attribute for function in first for attribute in assigned(function))
        assert kind.attributes - set_first == frozenset(), f"{module}.{name}: not set in __init__"
        assert set(assigned(node)) - inherited(kind) == set(), f"{module}.{name}: missing in the .pxd"
        assert kind.functions - functions.keys() == set(), f"{module}.{name}: only in the .pxd"


def test_the_reader_of_declarations_understands_what_is_written() -> None:
    text = """
cdef class Side(Half):  # a half
    cdef public int64_t price, shares
    cdef readonly Order[:] orders
    cdef list _spare
    cdef int64_t prices[16]

    @cython.locals(i=int)
    cpdef bint add(
        self, Order order, int64_t now
    )
    cdef _drop(self)

cpdef int64_t free(Side side)
"""
    assert declared(text) == {
        "Side": ExtensionType(
            "Half", frozenset({"price", "shares", "orders", "_spare", "prices"}), frozenset({"add", "_drop"})
        )
    }
