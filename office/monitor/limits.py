"""The monitor's own limits, independent of the trader's risk gate: what there is, and how a file sets them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DEFAULT: Final = Path(__file__).with_name("limits.toml")
WARN: Final = 80
"""Per cent of a limit from which on it is shown as a warning."""


class LimitsError(ValueError):
    """A limit that cannot be; the text names file, key, value and range."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: key, unit, what is limited. `scale`: from the unit to the figure's (dollars to price4 times shares)."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    scale: int = 1


LIMITS: Final = (
    Limit("position_shares", "shares", 1, 1e9, "largest position in any symbol, long or short"),
    Limit("gross_exposure", "dollars", 1, 1e12, "positions at the mid, long and short added", 10_000),
    Limit("net_exposure", "dollars", 1, 1e12, "positions at the mid, long less short, either way", 10_000),
    Limit("open_notional", "dollars", 1, 1e12, "price times shares of all open orders", 10_000),
    Limit("loss", "dollars", 1, 1e12, "loss since the start", 10_000),
    Limit("order_to_trade", "messages", 1, 1e9, "messages for each execution"),
)


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a limit is used: `value`, `limit` in the figure's unit, `percent`; `state`: ok, warning, breach."""

    name: str
    value: int
    limit: int
    percent: float
    state: str

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def read(path: Path = DEFAULT) -> dict[str, int]:
    """The limits of a TOML file, in the figures' units, by name; those it leaves out do not limit. LimitsError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LimitsError(f"cannot read {path}: {error.strerror}; give a TOML file of limits") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LimitsError(f"{path} is no TOML file: {error}") from error
    known = {one.name: one for one in LIMITS}
    limits = {}
    for key, value in given.items():
        if key not in known:
            raise LimitsError(f"{path}: {key}: no such limit; there are {', '.join(known)}")
        one = known[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not one.low <= value <= one.high:
            raise LimitsError(f"{path}: {key} = {value!r}: give {one.low:g} to {one.high:g} ({one.unit})")
        limits[key] = round(value * one.scale)
    return limits


def uses(values: Mapping[str, int], limits: Mapping[str, int]) -> list[Use]:
    """How much of each limit is used, in the order of the table."""
    found = []
    for one in LIMITS:
        if one.name not in limits or one.name not in values:
            continue
        value, limit = values[one.name], limits[one.name]
        state = "breach" if value > limit else "warning" if 100 * value >= WARN * limit else "ok"
        found.append(Use(one.name, value, limit, round(100 * value / limit, 1), state))
    return found
