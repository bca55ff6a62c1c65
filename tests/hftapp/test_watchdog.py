"""A watchdog resets a machine that says nothing; here files of a folder stand for it, the real one is in tests/e2e."""

import errno
import fcntl
import os
import struct
from pathlib import Path

import pytest

from hftapp import watchdog

SECOND = 1_000_000_000


class Hardware:
    """Answers the watchdog's requests as a driver does, for plain files that stand for devices."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int = 60) -> None:
        self.most = most
        self.set_to: list[int] = []
        self.refuses = False
        monkeypatch.setattr(fcntl, "ioctl", self.ioctl)

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        os.fstat(descriptor)
        if self.refuses:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        if request == 0x80285700:
            return struct.pack("<II32s", 0, 0, b"i6300ESB timer")
        assert request == 0xC0045706
        (seconds,) = struct.unpack("i", argument)
        self.set_to.append(min(seconds, self.most))
        return struct.pack("i", self.set_to[-1])


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Hardware:
    return Hardware(monkeypatch)


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "watchdog0"
    path.touch()
    return path


def started(folder: Path, seconds: int) -> tuple[watchdog.Watchdog, list[str]]:
    said: list[str] = []
    return watchdog.start(seconds, said.append, folder), said


def test_it_is_set_to_what_is_configured_and_said(hardware: Hardware, device: Path) -> None:
    guard, said = started(device.parent, 30)
    guard.stop()
    assert hardware.set_to == [30]
    assert said == ["watchdog watchdog0 (i6300ESB timer): resets the machine after 30 s of silence"]


def test_it_is_fed_four_times_in_its_time_and_no_more_often(hardware: Hardware, device: Path) -> None:
    guard, _ = started(device.parent, 40)
    for tenth in range(400):
        guard.feed(tenth * SECOND // 10)
    assert device.read_bytes() == b"\0" * 4
    guard.stop()


def test_the_end_stops_it_so_that_a_machine_that_is_off_stays_off(hardware: Hardware, device: Path) -> None:
    guard, _ = started(device.parent, 30)
    guard.feed(0)
    guard.stop()
    guard.stop()
    guard.feed(SECOND)
    assert device.read_bytes() == b"\0V"


def test_zero_leaves_it_alone(hardware: Hardware, device: Path) -> None:
    guard, said = started(device.parent, 0)
    guard.feed(0)
    guard.stop()
    assert (hardware.set_to, said, device.read_bytes()) == ([], [], b"")


def test_a_time_that_would_be_too_short_is_not_used(hardware: Hardware, device: Path) -> None:
    guard, _ = started(device.parent, 1)
    guard.stop()
    assert hardware.set_to == [watchdog.SHORTEST]


def test_hardware_that_cannot_wait_that_long_is_said(hardware: Hardware, device: Path) -> None:
    guard, said = started(device.parent, 600)
    guard.stop()
    assert said == [
        "watchdog watchdog0 (i6300ESB timer): resets the machine after 60 s of silence, not 600 s as asked for"
    ]


def test_hardware_with_a_time_of_its_own_is_fed_all_the_same(hardware: Hardware, device: Path) -> None:
    hardware.refuses = True
    guard, said = started(device.parent, 30)
    guard.feed(0)
    guard.stop()
    assert said == ["watchdog watchdog0: it does not take 30 s (Inappropriate ioctl for device) and keeps its own time"]
    assert device.read_bytes() == b"\0V"


def test_every_watchdog_is_fed_and_the_second_name_of_the_first_is_no_failure(
    hardware: Hardware, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, alias = device.with_name("watchdog1"), device.with_name("watchdog")
    other.touch()
    alias.touch()
    real = os.open

    def open_once(path: Path, flags: int) -> int:
        if path == alias:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return real(path, flags)

    monkeypatch.setattr(os, "open", open_once)
    guard, said = started(device.parent, 30)
    guard.feed(0)
    guard.stop()
    assert [line.split()[1] for line in said] == ["watchdog1", "watchdog0"]
    assert device.read_bytes() == other.read_bytes() == b"\0V"
    assert alias.read_bytes() == b""


def test_one_that_cannot_be_opened_is_said(hardware: Hardware, tmp_path: Path) -> None:
    (tmp_path / "watchdog0").symlink_to(tmp_path / "gone")
    guard, said = started(tmp_path, 30)
    guard.stop()
    assert said == [f"watchdog {tmp_path}/watchdog0 cannot be used: No such file or directory"]


def test_a_machine_without_one_trades_without(hardware: Hardware, tmp_path: Path) -> None:
    guard, said = started(tmp_path, 30)
    guard.feed(0)
    guard.stop()
    assert said == []
