"""What a path leads to, asked of the running kernel: files, loop devices, partitions, mounts, swap, programs."""

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from image.flash.device import FILE, inspect
from image.flash.refusals import Image, check
from tests.image.flash.disk_maker import add_partition, loop, mounted

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")
IMAGE = Image(6 << 20)


def names(path: Path | str) -> list[str]:
    return [refusal.name for refusal in check(inspect(str(path)), IMAGE)]


def test_a_file_stands_for_a_disk_of_its_length(target: Path) -> None:
    device = inspect(str(target))
    assert (device.kind, device.bytes, device.writable, device.read_only) == (FILE, 16 << 20, True, False)
    assert device.confirmation == "target-16777216"
    assert names(target) == []


def test_a_link_is_followed_and_both_names_are_kept(target: Path, tmp_path: Path) -> None:
    link = tmp_path / "by-id"
    link.symlink_to(target.name)
    device = inspect(str(link))
    assert (device.typed, device.path) == (str(link), target)


def test_what_is_no_disk(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for place in ("/dev/null", tmp_path, tmp_path / "fifo", tmp_path / "socket"):
            assert names(place) == ["no-disk"]
    assert names("") == ["no-device"]
    assert names(tmp_path / "nothing") == ["missing"]
    assert names("/dev/\0") == ["missing"]


def test_a_file_of_an_odd_length_and_one_too_short(target: Path) -> None:
    os.truncate(target, (8 << 20) + 100)
    assert names(target) == ["odd-size"]
    os.truncate(target, 4 << 20)
    assert names(target) == ["too-small"]


def test_a_program_that_writes_to_it(target: Path) -> None:
    """It says when it has the file open, and ends when its input does."""
    code = "import sys; file = open(sys.argv[1], sys.argv[2]); print(flush=True); sys.stdin.read()"
    for mode, expected in (("r+b", ["open"]), ("rb", [])):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(target), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as program:
            assert program.stdout is not None
            program.stdout.readline()
            assert names(target) == expected
            if expected:
                assert f"(pid {program.pid})" in inspect(str(target)).users.writers[0]
            program.communicate()
    assert names(target) == []


@needs_root
def test_a_loop_device_is_a_disk(target: Path) -> None:
    with loop(target) as device:
        found = inspect(str(device))
        assert (found.kind, found.bytes, found.sector) == ("loop device", 16 << 20, 512)
        assert (found.identity.model, found.identity.bus) == (str(target), "loop")
        assert found.confirmation == f"{device.name}-16777216"
        assert names(device) == []
        assert names(target) == ["held"]  # the file below it
    assert names(target) == []


@needs_root
def test_a_mounted_disk(target: Path, tmp_path: Path) -> None:
    with loop(target) as device, mounted(device, tmp_path / "mnt"):
        assert names(device) == ["mounted"]
        assert inspect(str(device)).users.mounted == (str(tmp_path / "mnt"),)
        assert names(target) == ["mounted", "held"]
    assert inspect(str(target)).parts[0].what == "ext4"


@needs_root
def test_a_mounted_partition(target: Path, tmp_path: Path) -> None:
    with loop(target, "--partscan") as device:
        partition = add_partition(device, 2048, 20479)
        with mounted(partition, tmp_path / "mnt"):
            assert names(device) == ["mounted"]
            assert names(partition) == ["partition"]
            assert inspect(str(partition)).whole == str(device)


@needs_root
def test_a_mount_that_only_another_namespace_has(target: Path, tmp_path: Path) -> None:
    place = tmp_path / "mnt"
    place.mkdir()
    with loop(target) as device:
        subprocess.run(["mkfs.ext4", "-q", "-F", str(device)], check=True)
        command = ["unshare", "--mount", "sh", "-c", f"mount {device} {place} && echo && read _"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"\n"
            assert names(device) == ["mounted"]
            assert f"{place} (as process {other.pid} sees it)" in inspect(str(device)).users.mounted
            other.communicate(b"\n")


@needs_root
def test_a_disk_that_is_swapped_to(target: Path) -> None:
    with loop(target) as device, ExitStack() as stack:
        subprocess.run(["mkswap", "--quiet", str(device)], check=True)
        subprocess.run(["swapon", str(device)], check=True)
        stack.callback(subprocess.run, ["swapoff", str(device)], check=True)
        assert names(device) == ["swap"]


@needs_root
def test_a_loop_device_over_the_disk(target: Path) -> None:
    with loop(target) as device, loop(device) as upper:
        assert names(device) == ["held", "open"] or names(device) == ["held"]
        assert inspect(str(device)).users.holders == (upper.name,)


@needs_root
def test_a_read_only_disk_large_sectors_and_no_medium(target: Path) -> None:
    with loop(target, "--read-only") as device:
        assert "read-only" in names(device)
    with loop(target, "--sector-size", "4096") as device:
        assert names(device) == ["sectors"]
    free = subprocess.run(["losetup", "--find"], check=True, capture_output=True, text=True).stdout.strip()
    assert names(free) == ["no-medium"]


@needs_root
def test_a_disk_that_this_user_may_not_write_to() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "disk"
        path.write_bytes(bytes(8 << 20))
        Path(folder).chmod(0o755)
        assert asked_as_nobody(path) == "permission"
        path.chmod(0o666)
        assert asked_as_nobody(path) == ""


def asked_as_nobody(path: Path) -> str:
    """The names of the refusals that another user gets, in a process of that user."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(writer, " ".join(names(path)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    return answer


@needs_root
def test_the_system_disk_of_this_machine() -> None:
    """The disk of the root file system, wherever that is a device of its own."""
    root = Path("/").stat().st_dev
    folder = Path(f"/sys/dev/block/{os.major(root)}:{os.minor(root)}")
    if not folder.exists():
        return
    disk = folder.resolve().parent if (folder / "partition").exists() else folder.resolve()
    found = check(inspect(f"/dev/{disk.name}"), IMAGE)
    assert "system-disk" in [refusal.name for refusal in found]
    assert any("it holds /" in refusal.reason for refusal in found)
