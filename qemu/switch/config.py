"""The switch's configuration: a JSON object into checked dataclasses.

`{"seed": 1, "ports": [{"name", "segment", "tap_fd" | "local" + "remote", "capture"?}], "faults": [{"port",
"direction": "in"|"out", "kind", "probability"?, "match"?: {"group", "port", "min_payload"}, "drop"?: [n],
"delay_ns"?, "jitter_ns"?, "depth"?, "hold_ns"?, "from_ns"?, "until_ns"?, "marked"?, "stream"?, "band"?}],
"counters"?: path, "rotate_bytes"?, "rotate_ns"?}`.

A capture goes on in a new file after `rotate_bytes` bytes, or `rotate_ns` ns (0, the default: time fills no file).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import TypeVar

from protocols.pcap_rotate import LEAST_BYTES, ROTATE_BYTES
from qemu.switch.core import PortPlan
from qemu.switch.faults import Direction, Fault, Kind, Match

_E = TypeVar("_E", bound=Enum)

_COUNTS = ("delay_ns", "jitter_ns", "depth", "hold_ns", "from_ns")
_FAULT_KEYS = frozenset(item.name for item in fields(Fault))
_MATCH_KEYS = frozenset(item.name for item in fields(Match))
_PORT_KEYS = frozenset({"name", "segment", "tap_fd", "local", "remote", "capture"})
_TOP_KEYS = frozenset({"seed", "ports", "faults", "counters", "rotate_bytes", "rotate_ns"})


class ConfigError(ValueError):
    """A wrong configuration; the text names the key, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class PortConfig:
    """A port: its plan, its cable (an inherited TAP descriptor, or our and the peer's socket), its capture."""

    plan: PortPlan
    cable: int | tuple[Path, Path]
    capture: Path | None


@dataclass(frozen=True, slots=True)
class SwitchConfig:
    """Everything the switch program needs."""

    seed: int
    ports: tuple[PortConfig, ...]
    faults: tuple[Fault, ...]
    counters: Path | None
    rotate_bytes: int = ROTATE_BYTES
    rotate_ns: int = 0


def parse(value: object) -> SwitchConfig:
    """Check a decoded JSON value; raises `ConfigError`."""
    top = _object(value, "configuration", _TOP_KEYS)
    ports = tuple(_port(item, f"ports[{n}]") for n, item in enumerate(_list(top.get("ports"), "ports")))
    if not ports:
        raise ConfigError("ports is empty: a switch needs at least one port")
    faults = tuple(_fault(item, f"faults[{n}]") for n, item in enumerate(_list(top.get("faults", []), "faults")))
    return SwitchConfig(
        _integer(top.get("seed", 0), "seed", 0, 2**64 - 1),
        ports,
        faults,
        _path(top, "counters"),
        _integer(top.get("rotate_bytes", ROTATE_BYTES), "rotate_bytes", LEAST_BYTES, 2**62),
        _integer(top.get("rotate_ns", 0), "rotate_ns", 0, 2**62),
    )


def _port(value: object, where: str) -> PortConfig:
    item = _object(value, where, _PORT_KEYS)
    tap = _integer(item["tap_fd"], f"{where}.tap_fd", 0, 2**20) if "tap_fd" in item else None
    local, remote = _path(item, "local"), _path(item, "remote")
    plan, capture = PortPlan(_text(item, "name", where), _text(item, "segment", where)), _path(item, "capture")
    if tap is not None and local is None and remote is None:
        return PortConfig(plan, tap, capture)
    if tap is None and local is not None and remote is not None:
        return PortConfig(plan, (local, remote), capture)
    raise ConfigError(f"{where}: give either tap_fd, or both local and remote")


def _fault(value: object, where: str) -> Fault:
    item = _object(value, where, _FAULT_KEYS)
    probability = _number(item.get("probability", 1.0), f"{where}.probability")
    band = _number(item.get("band", 0.0), f"{where}.band")
    defaults = Fault("", Direction.IN, Kind.LOSS)
    counts = {key: _integer(item.get(key, getattr(defaults, key)), f"{where}.{key}", 0, 2**62) for key in _COUNTS}
    until = item.get("until_ns")
    drop = _list(item.get("drop", []), f"{where}.drop")
    stream = item.get("stream")
    if stream is not None and not isinstance(stream, str):
        raise ConfigError(f"{where}.stream is {stream!r}: must be a name")
    return Fault(
        port=_text(item, "port", where),
        direction=_choice(Direction, item.get("direction"), f"{where}.direction"),
        kind=_choice(Kind, item.get("kind"), f"{where}.kind"),
        probability=probability,
        match=_match(item["match"], f"{where}.match") if "match" in item else None,
        drop=frozenset(_integer(n, f"{where}.drop", 1, 2**62) for n in drop),
        until_ns=None if until is None else _integer(until, f"{where}.until_ns", 0, 2**62),
        marked=_flag(item.get("marked", False), f"{where}.marked"),
        stream=stream,
        band=band,
        **counts,
    )


def _match(value: object, where: str) -> Match:
    item = _object(value, where, _MATCH_KEYS)
    group = item.get("group")
    try:
        address = None if group is None else int(IPv4Address(group))
    except (AddressValueError, TypeError) as error:
        raise ConfigError(f"{where}.group is {group!r}: must be an IPv4 address") from error
    port = item.get("port")
    return Match(
        address,
        None if port is None else _integer(port, f"{where}.port", 0, 65_535),
        _integer(item.get("min_payload", 0), f"{where}.min_payload", 0, 65_535),
    )


def _object(value: object, where: str, allowed: frozenset[str]) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} is {value!r}: must be an object")
    unknown = sorted(set(value) - allowed)
    if unknown:
        raise ConfigError(f"{where} has the unknown key {unknown[0]!r}: allowed are {', '.join(sorted(allowed))}")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} is {value!r}: must be a list")
    return value


def _text(item: Mapping[str, object], key: str, where: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}.{key} is {value!r}: must be a name")
    return value


def _path(item: Mapping[str, object], key: str) -> Path | None:
    value = item.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{key} is {value!r}: must be a path")
    return Path(value)


def _integer(value: object, where: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{where} is {value!r}: must be an integer from {low} to {high}")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} is {value!r}: must be true or false")
    return value


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ConfigError(f"{where} is {value!r}: must be a number from 0 to 1")
    return float(value)


def _choice(kind: type[_E], value: object, where: str) -> _E:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(repr(member.value) for member in kind)
        raise ConfigError(f"{where} is {value!r}: must be one of {allowed}") from None
