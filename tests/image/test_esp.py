"""Finding the EFI system partition, and writing only where nobody else does. What mtools do: tests/e2e."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hftapp import config_source
from image import esp
from image.esp import EspError, FolderEsp
from image.flash import device
from image.flash.users import Users
from tests.image.flash.disk_maker import add_partition, gpt_disk, loop, mounted

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices and mounts need root")


def test_names_are_those_that_pid_1_looks_for() -> None:
    folders = (esp.CREDENTIALS, esp.GLOBAL_CREDENTIALS)
    wanted = [f"/{folder}/{name}" for folder in folders for name in (esp.NAME, esp.LAST_GOOD)]
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


def test_a_disk_that_is_swapped_to_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.touch()
    users = Users(swaps=("/dev/sdb2",))
    monkeypatch.setattr(device, "inspect", lambda typed: device.Device(typed, Path(typed), device.FILE, users=users))
    with pytest.raises(EspError, match=rf"^{disk} is swapped to \(/dev/sdb2\): end that with swapoff$"):
        esp.check_unused(disk)


@needs_root
def test_a_mounted_disk_is_left_alone(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(16 << 20))
    with loop(disk) as device, mounted(device, tmp_path / "mnt"):
        for path in (device, disk):
            with pytest.raises(EspError, match=rf"{path} is mounted at {tmp_path}/mnt: unmount it, or give the folder"):
                esp.check_unused(path)


def mount(device: Path, place: Path) -> str:
    """What mount(8) says against it; empty when it is mounted, which is ended again."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", str(device), str(place)], capture_output=True, text=True)
    if done.returncode == 0:
        subprocess.run(["umount", str(place)], check=True)
    return done.stderr


@needs_root
def test_nobody_mounts_a_disk_or_a_part_of_it_while_it_is_changed(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(gpt_disk(16 << 20, [(2048, 20479, "hftos-esp")]))
    with loop(disk, "--partscan") as device:
        part = add_partition(device, 2048, 20479)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(part)], check=True)
        with esp.alone(device):
            assert "busy" in mount(part, tmp_path / "mnt")
            assert "busy" in mount(device, tmp_path / "mnt")
            esp.check_unused(device)
            with device.open("r+b") as other:  # as mtools do
                other.write(b"!")
        assert mount(part, tmp_path / "mnt") == ""
        with pytest.raises(EspError, match=f"is a partition: give the whole disk, {device}"), esp.alone(part):
            pass


@needs_root
@pytest.mark.parametrize("mount", ["mounted in another namespace", "opened alone"])
def test_a_disk_that_somebody_has_where_it_is_not_seen_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mount: str
) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(16 << 20))
    (tmp_path / "mnt").mkdir()
    with loop(disk) as device:
        subprocess.run(["mkfs.ext4", "-q", "-F", str(device)], check=True)
        if mount == "opened alone":
            code = "import os, sys; os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL); print(flush=True); sys.stdin.read()"
            command = [sys.executable, "-c", code, str(device)]
        else:
            monkeypatch.setattr(esp, "check_unused", lambda _path: None)  # as if /proc had not all processes
            command = ["unshare", "--mount", "sh", "-c", 'mount "$1" "$2" && echo && cat']
            command += ["", str(device), str(tmp_path / "mnt")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"\n"
            with pytest.raises(EspError, match=rf"^{device} is in use by something that is not seen from here"):
                esp.alone(device).__enter__()
            holder.communicate()
        with esp.alone(device):
            pass


def test_files_and_folders_need_not_be_had_alone(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with esp.alone(path):
            pass


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
