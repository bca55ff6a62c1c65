"""Huge pages are moved to the trader's memory node, on a kernel that is a folder."""

from pathlib import Path

import pytest

from hftapp.knobs import huge_pages
from tests.hftapp.knobs.kernel import Kernel, table

CPUS = table()
PLACE = "/sys/devices/system/node/node{}/hugepages/hugepages-2048kB/nr_hugepages"


def spread(kernel: Kernel, *pages: int) -> None:
    for node, number in enumerate(pages):
        kernel.put(PLACE.format(node), f"{number}\n")


def pages(kernel: Kernel, nodes: int) -> list[str]:
    return [kernel.read(PLACE.format(node)) for node in range(nodes)]


@pytest.mark.parametrize(("node", "left"), [("0", ["25", "0", "0"]), ("2", ["0", "0", "25"])])
def test_all_go_to_one_node(node: str, left: list[str], kernel: Kernel) -> None:
    spread(kernel, 9, 8, 8)
    assert huge_pages.on_node(node, kernel.reader, CPUS) == node
    assert pages(kernel, 3) == left


def test_a_node_with_too_little_memory_says_how_many_it_has(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, value: str) -> None:
        path.write_text(str(min(int(value), 10)))

    monkeypatch.setattr(huge_pages, "write", write)
    spread(kernel, 12, 12)
    assert huge_pages.on_node("1", kernel.reader, CPUS) == "10 of 24 on node 1"


def test_pages_that_stay_elsewhere_are_seen(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that somebody has mapped already stay where they are."""

    def write(path: Path, value: str) -> None:
        path.write_text(str(max(int(value), 3)))

    monkeypatch.setattr(huge_pages, "write", write)
    spread(kernel, 4, 4)
    assert huge_pages.on_node("1", kernel.reader, CPUS) == "8 of 8 on node 1"


def test_left_alone_they_are_only_counted(kernel: Kernel) -> None:
    spread(kernel, 13, 12)
    assert huge_pages.on_node("unset", kernel.reader, CPUS) == "13 on node 0, 12 on node 1"
    assert pages(kernel, 2) == ["13", "12"]


def test_an_unknown_node_is_named(kernel: Kernel) -> None:
    spread(kernel, 13, 12)
    assert huge_pages.on_node("7", kernel.reader, CPUS) == "there is no node 7"
    assert pages(kernel, 2) == ["13", "12"]


@pytest.mark.parametrize("nodes", [0, 1])
def test_where_all_memory_is_one_node_there_is_nothing_to_do(nodes: int, kernel: Kernel) -> None:
    spread(kernel, *[16] * nodes)
    assert huge_pages.on_node("trader", kernel.reader, CPUS) is None
