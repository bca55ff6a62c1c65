"""Which network cards there are, and which one is meant: by PCI address, interface name or Ethernet address."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hftapp.nic.interface import driver_and_place, interfaces, link_state
from hftapp.nic.pci import network_devices
from hftapp.nic.port import PortError, format_mac, parse_mac


class Card(NamedTuple):
    """A card of the kernel's, or one that was taken from it (no interface, so neither `mac` nor `link` is known).

    `pci` is empty for what is not on that bus, such as a virtual link; `ids` are vendor and device in hex; `link` is
    "up", "no carrier" or "down". Unknown texts are empty, and so is an unknown `mac`.
    """

    pci: str
    ids: str
    driver: str
    mac: bytes
    interface: str
    link: str

    def __str__(self) -> str:
        mac = format_mac(self.mac) if self.mac else "MAC unknown"
        parts = (self.pci or "no PCI", self.ids, self.driver or "no driver", mac, self.interface, self.link)
        return " ".join(part for part in parts if part)


def cards(root: Path = Path("/")) -> list[Card]:
    """Return all cards, those on the PCI bus first; interfaces of this network namespace. `root`: where /sys lies."""
    devices = {device.address: device for device in network_devices(root)}
    found = []
    for interface in interfaces():
        driver, place = driver_and_place(interface.name)
        device = devices.pop(place, None)
        pci, ids = (device.address, device.ids) if device else ("", "")
        driver = driver or (device.driver if device else "")
        found.append(Card(pci, ids, driver, interface.mac, interface.name, link_state(interface.name)))
    found += [Card(device.address, device.ids, device.driver, b"", "", "") for device in devices.values()]
    return sorted(found, key=lambda card: (not card.pci, card.pci, card.interface))


def find_card(device: str = "", mac: str = "", interface: str = "", *, there: Sequence[Card] | None = None) -> Card:
    """Return the card with this PCI address, else this interface name, else this Ethernet address.

    The first of the three that is not empty counts. `there`: the cards to choose from, by default all. Raises PortError
    that lists them when none is meant.
    """
    known = cards() if there is None else there
    if device:
        key, value, found = "nic.device", device, [card for card in known if card.pci == device.lower()]
    elif interface:
        key, value, found = "nic.interface", interface, [card for card in known if card.interface == interface]
    elif mac:
        wanted = parse_mac(mac)
        key, value, found = "nic.mac", mac, [card for card in known if card.mac == wanted]
    else:
        raise PortError(f"no card is named: set nic.device, nic.interface or nic.mac; there are: {listing(known)}")
    if found:
        return found[0]
    hint = ""
    if key == "nic.mac" and any(not card.mac for card in known):
        hint = " (a card without a kernel driver shows no MAC address: name it by nic.device)"
    raise PortError(f'{key} = "{value}": no such card; there are: {listing(known)}{hint}')


def listing(known: Sequence[Card]) -> str:
    """Return the cards as one line of a message."""
    return "; ".join(map(str, known)) or "none at all (is the driver in the kernel?)"
