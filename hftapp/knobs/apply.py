"""Walks the catalogue's rows: what was built and booted is read back first, then the rest is set, layer by layer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hftapp.config import Nic
from hftapp.knobs import files, nic, trader
from hftapp.knobs.actions import ACTIONS
from hftapp.knobs.held import HELD
from hftapp.knobs.readback import Reader
from hftapp.knobs.result import ABSENT, UNSET, Result
from hftapp.knobs.table import Row, Table, huge_pages

LAYERS: Final = ("kconfig", "boot", "nic", "sysctl", "sysfs", "process")
"""In the order in which they are seen to: the card may get other interrupts, which are moved after that."""


@dataclass
class Applied:
    """What became of the rows, in the order of the table, and the descriptors that keep some of them in effect."""

    results: list[Result] = field(default_factory=list)
    held: list[int] = field(default_factory=list)


def apply(table: Table, card: Nic, root: str = "") -> Applied:
    """Set and read back every row but the trader's own; `root` is put before each path (tests use a tree of theirs)."""
    applied, reader = Applied(), Reader(root)
    walk: dict[str, Callable[[Row], Result]] = {
        "kconfig": lambda row: files.check(row, reader, table.isolated),
        "boot": lambda row: files.check(row, reader, table.isolated),
        "nic": lambda row: nic.apply(row, card),
        "sysctl": lambda row: files.apply(row, reader, table.isolated),
        "sysfs": lambda row: _act(row, reader, table),
        "process": lambda row: _hold(row, reader, applied),
    }
    for layer in LAYERS:
        for row in table.rows:
            if row.layer == layer and not (layer == "process" and row.key in trader.READERS):
                applied.results.append(walk[layer](row))
    return applied


def reserve_huge_pages(frames: int, root: str = "") -> Result:
    """Memory for a user-space driver whose rings hold `frames` frames; what is there already stays where it is."""
    path, reader = "/proc/sys/vm/nr_hugepages", Reader(root)
    there = int(reader.text(path)) if reader.path(path).exists() else 0
    pages = str(max(int(huge_pages(frames)), there))
    return files.apply(Row("vm.nr_hugepages", "sysctl", "vm.nr_hugepages", pages, pages, "int", path), reader, ())


def _act(row: Row, reader: Reader, table: Table) -> Result:
    action = ACTIONS.get(row.key)
    if action is None:
        return files.apply(row, reader, table.isolated)
    try:
        effective = action(row.value, reader, table)
    except OSError as error:
        return Result(row.name, row.layer, row.value, f"refused: {error}", row.value == UNSET)
    return _judged(row, effective, reader)


def _hold(row: Row, reader: Reader, applied: Applied) -> Result:
    try:
        effective, descriptor = HELD[row.key](row.value, reader)
    except OSError as error:
        return Result(row.name, row.layer, row.value, f"refused: {error.strerror}", row.value == UNSET)
    if descriptor is not None:
        applied.held.append(descriptor)
    return _judged(row, effective, reader)


def _judged(row: Row, effective: str | None, reader: Reader) -> Result:
    if effective is None:
        ok = bool(row.absent) or row.value == UNSET
        return Result(row.name, row.layer, row.value, ABSENT, ok, row.absent)
    ok = row.value == UNSET or reader.agree(row.compare or "text", row.shows, effective)
    return Result(row.name, row.layer, row.value, effective or "none", ok)
