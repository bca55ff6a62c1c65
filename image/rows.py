"""Reads the TOML files of `kernel-config/`: tables whose keys are known and whose texts are not empty."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from image.errors import ProfileError

PROFILE_KEYS: Final = ("summary", "fragments", "pmds", "parameters", "init", "isolated", "housekeeping")
"""What a profile may say. `isolated` and `housekeeping` are lists of CPUs, the last one is `N`."""
KERNEL_CONFIG = Path(__file__).resolve().parent.parent / "kernel-config"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One requested Kconfig symbol; `value` as in a `.config` file (`y`, `n`, a number, a quoted string).

    `fragment`: the file below `kernel-config/` that asks for it, without suffix.
    """

    name: str
    value: str
    why: str
    fragment: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One word of the kernel command line, or one argument of `/init`."""

    text: str
    why: str


def read(path: Path, known: set[str]) -> dict[str, Any]:
    """The table in a file. Raises ProfileError for what is no TOML or has a key that is not `known`."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from error
    check_keys(table, known, path)
    return table


def profile_names(folder: Path) -> list[str]:
    """The profiles of a `kernel-config` folder, sorted."""
    return sorted(path.stem for path in (folder / "profiles").glob("*.toml"))


def profile(name: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The file of a profile and the table in it. Raises ProfileError for one that is not there, and as `read`."""
    path = folder / "profiles" / f"{name}.toml"
    if not path.is_file():
        raise ProfileError(f"no profile {name!r}; there are: {', '.join(profile_names(folder)) or 'none'}")
    return path, read(path, set(PROFILE_KEYS))


def check_keys(table: object, known: set[str], path: Path) -> None:
    """Raises ProfileError for what is no table or has a key that is not `known`."""
    if not isinstance(table, dict):
        raise ProfileError(f"{path}: {table!r} must be a table with the keys {', '.join(sorted(known))}")
    unknown = sorted(set(table) - known)
    if unknown:
        raise ProfileError(f"{path}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


def text(table: dict[str, Any], key: str, path: Path) -> str:
    """The text of a key. Raises ProfileError for anything else and for an empty one."""
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ProfileError(f"{path}: {key!r} must be a text that is not empty, not {value!r} (in {table!r})")
    return value
