"""Where the trader's CPU and its card are, on a machine that is a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hftapp import config, nodes
from hftapp.nic.port import PortError
from hftapp.nodes import Places
from tests.hftapp.knobs.kernel import NO_CARD

PCI = "0000:81:00.0"


def machine(root: Path, *lists: str, card: str = "1\n", distance: str = "", memory: str = "0-9") -> str:
    """A tree with nodes of these CPUs, and a card. `distance`: from the card's node to each."""
    nodes = root / "sys/devices/system/node"
    nodes.mkdir(parents=True)
    (nodes / "has_memory").write_text(f"{memory}\n")
    for number, cpus in enumerate(lists):
        folder = nodes / f"node{number}"
        folder.mkdir()
        (folder / "cpulist").write_text(f"{cpus}\n")
        (folder / "distance").write_text(f"{distance}\n")
    place = root / f"sys/bus/pci/devices/{PCI}"
    place.mkdir(parents=True)
    (place / "numa_node").write_text(card)
    return str(root)


def here(_nic: config.Nic) -> str:
    return PCI


def absent(_nic: config.Nic) -> str:
    raise PortError("no such card")


def test_the_first_cpu_beside_the_card_is_the_nearest(tmp_path: Path) -> None:
    root = machine(tmp_path, "0-3", "4-7")
    assert nodes.nearest([1, 2, 3, 4, 5], NO_CARD, root, here) == 4


@pytest.mark.parametrize(
    ("lists", "card", "address"),
    [
        (("0-3", "4-7"), "-1\n", here),  # the firmware does not say
        (("0-3", "4-7"), "1\n", absent),
        (("0-3", "4-7"), "1\n", lambda _nic: ""),  # not on the PCI bus
        (("0-3", "4-7", ""), "2\n", here),  # memory without CPUs
        (("0-7",), "0\n", here),
        ((), "0\n", here),  # a kernel without NUMA
    ],
)
def test_where_no_cpu_is_nearer_it_is_the_first(
    lists: tuple[str, ...], card: str, address: Callable[[config.Nic], str], tmp_path: Path
) -> None:
    root = machine(tmp_path, *lists, card=card)
    assert nodes.nearest([1, 2, 5], NO_CARD, root, address) == 1
    assert nodes.nearest([], NO_CARD, root, address) is None


def test_beside_a_node_without_a_free_cpu_the_nearest_one_counts(tmp_path: Path) -> None:
    """Four nodes, two a socket; the card is on the third, whose CPUs are taken, and the fourth is its neighbour."""
    root = machine(tmp_path, "0-1", "2-3", "4-5", "6-7", card="2\n", distance="32 32 10 12")
    assert nodes.nearest([1, 2, 3, 7], NO_CARD, root, here) == 7


def test_the_card_is_not_looked_for_where_it_does_not_matter(tmp_path: Path) -> None:
    def never(_nic: config.Nic) -> str:
        raise AssertionError

    root = machine(tmp_path, "0-7")
    assert nodes.nearest([1], NO_CARD, root, never) == 1
    assert nodes.places(NO_CARD, 1, root, never) == Places({0: tuple(range(8))}, trader=0)


@pytest.mark.parametrize("content", [b"", b"4-x", b"\xff"])
def test_what_sys_does_not_say_is_not_known(content: bytes, tmp_path: Path) -> None:
    root = machine(tmp_path, "0-3", "4-7")
    for name in ("has_memory", "node1/cpulist", "node1/distance"):
        (tmp_path / "sys/devices/system/node" / name).write_bytes(content)
    assert nodes.nearest([1, 4], NO_CARD, root, here) == 1
    assert nodes.places(NO_CARD, 4, root, here).trader is None


CARD = config.parse('[nic]\nport = "dpdk"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"\n')
NAMED = config.parse('[nic]\nport = "dpdk"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"\n[cpu]\ntrader = 2\n')
NONE = config.parse('[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\naddress = ""\noffice = ""\n')


def test_places_on_one_node_are_said(tmp_path: Path) -> None:
    found = nodes.places(NO_CARD, 5, machine(tmp_path, "0-3", "4-7"), here)
    assert found.several
    assert nodes.warning(found, CARD, [1, 2, 3, 4, 5]) == ""
    assert str(found) == "2 memory nodes: the trader's CPU is on node 1, its card on node 1"
    assert found.record() == {"cpus": {"0": "0-3", "1": "4-7"}, "trader": 1, "card": 1, "memory": 1}


def test_places_on_two_nodes_are_warned_of_with_the_cpus_that_would_do(tmp_path: Path) -> None:
    found = nodes.places(NO_CARD, 2, machine(tmp_path, "0-3", "4-7"), here)
    assert nodes.warning(found, NAMED, [1, 2, 3, 4, 5]) == (
        "2 memory nodes: the trader's CPU is on node 0, its card on node 1: every frame crosses between them; "
        "set cpu.trader to one of 4-5, or leave it out"
    )
    assert nodes.warning(found, CARD, [1]).endswith("no CPU there is isolated and online")


def test_a_card_whose_node_is_not_known_is_warned_of_unless_a_cpu_was_named(tmp_path: Path) -> None:
    found = nodes.places(NO_CARD, 2, machine(tmp_path, "0-3", "4-7", card="-1\n"), here)
    assert nodes.warning(found, CARD, [2]).endswith(
        "its card on node unknown: the firmware does not say where; set cpu.trader to a CPU that is near it"
    )
    assert nodes.warning(found, NAMED, [2]) == ""
    assert nodes.warning(found, NONE, [2]) == ""


def test_without_a_cpu_of_the_traders_nothing_is_near_or_far(tmp_path: Path) -> None:
    found = nodes.places(NO_CARD, None, machine(tmp_path, "0-3", "4-7"), here)
    assert (found.trader, found.memory, nodes.warning(found, CARD, [])) == (None, None, "")


@pytest.mark.parametrize(("memory", "node"), [("0-2", 1), ("0,2", 2), ("0", 0), ("", None)])
def test_memory_is_of_the_nearest_node_that_has_some(memory: str, node: int | None, tmp_path: Path) -> None:
    root = machine(tmp_path, "0-3", "4-7", "", distance="32 10 12", memory=memory)
    found = nodes.places(NO_CARD, 5, root, here)
    assert found.memory == node
    assert ("node 1 has no memory of its own" in nodes.warning(found, CARD, [5])) == (node != 1)
