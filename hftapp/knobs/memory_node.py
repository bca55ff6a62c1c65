"""From which memory node (NUMA) the huge pages and all other memory come.

The kernel spreads huge pages over all nodes when it is asked for them (its hugetlbpage.rst). Other memory it takes from
the node of the CPU that touches it first, which while PID 1 prepares everything is not the trader's.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hftapp import libc, nodes
from hftapp.knobs.files import write
from hftapp.knobs.readback import Reader
from hftapp.knobs.result import UNSET
from hftapp.knobs.table import Table

KEPT: Final = 4
"""Huge pages that each other node keeps: DPDK wants a little from the node of the CPU on which it starts, and of the
card's (virtio's driver much less than these 8 MiB; others were not tried)."""
NODES: Final = f"{nodes.NODES}/node[0-9]*"
POOLS: Final = f"{NODES}/hugepages/hugepages-2048kB/nr_hugepages"


def huge_pages(value: str, reader: Reader, _table: Table) -> str | None:
    """Move the huge pages of 2 MiB that there are to the node `value`, all but `KEPT` of each other one.

    There are never fewer in between.

    Effective is the value when no other node has more, else how many it has; with `UNSET` how many each node has. None
    where all memory is one node.
    """
    pools = _pools(reader)
    if len(pools) < 2:
        return None
    if value == UNSET:
        return ", ".join(f"{_pages(path)} on node {node}" for node, path in pools.items())
    if value not in pools:
        return f"there is no node {value}"
    others = [path for node, path in pools.items() if node != value]
    total = _all(pools.values())
    write(pools[value], str(total - sum(min(KEPT, _pages(path)) for path in others)))
    for path in others:
        surplus = min(_all(pools.values()) - total, _pages(path) - KEPT)
        if surplus > 0:
            write(path, str(_pages(path) - surplus))
    if all(_pages(path) <= KEPT for path in others):
        return value
    return f"{_pages(pools[value])} on node {value}, {_all(others)} elsewhere"


def memory(value: str, reader: Reader, _table: Table) -> str | None:
    """From now on this process and its children get their memory from the node `value` while it has any.

    Effective is the node that the kernel then names, "any" when there is none. None where all memory is one node.
    """
    known = [path.rpartition("/node")[2] for path in reader.matching(NODES)]
    if len(known) < 2:
        return None
    if value != UNSET:
        if value not in known:
            return f"there is no node {value}"
        libc.prefer_memory_of(int(value))
    node = libc.preferred_memory()
    return "any" if node is None else str(node)


def _pools(reader: Reader) -> dict[str, Path]:
    return {path.split("/node/node")[1].partition("/")[0]: reader.path(path) for path in reader.matching(POOLS)}


def _all(pools: Iterable[Path]) -> int:
    return sum(_pages(path) for path in pools)


def _pages(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
