"""Memory nodes: sockets or parts of them, each with memory, CPUs and cards of its own (kernel's numaperf.rst).

A kernel without NUMA shows none, and so do the functions here: then everything is as near as can be. Nor do they fail:
what /sys does not say is not known.
"""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from hftapp import cpu
from hftapp.config import Config, Nic

NODES: Final = "/sys/devices/system/node"
CARD: Final = "/sys/bus/pci/devices/{}/numa_node"
_NODE = re.compile(r"node(\d+)\Z")
_WITHOUT_CARD: Final = ("memory", "pcap", "socket")

Address = Callable[[Nic], str]
"""The address of the configured card on the PCI bus, empty for what is not there. Raises PortError, an OSError."""


class Places(NamedTuple):
    """The node of the trader's CPU, that of its card, and the nearest to the CPU that has memory; None: not known.

    `nodes`: all there are, with their CPUs that are online.
    """

    nodes: Mapping[int, tuple[int, ...]]
    trader: int | None = None
    card: int | None = None
    memory: int | None = None

    @property
    def several(self) -> bool:
        """There is more than one, so that it matters which."""
        return len(self.nodes) > 1

    def __str__(self) -> str:
        trader, card = ("unknown" if node is None else str(node) for node in (self.trader, self.card))
        text = f"{len(self.nodes)} memory nodes: the trader's CPU is on node {trader}, its card on node {card}"
        return text if self.memory == self.trader else f"{text}, its memory on node {self.memory}"

    def record(self) -> dict[str, object]:
        """For the boot's record: the CPUs of each node as the kernel lists them, and the three."""
        lists = {str(node): cpu.format_list(cpus) for node, cpus in self.nodes.items()}
        return {"cpus": lists, "trader": self.trader, "card": self.card, "memory": self.memory}


ONE: Final = Places({})
"""A machine whose memory is all the same distance away."""


def nodes(root: str = "") -> dict[int, tuple[int, ...]]:
    """The online CPUs of each node, none of one that has memory or cards alone. `root` is put before each path."""
    with contextlib.suppress(OSError, ValueError):
        folders = {int(match[1]): path for path in Path(root + NODES).iterdir() if (match := _NODE.match(path.name))}
        return {node: cpu.parse_list((folders[node] / "cpulist").read_text("ascii")) for node in sorted(folders)}
    return {}


def by_distance(node: int, known: Mapping[int, object], root: str = "") -> list[int]:
    """The nodes, the nearest to `node` first, itself before all (ACPI's SLIT: 10 is local)."""
    distances: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        distances = [int(word) for word in Path(root + NODES, f"node{node}", "distance").read_text("ascii").split()]
    far = dict(zip(known, distances, strict=False))
    return sorted(known, key=lambda other: (other != node, far.get(other, 0), other))


def _address(nic: Nic) -> str:
    from hftapp.nic.card import find_card  # on machines with several nodes alone: it costs time of the boot

    return find_card(nic.device, nic.mac, nic.interface).pci


def of_card(nic: Nic, root: str = "", address: Address = _address) -> int | None:
    """The node of the configured card; None for what is not on the PCI bus, or of which the firmware does not say."""
    with contextlib.suppress(OSError, ValueError):  # a card that is not there is named when it is opened
        node = int(Path(root + CARD.format(address(nic))).read_text(encoding="ascii"))
        return node if node >= 0 else None
    return None


def nearest(free: Sequence[int], nic: Nic, root: str = "", address: Address = _address) -> int | None:
    """The first of the CPUs that are nearest to the card; where that is not known the first; None of none."""
    known = nodes(root)
    node = of_card(nic, root, address) if len(known) > 1 else None
    near = by_distance(node, known, root) if node is not None else []
    return next(iter([*(number for each in near for number in free if number in known[each]), *free]), None)


def places(nic: Nic, trader: int | None, root: str = "", address: Address = _address) -> Places:
    """Where the trader's CPU, its card and its memory are."""
    known = nodes(root)
    node = next((each for each, cpus in known.items() if trader in cpus), None)
    if len(known) < 2:
        return Places(known, node)
    near = by_distance(node, known, root) if node is not None else []
    with_memory: tuple[int, ...] = ()
    with contextlib.suppress(OSError, ValueError):
        with_memory = cpu.parse_list(Path(root + NODES, "has_memory").read_text("ascii"))
    memory = next((each for each in near if each in with_memory), None)
    return Places(known, node, of_card(nic, root, address), memory)


def warning(found: Places, settings: Config, isolated: Sequence[int]) -> str:
    """What is wrong with the places and what to do; empty when nothing is."""
    if not found.several or found.trader is None or settings.nic.port in _WITHOUT_CARD:
        return ""
    if found.memory != found.trader:
        return f"{found}: node {found.trader} has no memory of its own; fit some, or set cpu.trader to a CPU beside it"
    if found.card is None:
        unknown = f"{found}: the firmware does not say where; set cpu.trader to a CPU that is near it"
        return unknown if settings.cpu.trader < 0 else ""
    if found.card == found.trader:
        return ""
    near = cpu.format_list(set(isolated) & set(found.nodes.get(found.card, ())))
    remedy = f"set cpu.trader to one of {near}, or leave it out"
    return f"{found}: every frame crosses between them; {remedy if near else 'no CPU there is isolated and online'}"
