"""Memory nodes: sockets or parts of them, each with memory, CPUs and cards of its own (kernel's numaperf.rst).

A kernel without NUMA shows none, and so do the functions here: then everything is as near as can be.
"""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from hftapp import cpu, libc
from hftapp.config import Nic

NODES: Final = "/sys/devices/system/node"
CARD: Final = "/sys/bus/pci/devices/{}/numa_node"
_NODE = re.compile(r"node(\d+)\Z")

Address = Callable[[Nic], str]
"""The address of the configured card on the PCI bus, empty for what is not there. Raises PortError, an OSError."""


class Places(NamedTuple):
    """The node of the trader's CPU and that of its card, None for one that is not known; `nodes`: their CPUs."""

    nodes: Mapping[int, tuple[int, ...]]
    trader: int | None = None
    card: int | None = None

    @property
    def several(self) -> bool:
        """There is more than one, so that it matters which."""
        return len(self.nodes) > 1

    def __str__(self) -> str:
        trader, card = ("unknown" if node is None else str(node) for node in (self.trader, self.card))
        return f"{len(self.nodes)} memory nodes: the trader's CPU is on node {trader}, its card on node {card}"

    def record(self) -> dict[str, object]:
        """For the boot's record: the CPUs of each node as the kernel lists them, and the two."""
        lists = {str(node): cpu.format_list(cpus) for node, cpus in self.nodes.items()}
        return {"cpus": lists, "trader": self.trader, "card": self.card}

    def warning(self, isolated: Sequence[int]) -> str:
        """What to do when the two are not on the same node; empty when they are, or when it is not known."""
        if self.trader is None or self.card is None or self.trader == self.card:
            return ""
        near = cpu.format_list(set(isolated) & set(self.nodes.get(self.card, ())))
        remedy = f"set cpu.trader to one of {near}" if near else "isolate a CPU of that node, or move the card"
        return f"{self}: every frame crosses between them; {remedy}"


ONE: Final = Places({})
"""A machine whose memory is all the same distance away."""


def nodes(root: str = "") -> dict[int, tuple[int, ...]]:
    """The CPUs of each node that has memory or CPUs. `root` is put before each path."""
    try:
        folders = {int(match[1]): path for path in Path(root + NODES).iterdir() if (match := _NODE.match(path.name))}
    except FileNotFoundError:
        return {}
    return {node: cpu.parse_list((folders[node] / "cpulist").read_text("ascii")) for node in sorted(folders)}


def of_cpu(number: int | None, known: Mapping[int, Sequence[int]]) -> int | None:
    """The node of a CPU."""
    return next((node for node, cpus in known.items() if number in cpus), None)


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
    """The first of some CPUs that is on the card's node, else the first of them, None when there are none."""
    known = nodes(root)
    node = of_card(nic, root, address) if len(known) > 1 else None
    close = () if node is None else known.get(node, ())
    return next(iter([*(number for number in free if number in close), *free]), None)


def places(nic: Nic, trader: int | None, root: str = "", address: Address = _address) -> Places:
    """Where the trader's CPU and its card are."""
    known = nodes(root)
    return Places(known, of_cpu(trader, known), of_card(nic, root, address) if len(known) > 1 else None)


def prefer(node: int) -> None:
    """From now on this process and its children get their memory from a node while it has any. Raises OSError."""
    libc.set_mempolicy_preferred(node)
