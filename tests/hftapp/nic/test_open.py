import dataclasses
from pathlib import Path

import pytest

from hftapp import config
from hftapp.config import Nic
from hftapp.config_table import KEYS
from hftapp.nic import open as opening
from hftapp.nic.card import Card
from hftapp.nic.open import OPENERS, open_port
from hftapp.nic.port import PortError, format_mac
from protocols.pcap_write import INBOUND, PcapngWriter

TAKEN = Card("0000:00:04.0", "8086:10d3", "vfio-pci", b"", "", "")
DRIVERLESS = TAKEN._replace(driver="")
VIRTUAL = Card("", "", "veth", bytes.fromhex("525400200011"), "near", "up")


def nic(**changes: object) -> Nic:
    return dataclasses.replace(config.build({}).nic, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("port", ["memory", "socket"])
def test_what_no_name_can_open_lists_what_one_can(port: str) -> None:
    with pytest.raises(PortError, match=f'nic.port = "{port}": .* there are: dpdk, af_xdp, af_packet, pcap'):
        open_port(nic(port=port))


@pytest.mark.parametrize("port", ["dpdk", "af_xdp", "af_packet"])
@pytest.mark.parametrize(
    "wanted", [{"device": "0000:ff:1f.7"}, {"interface": "no-such-name"}, {"mac": "02:00:00:00:00:99"}]
)
def test_an_unknown_card_lists_those_there_are(port: str, wanted: dict[str, str]) -> None:
    ((key, value),) = wanted.items()
    with pytest.raises(PortError, match=f'nic.{key} = "{value}": no such card; there are: '):
        open_port(nic(port=port, **wanted))


@pytest.mark.parametrize("port", ["af_xdp", "af_packet"])
def test_a_card_that_the_kernel_does_not_have(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_card", lambda *_: TAKEN)
    with pytest.raises(
        PortError, match=r"no interface for 0000:00:04.0 .*; to give it back write 0000:00:04.0 to .*vfio"
    ):
        open_port(nic(port=port))
    monkeypatch.setattr(opening, "find_card", lambda *_: DRIVERLESS)
    with pytest.raises(PortError, match=r'it has no driver in this kernel; or use port = "dpdk"'):
        open_port(nic(port=port))


def test_dpdk_needs_the_pci_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_card", lambda *_: VIRTUAL)
    with pytest.raises(
        PortError, match=r'veth 52:54:00:20:00:11 near up is not on the PCI bus.*use port = "af_xdp" or'
    ):
        open_port(nic(port="dpdk"))


def test_a_capture_answers_to_the_configured_address(tmp_path: Path) -> None:
    writer = PcapngWriter(tmp_path / "day.pcapng", "day")
    writer.write(INBOUND, bytes(60), 1)
    writer.close()
    port = open_port(nic(port="pcap", capture=str(tmp_path / "day.pcapng"), sent=str(tmp_path / "sent.pcapng")))
    assert format_mac(port.mac) == "52:54:00:20:00:10"
    assert port.receive() == [bytes(60)]
    port.close()


def test_every_configurable_port_can_be_opened_or_is_explained() -> None:
    (choices,) = (key.choices for key in KEYS if (key.section, key.name) == ("nic", "port"))
    assert set(choices) == {*OPENERS, "memory", "socket"}
