"""Opens the port that the configuration names, on the card that it names."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from hftapp.config import Nic
from hftapp.nic.card import Card, find_card
from hftapp.nic.port import Port, PortError, parse_mac


class Cpus(NamedTuple):
    """Where things run: the trader's own CPU (None: wherever it is), and those for everything else."""

    trader: int | None = None
    housekeeping: tuple[int, ...] = ()


ANYWHERE: Final = Cpus()


def open_port(nic: Nic, cpus: Cpus = ANYWHERE) -> Port:
    """Return the port of section `[nic]`.

    Raises PortError when there is no such port, when the card is not there (lists those that are), not permitted or
    in use; each names the setting and the remedy.
    """
    opener = OPENERS.get(nic.port)
    if opener is None:
        raise PortError(f'nic.port = "{nic.port}": cannot be opened by name; there are: {", ".join(OPENERS)}')
    return opener(nic, cpus)


def _dpdk(nic: Nic, cpus: Cpus) -> Port:
    card = find_card(nic.device, nic.mac, nic.interface)
    if not card.pci:
        raise PortError(
            f'nic.port = "dpdk": {card} is not on the PCI bus, where DPDK takes its cards from; '
            'use port = "af_xdp" or "af_packet"'
        )
    from hftapp.nic.dpdk import DpdkPort, DpdkSettings

    settings = DpdkSettings(
        cpu=cpus.trader,
        housekeeping=cpus.housekeeping,
        rx_descriptors=nic.rx_descriptors,
        tx_descriptors=nic.tx_descriptors,
        promiscuous=nic.promiscuous,
        noiommu=nic.noiommu,
    )
    return DpdkPort(card.pci, settings)


def _af_xdp(nic: Nic, _cpus: Cpus) -> Port:
    from hftapp.nic.af_xdp import AfXdpPort

    return AfXdpPort(_interface(nic), promiscuous=nic.promiscuous, busy_poll=nic.busy_poll)


def _af_packet(nic: Nic, _cpus: Cpus) -> Port:
    from hftapp.nic.af_packet import AfPacketPort

    return AfPacketPort(_interface(nic), promiscuous=nic.promiscuous)


def _pcap(nic: Nic, _cpus: Cpus) -> Port:
    from hftapp.nic.pcap import PcapPort

    return PcapPort(Path(nic.capture), parse_mac(nic.mac), Path(nic.sent) if nic.sent else None)


def _interface(nic: Nic) -> str:
    """Return the name of the card's interface; raises PortError when the kernel has none for it."""
    card: Card = find_card(nic.device, nic.mac, nic.interface)
    if not card.interface:
        how = "it has no driver in this kernel"
        if card.driver:
            unbind, probe = f"/sys/bus/pci/drivers/{card.driver}/unbind", "/sys/bus/pci/drivers_probe"
            how = f"to give it back write {card.pci} to {unbind} and to {probe}"
        raise PortError(f'nic.port = "{nic.port}": the kernel has no interface for {card}; {how}; or use port = "dpdk"')
    return card.interface


OPENERS: Final[dict[str, Callable[[Nic, Cpus], Port]]] = {
    "dpdk": _dpdk,
    "af_xdp": _af_xdp,
    "af_packet": _af_packet,
    "pcap": _pcap,
}
"""By `nic.port`. Memory ports are connected in code; "socket" is no port but the kernel's own network."""
