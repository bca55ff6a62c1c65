"""Where the trader's CPU and its card are, on a machine that is a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hftapp import config, nodes
from hftapp.nic.port import PortError
from hftapp.nodes import Places
from tests.hftapp.knobs.kernel import NO_CARD

PCI = "0000:81:00.0"
MPOL_DEFAULT = 0


def machine(root: Path, *lists: str, card: str = "1\n") -> str:
    """A tree with nodes of these CPUs, and a card."""
    for number, cpus in enumerate(lists):
        folder = root / f"sys/devices/system/node/node{number}"
        folder.mkdir(parents=True)
        (folder / "cpulist").write_text(f"{cpus}\n")
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


def test_the_card_is_not_looked_for_where_it_does_not_matter(tmp_path: Path) -> None:
    def never(_nic: config.Nic) -> str:
        raise AssertionError

    root = machine(tmp_path, "0-7")
    assert nodes.nearest([1], NO_CARD, root, never) == 1
    assert nodes.places(NO_CARD, 1, root, never) == Places({0: tuple(range(8))}, trader=0)


def test_places_on_one_node_are_said(tmp_path: Path) -> None:
    found = nodes.places(NO_CARD, 5, machine(tmp_path, "0-3", "4-7"), here)
    assert found.several
    assert found.warning([1, 2, 3, 4, 5]) == ""
    assert str(found) == "2 memory nodes: the trader's CPU is on node 1, its card on node 1"
    assert found.record() == {"cpus": {"0": "0-3", "1": "4-7"}, "trader": 1, "card": 1}


def test_places_on_two_nodes_are_warned_of_with_the_cpus_that_would_do(tmp_path: Path) -> None:
    found = nodes.places(NO_CARD, 2, machine(tmp_path, "0-3", "4-7"), here)
    assert found.warning([1, 2, 3, 4, 5]) == (
        "2 memory nodes: the trader's CPU is on node 0, its card on node 1: every frame crosses between them; "
        "set cpu.trader to one of 4-5"
    )
    assert found.warning([1]).endswith("isolate a CPU of that node, or move the card")


def test_what_is_not_known_is_not_warned_of(tmp_path: Path) -> None:
    root = machine(tmp_path, "0-3", "4-7", card="-1\n")
    found = nodes.places(NO_CARD, 2, root, here)
    assert found.warning([2]) == ""
    assert str(found).endswith("its card on node unknown")
    assert nodes.places(NO_CARD, None, root, here).trader is None
