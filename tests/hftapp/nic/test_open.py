import pytest

from hftapp.nic.open import open_port
from hftapp.nic.port import PortError


def test_an_unknown_backend_lists_those_there_are() -> None:
    with pytest.raises(PortError, match="unknown port backend 'dpkd'; there are: af_packet"):
        open_port("dpkd", "eth0")


@pytest.mark.parametrize("wanted", ["no-such-name", "02:00:00:00:00:99"])
def test_an_unknown_interface_lists_those_there_are(wanted: str) -> None:
    with pytest.raises(PortError, match=f"no Ethernet interface '{wanted}'; there are: "):
        open_port("af_packet", wanted)
