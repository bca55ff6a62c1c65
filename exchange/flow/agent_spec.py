"""How an agent is asked for: `KIND[:key=value,...]`, as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exchange.directory import DirectoryError, check_symbol

SIDES = ("B", "S", "both")


class AgentError(ValueError):
    """An agent that cannot be had; the text names the value and the remedy."""


@dataclass(frozen=True)
class Parameter:
    """One key. ``unit`` says how its value is read: symbol, side, seconds, ms, or a whole number of shares, ticks, …"""

    name: str
    unit: str
    default: Any
    low: float
    high: float
    meaning: str


# What every kind understands. `symbol` has no default: the first symbol of the day stands for none.
COMMON = (
    Parameter("symbol", "symbol", "", 0, 0, "symbol to act in; the first one listed, if not given"),
    Parameter("at", "seconds", 1.0, 0.0, 86_400.0, "start of the first episode after that of the flow"),
    Parameter("every", "seconds", 10.0, 0.001, 86_400.0, "from the start of one episode to that of the next"),
    Parameter("count", "episodes", 0, 0, 1_000_000, "episodes in all; 0 = to the end of the day"),
)


@dataclass(frozen=True)
class AgentSpec:
    """An agent as asked for: its kind and the value of every parameter (seconds and ms in ns)."""

    kind: str
    values: Mapping[str, Any]


def parse(text: str, kinds: Mapping[str, Sequence[Parameter]]) -> AgentSpec:
    """Read `KIND[:key=value,...]`; ``kinds`` has the parameters of every kind. Raises AgentError."""
    kind, colon, rest = text.partition(":")
    if kind not in kinds:
        raise AgentError(f"unknown agent {kind!r} in {text!r}: give one of {', '.join(kinds)}")
    if colon and not rest:
        raise AgentError(f"nothing after the colon of {text!r}: give {kind} alone or {kind}:key=value,...")
    parameters = {parameter.name: parameter for parameter in (*COMMON, *kinds[kind])}
    given: dict[str, Any] = {}
    for item in rest.split(",") if rest else ():
        key, equals, value = item.partition("=")
        if not equals or key not in parameters:
            raise AgentError(f"{item!r} in {text!r}: give key=value with one of {', '.join(parameters)}")
        if key in given:
            raise AgentError(f"{key} is given twice in {text!r}: give it once")
        given[key] = _value(parameters[key], value, text)
    defaults = {name: _in_ns(parameter.unit, parameter.default) for name, parameter in parameters.items()}
    return AgentSpec(kind, defaults | given)


def _value(parameter: Parameter, value: str, text: str) -> Any:
    read = _READERS.get(parameter.unit, _whole)
    try:
        found = read(value)
    except (ValueError, DirectoryError) as error:
        raise AgentError(f"{parameter.name}={value} in {text!r}: {error}") from None
    if isinstance(found, (int, float)) and not parameter.low <= found <= parameter.high:
        raise AgentError(
            f"{parameter.name}={value} in {text!r}: give {parameter.low:g} to {parameter.high:g} ({parameter.unit})"
        )
    return _in_ns(parameter.unit, found)


def _in_ns(unit: str, value: Any) -> Any:
    scale = {"seconds": 1_000_000_000, "ms": 1_000_000}.get(unit)
    return value if scale is None else round(value * scale)


def _whole(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ValueError("give a whole number")
    return int(value)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError("give a number") from None


def _side(value: str) -> str:
    if value not in SIDES:
        raise ValueError(f"give one of {', '.join(SIDES)}")
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "symbol": check_symbol,
    "side": _side,
    "seconds": _number,
    "ms": _number,
}
