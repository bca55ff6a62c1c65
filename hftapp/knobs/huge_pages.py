"""Where huge pages are: the kernel spreads those it is asked for over all memory nodes (its hugetlbpage.rst)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hftapp.knobs.files import write
from hftapp.knobs.readback import Reader
from hftapp.knobs.result import UNSET
from hftapp.knobs.table import Table

POOLS: Final = "/sys/devices/system/node/node*/hugepages/hugepages-2048kB/nr_hugepages"


def on_node(value: str, reader: Reader, _table: Table) -> str | None:
    """Move the huge pages that there are to the memory node `value`.

    Effective is the value when all are there, else how many are; with `UNSET` how many each node has. None where all
    memory is one node.
    """
    pools = {path.split("/node/node")[1].partition("/")[0]: reader.path(path) for path in reader.matching(POOLS)}
    if len(pools) < 2:
        return None
    if value == UNSET:
        return ", ".join(f"{_pages(path)} on node {node}" for node, path in pools.items())
    if value not in pools:
        return f"there is no node {value}"
    total = _all(pools)
    for node, path in pools.items():
        if node != value:
            write(path, "0")
    write(pools[value], str(total))
    there = _pages(pools[value])
    return value if there == total == _all(pools) else f"{there} of {total} on node {value}"


def _all(pools: Mapping[str, Path]) -> int:
    return sum(_pages(path) for path in pools.values())


def _pages(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
