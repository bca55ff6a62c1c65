"""Reads `kernel-config/`: profiles, the fragments they combine, the kernel command line.

The folder is data only. A fragment is one concern: rows of symbol, value and reason. A list of drivers names DPDK's
poll mode drivers (PMDs) for the cards of a kind of machine. A profile names fragments, a list of drivers, kernel
parameters and the arguments of `/init`, again with reasons. A row without a reason is an error: nobody can later tell
whether it may go. Knobs that tune are in the catalogue (`image.catalogue`) and come in from there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from image import catalogue, rows
from image.errors import ProfileError
from image.rows import KERNEL_CONFIG, Parameter, Symbol, check_keys, read, text

__all__ = ["KERNEL_CONFIG", "Driver", "Parameter", "Profile", "Symbol", "driver_lists", "drivers", "load", "names"]

_PER_JIFFY: Final = re.compile(r"\{(\d+)/HZ\}")
"""A number a second in a parameter that the kernel takes a jiffy, of which there are HZ a second."""
_HZ: Final = re.compile(r"HZ_(\d+)")


@dataclass(frozen=True, slots=True)
class Driver:
    """One poll mode driver of DPDK by its library's name, as in `librte_net_virtio.so`: `net_virtio`."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A kernel configuration, the command line it is booted with, and the DPDK drivers of the image.

    `knobs`: the file by which PID 1 applies and reads back the catalogue's rows.
    """

    name: str
    summary: str
    symbols: tuple[Symbol, ...]
    parameters: tuple[Parameter, ...]
    init: tuple[Parameter, ...]
    drivers: tuple[Driver, ...] = ()
    knobs: bytes = b""

    @property
    def cmdline(self) -> str:
        """The kernel command line: parameters, `--`, the arguments of `/init`."""
        words = [p.text for p in self.parameters]
        if self.init:
            words += ["--", *(p.text for p in self.init)]
        return " ".join(words)

    def has(self, symbol: str) -> bool:
        """Whether the kernel is built with a part that can be left out."""
        return any(each.name == symbol and each.value == "y" for each in self.symbols)


def names(folder: Path = KERNEL_CONFIG) -> list[str]:
    """The profiles there are, sorted."""
    return rows.profile_names(folder)


def load(name: str, levels: Mapping[str, str] = MappingProxyType({}), *, folder: Path = KERNEL_CONFIG) -> Profile:
    """The profile `name` with its fragments and the catalogue's rows; `levels`: knobs that are not as the profile says.

    Raises ProfileError for an unknown profile, fragment or knob, a malformed row, or two rows that contradict each
    other.
    """
    path, table = rows.profile(name, folder)
    resolved = catalogue.load(folder).resolve(name, levels)
    symbols = _merged([*_symbols([str(f) for f in table.get("fragments", [])], folder), *resolved.symbols])
    own = _per_jiffy(_parameters(table, "parameters", "parameter", path), symbols)
    return Profile(
        name=name,
        summary=text(table, "summary", path),
        symbols=symbols,
        parameters=_once((*own, *resolved.parameters), path),
        init=_parameters(table, "init", "argument", path),
        drivers=drivers(str(table["pmds"]), folder) if "pmds" in table else (),
        knobs=resolved.guest_file(),
    )


def driver_lists(folder: Path = KERNEL_CONFIG) -> list[str]:
    """The lists of drivers there are, sorted."""
    return sorted(path.stem for path in (folder / "pmds").glob("*.toml"))


def drivers(name: str, folder: Path = KERNEL_CONFIG) -> tuple[Driver, ...]:
    """The drivers of the list `name`. Raises ProfileError for an unknown list, a malformed row or one that is twice."""
    path = folder / "pmds" / f"{name}.toml"
    if not path.is_file():
        raise ProfileError(f"no list of PMDs {name!r}; there are: {', '.join(driver_lists(folder)) or 'none'}")
    table = read(path, {"machines", "pmds"})
    text(table, "machines", path)
    found: dict[str, Driver] = {}
    for row in table.get("pmds", []):
        check_keys(row, {"pmd", "why"}, path)
        driver = Driver(text(row, "pmd", path), text(row, "why", path))
        if driver.name in found:
            raise ProfileError(f"{path}: {driver.name} is listed twice; keep one row")
        found[driver.name] = driver
    return tuple(found.values())


def _symbols(fragments: list[str], folder: Path) -> list[Symbol]:
    return [symbol for fragment in fragments for symbol in _fragment(folder / "fragments" / f"{fragment}.toml")]


def _merged(symbols: list[Symbol]) -> tuple[Symbol, ...]:
    """The same rows. Raises ProfileError for a symbol that is asked for twice."""
    found: dict[str, Symbol] = {}
    for symbol in symbols:
        other = found.setdefault(symbol.name, symbol)
        if other is not symbol:
            raise ProfileError(
                f"{symbol.name} is in two files: {other.fragment} ({other.value}) and "
                f"{symbol.fragment} ({symbol.value}); keep one row"
            )
    return tuple(found.values())


def _per_jiffy(parameters: Sequence[Parameter], symbols: Sequence[Symbol]) -> Iterator[Parameter]:
    """The same words, with numbers a jiffy. Without those where nobody says what HZ is: the kernel measures then."""
    rates = [int(found[1]) for each in symbols if each.value == "y" and (found := _HZ.fullmatch(each.name))]
    for parameter in parameters:
        if rates:
            yield replace(parameter, text=_PER_JIFFY.sub(lambda found: str(int(found[1]) // rates[0]), parameter.text))
        elif not _PER_JIFFY.search(parameter.text):
            yield parameter


def _once(parameters: tuple[Parameter, ...], path: Path) -> tuple[Parameter, ...]:
    """The same words. Raises ProfileError for a parameter that is in the profile and in the catalogue."""
    words = [parameter.text.partition("=")[0] for parameter in parameters]
    twice = sorted({word for word in words if words.count(word) > 1 and word != "console"})
    if twice:
        raise ProfileError(f"{path}: {twice[0]} is in the profile and in the catalogue; keep the catalogue's row")
    return parameters


def _fragment(path: Path) -> list[Symbol]:
    if not path.is_file():
        raise ProfileError(f"no fragment {path.stem!r}: {path} does not exist")
    table = read(path, {"concern", "symbols"})
    text(table, "concern", path)
    found = []
    for row in table.get("symbols", []):
        check_keys(row, {"symbol", "value", "why"}, path)
        name = text(row, "symbol", path)
        found.append(Symbol(name.removeprefix("CONFIG_"), text(row, "value", path), text(row, "why", path), path.stem))
    return found


def _parameters(table: dict[str, Any], key: str, word: str, path: Path) -> tuple[Parameter, ...]:
    found = []
    for row in table.get(key, []):
        check_keys(row, {word, "why"}, path)
        found.append(Parameter(text(row, word, path), text(row, "why", path)))
    return tuple(found)
