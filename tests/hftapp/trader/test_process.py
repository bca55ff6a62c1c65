"""Which wire the configuration gives, and why it cannot."""

import pytest

from hftapp import config
from hftapp.nic.port import PortError
from hftapp.socket_wire import SocketWire
from hftapp.trader.process import open_wire


def settings(nic: str) -> config.Config:
    return config.parse(f'[nic]\n{nic}\n[management]\nmac = ""\n[feed]\na = "239.20.9.1:45671"\n')


def test_kernel_sockets() -> None:
    wire = open_wire(settings('port = "socket"\naddress = "127.0.0.1/8"'))
    assert isinstance(wire, SocketWire)
    wire.close(0)


def test_a_missing_card_is_named_with_those_there_are() -> None:
    with pytest.raises(PortError, match="02:00:00:00:00:99"):
        open_wire(settings('port = "af_packet"\nmac = "02:00:00:00:00:99"'))


def test_a_memory_port_needs_somebody_at_its_other_end() -> None:
    with pytest.raises(config.ConfigError, match="only a test can connect a memory port"):
        open_wire(settings('port = "memory"'))
