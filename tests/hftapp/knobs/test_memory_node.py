"""Huge pages and other memory come from the trader's memory node, on a kernel that is a folder."""

from pathlib import Path

import pytest

from hftapp import libc
from hftapp.knobs import apply, memory_node
from tests.hftapp.knobs.kernel import NO_CARD, Kernel, row, table

CPUS = table()
PLACE = "/sys/devices/system/node/node{}/hugepages/hugepages-2048kB/nr_hugepages"


def spread(kernel: Kernel, *pages: int) -> None:
    for node, number in enumerate(pages):
        kernel.put(PLACE.format(node), f"{number}\n")


def pages(kernel: Kernel, nodes: int) -> list[str]:
    return [kernel.read(PLACE.format(node)) for node in range(nodes)]


@pytest.mark.parametrize(("node", "left"), [("0", ["17", "4", "4"]), ("2", ["4", "4", "17"])])
def test_all_but_a_few_go_to_one_node(node: str, left: list[str], kernel: Kernel) -> None:
    spread(kernel, 9, 8, 8)
    assert memory_node.huge_pages(node, kernel.reader, CPUS) == node
    assert pages(kernel, 3) == left


def test_a_node_that_has_few_keeps_them(kernel: Kernel) -> None:
    spread(kernel, 2, 8, 0)
    assert memory_node.huge_pages("1", kernel.reader, CPUS) == "1"
    assert pages(kernel, 3) == ["2", "8", "0"]


@pytest.mark.parametrize(("room", "left"), [(14, ["4", "14", "6"]), (8, ["8", "8", "8"])])
def test_a_node_with_too_little_memory_takes_what_it_can_and_none_is_lost(
    room: int, left: list[str], kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, value: str) -> None:
        path.write_text(str(min(int(value), room)))

    monkeypatch.setattr(memory_node, "write", write)
    spread(kernel, 8, 8, 8)
    said = memory_node.huge_pages("1", kernel.reader, CPUS)
    assert pages(kernel, 3) == left
    assert said == f"{room} on node 1, {24 - room} elsewhere"


def test_there_are_never_fewer_in_between(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def write(path: Path, value: str) -> None:
        path.write_text(value)
        seen.append(sum(map(int, pages(kernel, 2))))

    monkeypatch.setattr(memory_node, "write", write)
    spread(kernel, 13, 12)
    memory_node.huge_pages("0", kernel.reader, CPUS)
    assert (min(seen), seen[-1]) == (25, 25)


def test_pages_that_stay_elsewhere_are_seen(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that somebody has mapped already stay where they are."""

    def write(path: Path, value: str) -> None:
        path.write_text(str(max(int(value), 6)))

    monkeypatch.setattr(memory_node, "write", write)
    spread(kernel, 9, 8)
    assert memory_node.huge_pages("1", kernel.reader, CPUS) == "13 on node 1, 6 elsewhere"


def test_left_alone_they_are_only_counted(kernel: Kernel) -> None:
    spread(kernel, 13, 12)
    assert memory_node.huge_pages("unset", kernel.reader, CPUS) == "13 on node 0, 12 on node 1"
    assert pages(kernel, 2) == ["13", "12"]


def test_an_unknown_node_is_named(kernel: Kernel) -> None:
    spread(kernel, 13, 12)
    assert memory_node.huge_pages("7", kernel.reader, CPUS) == "there is no node 7"
    assert pages(kernel, 2) == ["13", "12"]


@pytest.mark.parametrize("nodes", [0, 1])
def test_where_all_memory_is_one_node_there_is_nothing_to_do(nodes: int, kernel: Kernel) -> None:
    spread(kernel, *[16] * nodes)
    assert memory_node.huge_pages("trader", kernel.reader, CPUS) is None


class Policy:
    """A kernel's memory policy: takes any node below `known`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, known: int = 2) -> None:
        self.node: int | None = None
        self.known = known
        monkeypatch.setattr(libc, "prefer_memory_of", self.prefer)
        monkeypatch.setattr(libc, "preferred_memory", lambda: self.node)

    def prefer(self, node: int) -> None:
        if node >= self.known:
            raise OSError(22, "Invalid argument")
        self.node = node


def test_memory_is_preferred_from_a_node(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    Policy(monkeypatch)
    spread(kernel, 0, 0)
    assert memory_node.memory("unset", kernel.reader, CPUS) == "any"
    assert memory_node.memory("1", kernel.reader, CPUS) == "1"
    assert memory_node.memory("unset", kernel.reader, CPUS) == "1"


def test_a_node_that_the_kernel_refuses_is_a_row_that_failed(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    Policy(monkeypatch, known=1)
    spread(kernel, 0, 0)
    asked = row("memory.node", "sysfs", "memory_node", "1")
    (result,) = apply.apply(table(asked), NO_CARD, str(kernel.root)).results
    assert (result.ok, result.effective) == (False, "refused: [Errno 22] Invalid argument")


def test_without_nodes_there_is_no_policy(kernel: Kernel) -> None:
    assert memory_node.memory("trader", kernel.reader, CPUS) is None


@pytest.mark.parametrize("node", [-1, 64, 70])
def test_a_number_that_is_no_node_is_refused(node: int) -> None:
    with pytest.raises(ValueError, match=f"memory node {node}: must be 0 to 63"):
        libc.prefer_memory_of(node)
