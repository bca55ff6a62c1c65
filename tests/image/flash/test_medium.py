"""The target is opened for nobody else, and is still the one that was inspected."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from image.flash import medium
from image.flash.device import inspect
from image.flash.errors import TargetChangedError
from image.flash.units import MIB
from tests.image.flash.disk_maker import loop, mounted

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")


def test_what_is_written_to_a_file_is_read(target: Path) -> None:
    with medium.opened(inspect(str(target))) as opened:
        opened.write(512, b"abc")
        opened.zero(MIB, 2 * MIB + 512)
        opened.sync()
        assert opened.read(510, 5) == b"taabc"
        assert opened.read((16 << 20) - 2, 10) == b"ta"
        assert opened.announce()
    content = target.read_bytes()
    assert content[512:515] == b"abc"
    assert content[MIB : 3 * MIB + 512] == bytes(2 * MIB + 512)
    assert content[3 * MIB + 512 :] == b"old data" * ((16 * MIB - 3 * MIB - 512) // 8)


@needs_root
def test_what_is_written_to_a_device_is_on_the_device(target: Path) -> None:
    with loop(target) as device:
        with medium.opened(inspect(str(device))) as opened:
            opened.write(512, b"x" * 1024)
            opened.zero(MIB, 4 * MIB)
            opened.sync()
            assert opened.read(0, 2048) == b"old data" * 64 + b"x" * 1024 + b"old data" * 64
            assert opened.read(MIB, MIB) == bytes(MIB)
        content = target.read_bytes()
    assert content[512:1536] == b"x" * 1024
    assert content[MIB : 5 * MIB] == bytes(4 * MIB)


@needs_root
def test_the_kernel_itself_refuses_a_disk_that_is_mounted_meanwhile(target: Path, tmp_path: Path) -> None:
    with loop(target) as device:
        seen = inspect(str(device))
        with (
            mounted(device, tmp_path / "mnt"),
            pytest.raises(TargetChangedError, match=r"cannot be opened alone \(Device or resource busy\)"),
            medium.opened(seen),
        ):
            pass


@needs_root
def test_nobody_mounts_it_while_it_is_open(target: Path, tmp_path: Path) -> None:
    with loop(target) as device, medium.opened(inspect(str(device))), pytest.raises(OSError, match="busy"):
        os.open(device, os.O_RDWR | os.O_EXCL)


@needs_root
def test_another_medium_under_the_same_name(target: Path) -> None:
    with loop(target) as device:
        seen = inspect(str(device))
        os.truncate(target, 8 << 20)
        subprocess.run(["losetup", "--set-capacity", str(device)], check=True)
        with (
            pytest.raises(TargetChangedError, match=r"with 8388608 bytes, and was .* with 16777216"),
            medium.opened(seen),
        ):
            pass


def test_a_file_that_was_replaced(target: Path) -> None:
    seen = inspect(str(target))
    target.rename(target.with_name("old"))
    target.write_bytes(bytes(16 << 20))
    with pytest.raises(TargetChangedError, match="look again what it is"), medium.opened(seen):
        pass


def test_a_file_that_is_gone(target: Path) -> None:
    seen = inspect(str(target))
    target.unlink()
    with pytest.raises(TargetChangedError, match="No such file"), medium.opened(seen):
        pass


def test_two_flashings_of_one_file(target: Path) -> None:
    seen = inspect(str(target))
    with (
        medium.opened(seen),
        pytest.raises(TargetChangedError, match="is locked by another program"),
        medium.opened(seen),
    ):
        pass
    with target.open("rb") as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)
