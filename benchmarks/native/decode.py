"""`hftos bench decode`: ITCH messages decoded a second, every field of each, beside other packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.table import Table

from benchmarks.native import rounds
from benchmarks.native.contestants import DECODE


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Rates on both files; `quick`: a tenth of the messages, once."""
    return rounds.run("decode", DECODE, quick, progress)


def tables(results: dict[str, Any]) -> list[Table]:
    """One table a file."""
    return rounds.tables(results, "Decoding")
