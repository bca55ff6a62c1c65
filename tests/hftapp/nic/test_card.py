from pathlib import Path

import pytest

from hftapp.nic.card import Card, cards, find_card
from hftapp.nic.port import PortError
from tests.hftapp.nic.test_pci import device

VIRTIO = Card("0000:00:03.0", "1af4:1041", "virtio_net", bytes.fromhex("525400200010"), "eth0", "up")
TAKEN = Card("0000:00:04.0", "8086:10d3", "vfio-pci", b"", "", "")
VIRTUAL = Card("", "", "veth", bytes.fromhex("525400200011"), "near", "no carrier")
ALL = (VIRTIO, TAKEN, VIRTUAL)
LISTED = (
    "there are: 0000:00:03.0 1af4:1041 virtio_net 52:54:00:20:00:10 eth0 up; "
    "0000:00:04.0 8086:10d3 vfio-pci MAC unknown; no PCI veth 52:54:00:20:00:11 near no carrier"
)


@pytest.mark.parametrize(
    ("device_", "mac", "interface", "card"),
    [
        ("0000:00:04.0", "52:54:00:20:00:10", "near", TAKEN),
        ("", "52:54:00:20:00:10", "near", VIRTUAL),
        ("", "52-54-00-20-00-10", "", VIRTIO),
    ],
)
def test_device_goes_before_interface_goes_before_mac(device_: str, mac: str, interface: str, card: Card) -> None:
    assert find_card(device_, mac, interface, there=ALL) == card


@pytest.mark.parametrize(
    ("device_", "mac", "interface", "words"),
    [
        ("0000:00:09.0", "", "", f'nic.device = "0000:00:09.0": no such card; {LISTED}'),
        ("", "", "eth9", f'nic.interface = "eth9": no such card; {LISTED}'),
        ("", "02:00:00:00:00:99", "", f'nic.mac = "02:00:00:00:00:99": no such card; {LISTED} (a card without'),
        ("", "", "", f"no card is named: set nic.device, nic.interface or nic.mac; {LISTED}"),
    ],
)
def test_a_wrong_one_lists_all_there_are(device_: str, mac: str, interface: str, words: str) -> None:
    with pytest.raises(PortError) as caught:
        find_card(device_, mac, interface, there=ALL)
    assert str(caught.value).startswith(words)


def test_no_card_at_all() -> None:
    with pytest.raises(
        PortError, match=r'nic.interface = "eth0": no such card; there are: none at all \(is the driver'
    ):
        find_card(interface="eth0", there=())


def test_a_card_without_a_kernel_driver_is_listed(tmp_path: Path) -> None:
    device(tmp_path, "0000:7f:04.0", "0x020000", ("0x8086", "0x10d3"), "vfio-pci")
    assert cards(tmp_path)[0] == Card("0000:7f:04.0", "8086:10d3", "vfio-pci", b"", "", "")
