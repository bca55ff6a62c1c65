"""Finding the EFI system partition, and writing only where nobody else does. What mtools do: tests/e2e."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hftapp import config_source
from image import esp
from image.esp import EspError, FolderEsp
from tests.image.flash.disk_maker import gpt_disk, loop, mounted

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices and mounts need root")


def test_names_are_those_that_pid_1_looks_for() -> None:
    folders = (esp.CREDENTIALS, esp.GLOBAL_CREDENTIALS)
    wanted = [f"/{folder}/{name}" for name in (esp.NAME, esp.LAST_GOOD) for folder in folders]
    assert [place.path for place in config_source.PLACES[:-1]] == wanted


def test_the_partition_is_found_by_its_type(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(gpt_disk(6 << 20, [(2048, 4095, "hftos-esp")]))
    assert esp.offset_in(disk) == 2048 * 512


def test_a_disk_without_the_partition(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(gpt_disk(6 << 20, []))
    with pytest.raises(EspError, match="none of its 0 partitions is an EFI system partition: flash it again"):
        esp.offset_in(disk)


@pytest.mark.parametrize(("at", "name"), [(54, b"FAT16   "), (82, b"FAT32   ")])
def test_a_file_system_of_its_own_begins_where_the_file_does(tmp_path: Path, at: int, name: bytes) -> None:
    sector = bytearray(1 << 20)
    sector[at : at + 8], sector[510:512] = name, b"\x55\xaa"
    (tmp_path / "fat").write_bytes(sector)
    assert esp.offset_in(tmp_path / "fat") == 0


def test_a_file_that_somebody_writes_to_is_left_alone(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4096))
    esp.check_unused(disk)
    code = "import sys; file = open(sys.argv[1], 'r+b'); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(disk)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(EspError, match=rf"is in use by .*\(pid {writer.pid}\): end that"):
            esp.check_unused(disk)
        writer.communicate()


@needs_root
def test_a_mounted_disk_is_left_alone(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(16 << 20))
    with loop(disk) as device, mounted(device, tmp_path / "mnt"):
        for path in (device, disk):
            with pytest.raises(EspError, match=rf"{path} is mounted at {tmp_path}/mnt: unmount it, or give the folder"):
                esp.check_unused(path)


def test_files_in_a_folder_are_written_renamed_and_removed(tmp_path: Path) -> None:
    partition = FolderEsp(tmp_path)
    partition.write("EFI/Linux/a", b"one")
    assert partition.files() == ["EFI/Linux/a"]
    partition.rename("EFI/Linux/a", "EFI/Linux/b")
    assert partition.read("EFI/Linux/b") == b"one"
    partition.remove("EFI/Linux/b")
    assert partition.files() == []


def test_what_the_system_refuses_is_said_with_the_path(tmp_path: Path) -> None:
    partition = FolderEsp(tmp_path)
    (tmp_path / "file").touch()
    for change in (
        lambda: partition.read("none"),
        lambda: partition.write("file/below", b""),
        lambda: partition.rename("none", "other"),
        lambda: partition.remove("none"),
    ):
        with pytest.raises(EspError, match=rf"{tmp_path}/(none|file)"):
            change()


def test_a_disk_that_does_not_keep_what_is_written_is_noticed(tmp_path: Path) -> None:
    class Forgetful(FolderEsp):
        def read(self, path: str) -> bytes:
            return super().read(path)[:-1]

    with pytest.raises(EspError, match="what was read back from a is not what was written: replace the disk"):
        Forgetful(tmp_path).write("a", b"content")
