"""Reads `kernel-config/`: profiles, the fragments they combine, the kernel command line.

The folder is data only. A fragment is one concern: rows of symbol, value and reason. A list of drivers names DPDK's
poll mode drivers (PMDs) for the cards of a kind of machine. A profile names fragments, a list of drivers, kernel
parameters and the arguments of `/init`, again with reasons. A row without a reason is an error: nobody can later tell
whether it may go.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image.errors import ProfileError

KERNEL_CONFIG = Path(__file__).resolve().parent.parent / "kernel-config"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One requested Kconfig symbol; `value` as in a `.config` file (`y`, `n`, a number, a quoted string)."""

    name: str
    value: str
    why: str
    fragment: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One word of the kernel command line, or one argument of `/init`."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Driver:
    """One poll mode driver of DPDK by its library's name, as in `librte_net_virtio.so`: `net_virtio`."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A kernel configuration, the command line it is booted with, and the DPDK drivers of the image."""

    name: str
    summary: str
    symbols: tuple[Symbol, ...]
    parameters: tuple[Parameter, ...]
    init: tuple[Parameter, ...]
    drivers: tuple[Driver, ...] = ()

    @property
    def cmdline(self) -> str:
        """The kernel command line: parameters, `--`, the arguments of `/init`."""
        words = [p.text for p in self.parameters]
        if self.init:
            words += ["--", *(p.text for p in self.init)]
        return " ".join(words)


def names(folder: Path = KERNEL_CONFIG) -> list[str]:
    """The profiles there are, sorted."""
    return sorted(path.stem for path in (folder / "profiles").glob("*.toml"))


def load(name: str, folder: Path = KERNEL_CONFIG) -> Profile:
    """The profile `name` with its fragments resolved.

    Raises ProfileError for an unknown profile or fragment, a malformed row, or two rows that contradict each other.
    """
    path = folder / "profiles" / f"{name}.toml"
    if not path.is_file():
        raise ProfileError(f"no profile {name!r}; there are: {', '.join(names(folder)) or 'none'}")
    table = _read(path, {"summary", "fragments", "pmds", "parameters", "init"})
    return Profile(
        name=name,
        summary=_text(table, "summary", path),
        symbols=_symbols([str(f) for f in table.get("fragments", [])], folder),
        parameters=_parameters(table, "parameters", "parameter", path),
        init=_parameters(table, "init", "argument", path),
        drivers=drivers(str(table["pmds"]), folder) if "pmds" in table else (),
    )


def driver_lists(folder: Path = KERNEL_CONFIG) -> list[str]:
    """The lists of drivers there are, sorted."""
    return sorted(path.stem for path in (folder / "pmds").glob("*.toml"))


def drivers(name: str, folder: Path = KERNEL_CONFIG) -> tuple[Driver, ...]:
    """The drivers of the list `name`. Raises ProfileError for an unknown list, a malformed row or one that is twice."""
    path = folder / "pmds" / f"{name}.toml"
    if not path.is_file():
        raise ProfileError(f"no list of PMDs {name!r}; there are: {', '.join(driver_lists(folder)) or 'none'}")
    table = _read(path, {"machines", "pmds"})
    _text(table, "machines", path)
    found: dict[str, Driver] = {}
    for row in table.get("pmds", []):
        _check_keys(row, {"pmd", "why"}, path)
        driver = Driver(_text(row, "pmd", path), _text(row, "why", path))
        if driver.name in found:
            raise ProfileError(f"{path}: {driver.name} is listed twice; keep one row")
        found[driver.name] = driver
    return tuple(found.values())


def _symbols(fragments: list[str], folder: Path) -> tuple[Symbol, ...]:
    found: dict[str, Symbol] = {}
    for fragment in fragments:
        for symbol in _fragment(folder / "fragments" / f"{fragment}.toml"):
            other = found.get(symbol.name)
            if other is not None:
                raise ProfileError(
                    f"{symbol.name} is in two fragments: {other.fragment} ({other.value}) and "
                    f"{symbol.fragment} ({symbol.value}); keep one row"
                )
            found[symbol.name] = symbol
    return tuple(found.values())


def _fragment(path: Path) -> list[Symbol]:
    if not path.is_file():
        raise ProfileError(f"no fragment {path.stem!r}: {path} does not exist")
    table = _read(path, {"concern", "symbols"})
    _text(table, "concern", path)
    rows = []
    for row in table.get("symbols", []):
        _check_keys(row, {"symbol", "value", "why"}, path)
        name = _text(row, "symbol", path)
        rows.append(Symbol(name.removeprefix("CONFIG_"), _text(row, "value", path), _text(row, "why", path), path.stem))
    return rows


def _parameters(table: dict[str, Any], key: str, word: str, path: Path) -> tuple[Parameter, ...]:
    rows = []
    for row in table.get(key, []):
        _check_keys(row, {word, "why"}, path)
        rows.append(Parameter(_text(row, word, path), _text(row, "why", path)))
    return tuple(rows)


def _read(path: Path, known: set[str]) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: {error}") from error
    _check_keys(table, known, path)
    return table


def _check_keys(table: object, known: set[str], path: Path) -> None:
    if not isinstance(table, dict):
        raise ProfileError(f"{path}: {table!r} must be a table with the keys {', '.join(sorted(known))}")
    unknown = sorted(set(table) - known)
    if unknown:
        raise ProfileError(f"{path}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _text(table: dict[str, Any], key: str, path: Path) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ProfileError(f"{path}: {key!r} must be a text that is not empty, not {value!r} (in {table!r})")
    return value
