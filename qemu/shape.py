"""Whether a decoded JSON value has the shape a program relies on, told by example.

A shape is a type (`int` is no `bool`; `float` takes integers too), a list of one shape for its items, a dictionary of
shapes for required keys (a key that ends in `?` may be missing; further keys are free), `Each(shape)` for an object
with any keys, or a tuple of alternatives, in which None stands for null.
"""

from dataclasses import dataclass
from typing import Any

Shape = Any
"""`type | list | dict | tuple | Each | None`, nested as the module says."""


@dataclass(frozen=True, slots=True)
class Each:
    """An object with any keys, whose values all have one shape."""

    shape: Shape


def misfit(value: object, shape: Shape, where: str = "") -> str | None:
    """What is wrong with the value, with the place and the value itself; None when it has the shape."""
    if isinstance(shape, tuple):
        faults = [misfit(value, alternative, where) for alternative in shape]
        return None if None in faults else faults[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _wrong(where, value, "a list")
        return _first(misfit(item, shape[0], f"{where}[{n}]") for n, item in enumerate(value))
    if isinstance(shape, Each):
        if not isinstance(value, dict):
            return _wrong(where, value, "an object")
        return _first(misfit(item, shape.shape, _below(where, key)) for key, item in value.items())
    if isinstance(shape, dict):
        return _object_misfit(value, shape, where)
    return None if _is(value, shape) else _wrong(where, value, "null" if shape is None else _NAMES[shape])


_NAMES = {int: "an integer", float: "a number", str: "a text", bool: "true or false", dict: "an object", list: "a list"}


def _object_misfit(value: object, shape: dict[str, Shape], where: str) -> str | None:
    if not isinstance(value, dict):
        return _wrong(where, value, "an object")
    for key, inner in shape.items():
        name = key.removesuffix("?")
        if name in value:
            fault = misfit(value[name], inner, _below(where, name))
            if fault is not None:
                return fault
        elif name == key:
            return f"{_below(where, name)} is missing"
    return None


def _is(value: object, shape: Shape) -> bool:
    if shape is None:
        return value is None
    if isinstance(value, bool):
        return shape is bool
    return isinstance(value, (int, float) if shape is float else shape)


def _first(faults: Any) -> str | None:
    return next((fault for fault in faults if fault is not None), None)


def _below(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _wrong(where: str, value: object, wanted: str) -> str:
    return f"{where or 'it'} is {repr(value)[:60]}, not {wanted}"
