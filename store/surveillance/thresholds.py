"""Thresholds of the rules: what there is, with unit, default and range, and how a file overrides it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

ENABLED: Final = "enabled"


class ThresholdError(ValueError):
    """A threshold that cannot be; the text names file, rule, key, value and range."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold: a number from ``low`` to ``high`` in ``unit``, or with the unit `names` a list of names."""

    name: str
    unit: str
    default: Any
    low: float
    high: float
    meaning: str


class HasThresholds(Protocol):
    """What has thresholds: a rule."""

    NAME: str
    THRESHOLDS: tuple[Threshold, ...]


Settings = dict[str, dict[str, Any]]


def defaults(rules: Iterable[HasThresholds]) -> Settings:
    """The default thresholds, by rule and name; all rules are enabled."""
    return {rule.NAME: {ENABLED: True} | {one.name: one.default for one in rule.THRESHOLDS} for rule in rules}


def read(path: Path, rules: Iterable[HasThresholds]) -> Settings:
    """The thresholds of a TOML file, the defaults where it has none. Raises ThresholdError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ThresholdError(f"cannot read {path}: {error.strerror}; give a TOML file of thresholds") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ThresholdError(f"{path} is no TOML file: {error}") from error
    try:
        return check(given, rules)
    except ThresholdError as error:
        raise ThresholdError(f"{path}: {error}") from None


def check(given: Mapping[str, Any], rules: Iterable[HasThresholds]) -> Settings:
    """Merge what is given, by rule and name, into the defaults. Raises ThresholdError."""
    rules = list(rules)
    settings = defaults(rules)
    known = {rule.NAME: {one.name: one for one in rule.THRESHOLDS} for rule in rules}
    for name, section in given.items():
        if name not in known:
            raise ThresholdError(f"[{name}] is no rule: there are {', '.join(known)}")
        if not isinstance(section, dict):
            raise ThresholdError(f"{name} = {section!r}: give a section [{name}]")
        for key, value in section.items():
            if key == ENABLED:
                if not isinstance(value, bool):
                    raise ThresholdError(f"{name}.{key} = {value!r}: give true or false")
            elif key not in known[name]:
                raise ThresholdError(f"{name}.{key}: no such threshold; there are {', '.join((ENABLED, *known[name]))}")
            else:
                _check_value(name, known[name][key], value)
            settings[name][key] = value
    return settings


def _check_value(rule: str, threshold: Threshold, value: Any) -> None:
    where = f"{rule}.{threshold.name} = {value!r}"
    if threshold.unit == "names":
        if not isinstance(value, list) or not all(isinstance(one, str) and 0 < len(one) <= 32 for one in value):
            raise ThresholdError(f"{where}: give a list of names of 1 to 32 characters")
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ThresholdError(f"{where}: give a number ({threshold.unit})")
    if not threshold.low <= value <= threshold.high:
        raise ThresholdError(f"{where}: give {threshold.low:g} to {threshold.high:g} ({threshold.unit})")
