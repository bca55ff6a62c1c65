"""Knobs that are set together, by the name of a file beside this one: what a guide for tuning by hand says to set."""

import tomllib
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent


def names() -> list[str]:
    """The sets there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def levels(name: str) -> dict[str, str]:
    """A set's knobs and their levels."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())
