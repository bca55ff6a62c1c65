"""Generates the constructor, decoder and encoder of a message class from its annotations (see `wire`).

The code is generated as source and executed once per class, as `dataclasses` does: one `struct` call and straight-line
code per message, no loop over fields.
"""

import re
import struct
from typing import Any, ClassVar, get_origin

from protocols.fields import Alpha, Char, Field, Kind


def own_hints(namespace: dict[str, Any]) -> dict[str, Any]:
    """Read the instance attributes annotated in a class body; Python 3.14 keeps them as a function (PEP 649)."""
    annotate = namespace.get("__annotate_func__") or namespace.get("__annotate__")
    hints = annotate(1) if callable(annotate) else namespace.get("__annotations__", {})
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


def class_name_in_words(name: str) -> str:
    """Turn `OrderExecuted` into `Order Executed`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _kind_of(hint: Any) -> Kind | None:
    return next((item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Kind)), None)


def compile_message(cls: Any, type_code: str, title: str, hints: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Give `cls` its table, constructor and codec. The code is generated as `dataclasses` does, for its speed."""
    kinds = {name: kind for name, hint in hints.items() if (kind := _kind_of(hint)) is not None}
    extras = [name for name in hints if name not in kinds]
    offset = 1
    fields = []
    for name, kind in kinds.items():
        fields.append(Field(name, offset, kind.size, kind, kind.values))
        offset += kind.size
    layout = struct.Struct(">B" + "".join(kind.code for kind in kinds.values()))
    cls.TYPE, cls.NAME, cls.SIZE = type_code, title, layout.size
    cls.FIELDS, cls.ATTRIBUTES = tuple(fields), (*kinds, *extras)
    scope: dict[str, Any] = {"_unpack": layout.unpack, "_pack": layout.pack, "_new": object.__new__, "_cls": cls}
    for name in cls.ATTRIBUTES:
        scope[f"_set_{name}"] = getattr(cls, name).__set__
        if name in defaults:
            scope[f"_default_{name}"] = defaults[name]
        kind = kinds.get(name)
        if isinstance(kind, Char):
            scope[f"_read_{name}"], scope[f"_write_{name}"] = kind.by_byte, kind.by_char
        elif isinstance(kind, Alpha):
            scope[f"_write_{name}"] = kind.encode
    exec(_source(kinds, extras, defaults, ord(type_code)), scope)
    cls.__init__, cls._values, cls._build = scope["_init"], scope["_values_of"], scope["_encode"]
    cls._parse = staticmethod(scope["_decode"])


def _source(kinds: dict[str, Kind], extras: list[str], defaults: dict[str, Any], type_byte: int) -> str:
    """Write the source of `_init`, `_values_of`, `_decode` and `_encode` for one class."""
    names = [*kinds, *extras]
    reads = {name: _read(name, kind) for name, kind in kinds.items()}
    targets = "".join(f" {target}," for target, _ in reads.values())
    arguments = "".join(f", {name}=_default_{name}" if name in defaults else f", {name}" for name in names)
    more = "".join(f", {name}=_default_{name}" for name in extras)
    lines = [
        f"def _init(self{', *' if names else ''}{arguments}):",
        *(f"    _set_{name}(self, {name})" for name in names),
        "    return None",
        "def _values_of(self):",
        f"    return ({''.join(f'self.{name}, ' for name in names)})",
        f"def _decode(_data{more}):",
        f"    _type,{targets} = _unpack(_data)",
        "    self = _new(_cls)",
        *(f"    _set_{name}(self, {expression})" for name, (_, expression) in reads.items()),
        *(f"    _set_{name}(self, {name})" for name in extras),
        "    return self",
        "def _encode(self):",
        f"    return _pack({type_byte}, {', '.join(_write(name, kind) for name, kind in kinds.items())})",
    ]
    return "\n".join(lines)


def _read(name: str, kind: Kind) -> tuple[str, str]:
    """Return the unpack target and the expression that makes the attribute's value of it."""
    if isinstance(kind, Char):
        return name, f"_read_{name}[{name}]"
    if isinstance(kind, Alpha):
        return name, f"str({name}, 'ascii').rstrip(' ')"
    if kind.size == 6:  # `struct` has no 6-byte integer
        return f"{name}_high, {name}_low", f"{name}_high << 32 | {name}_low"
    return name, name


def _write(name: str, kind: Kind) -> str:
    if isinstance(kind, Char | Alpha):
        return f"_write_{name}[self.{name}]" if isinstance(kind, Char) else f"_write_{name}(self.{name})"
    return f"self.{name} >> 32, self.{name} & 0xFFFFFFFF" if kind.size == 6 else f"self.{name}"
