"""Knobs of the trading card, against a driver that is a table of words."""

import errno
import struct
from collections.abc import Callable

import pytest

from hftapp import config
from hftapp.config import Nic
from hftapp.knobs import nic
from hftapp.knobs.nic import Ioctl
from tests.hftapp.knobs.kernel import row

BASE = '[nic]\nport = "{port}"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"\n'


def card(port: str) -> Nic:
    return config.parse(BASE.replace("{port}", port)).nic


class Driver:
    """Holds the words of each structure; `fixed` refuses every change, `lacking` has none of it."""

    def __init__(self, *, fixed: bool = False, lacking: bool = False) -> None:
        self.fixed, self.lacking = fixed, lacking
        self.words = {nic.GCOALESCE: [0] * 23, nic.GPAUSE: [0] * 4, nic.GCHANNELS: [0] * 9}
        self.words[nic.GCOALESCE][1:2] = [3]
        self.words[nic.GCOALESCE][10] = 1
        self.words[nic.GPAUSE] = [nic.GPAUSE, 1, 1, 1]
        self.words[nic.GCHANNELS][4], self.words[nic.GCHANNELS][8] = 4, 4

    def calls(self, interface: str) -> Ioctl:
        assert interface == "trading0"
        return self.call

    def call(self, data: bytearray) -> None:
        words = struct.unpack(f"={len(data) // 4}I", data)
        if self.lacking:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        if words[0] in self.words:
            data[:] = struct.pack(f"={len(words)}I", words[0], *self.words[words[0]][1:])
        elif self.fixed:
            raise OSError(errno.EINVAL, "Invalid argument")
        else:
            self.words[words[0] - 1] = list(words)


@pytest.fixture
def trading0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nic, "interface_of", lambda _nic: ("trading0", ""))


@pytest.mark.usefixtures("trading0")
@pytest.mark.parametrize(("key", "value"), [("queues", "1"), ("rx_usecs", "0"), ("adaptive_rx", "0"), ("pause", "0")])
def test_each_setting_is_made_and_read_back(key: str, value: str) -> None:
    driver = Driver()
    result = nic.apply(row(f"nic.{key}", "nic", key, value, "code", key), card("af_packet"), driver.calls)
    assert (result.effective, result.ok) == (value, True)
    assert nic.SETTINGS[key](driver.call, None) == int(value)


@pytest.mark.usefixtures("trading0")
def test_pause_frames_are_not_negotiated_back() -> None:
    driver = Driver()
    nic.apply(row("nic.pause", "nic", "pause", "0", "code", "pause"), card("af_packet"), driver.calls)
    assert driver.words[nic.GPAUSE][1:] == [0, 0, 0]


@pytest.mark.usefixtures("trading0")
def test_a_driver_that_refuses_keeps_what_it_has() -> None:
    result = nic.apply(
        row("nic.rx_usecs", "nic", "rx_usecs", "0", "code", "rx_usecs"), card("af_xdp"), Driver(fixed=True).calls
    )
    assert (result.effective, result.ok, result.reason) == ("3", False, "trading0 refused it: Invalid argument")


@pytest.mark.usefixtures("trading0")
def test_a_driver_without_the_setting_has_nothing_to_set() -> None:
    result = nic.apply(
        row("nic.pause", "nic", "pause", "0", "code", "pause"), card("af_packet"), Driver(lacking=True).calls
    )
    assert (result.effective, result.ok) == ("not applicable", True)
    assert result.reason == "the driver of trading0 has no such setting"


@pytest.mark.usefixtures("trading0")
def test_left_alone_the_card_is_only_looked_at() -> None:
    driver = Driver(fixed=True)
    result = nic.apply(row("nic.queues", "nic", "queues", "unset", "code", "queues"), card("socket"), driver.calls)
    assert (result.effective, result.ok) == ("4", True)


def test_a_card_of_a_user_space_driver_has_no_such_settings() -> None:
    def never(_interface: str) -> Callable[[bytearray], None]:
        raise AssertionError("nothing to call")

    result = nic.apply(row("nic.pause", "nic", "pause", "0", "code", "pause"), card("dpdk"), never)
    assert (result.effective, result.ok) == ("not applicable", True)
    assert result.reason.startswith("the driver is the trader's own")


def test_a_card_that_is_not_there_is_the_ports_to_complain_about() -> None:
    interface, why = nic.interface_of(card("af_packet"))
    assert interface == ""
    assert "52:54:00:20:00:10" in why
