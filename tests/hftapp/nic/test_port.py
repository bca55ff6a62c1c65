import pytest

from hftapp.nic.port import format_mac, parse_mac

MAC = bytes.fromhex("525400200010")


@pytest.mark.parametrize("text", ["52:54:00:20:00:10", "52-54-00-20-00-10"])
def test_ethernet_addresses(text: str) -> None:
    assert parse_mac(text) == MAC
    assert format_mac(MAC) == "52:54:00:20:00:10"


@pytest.mark.parametrize("text", ["", "eth0", "52:54:00:20:00", "52:54:00:20:00:1", "zz:54:00:20:00:10"])
def test_what_is_no_ethernet_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="not an Ethernet address"):
        parse_mac(text)
