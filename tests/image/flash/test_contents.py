"""What is on a disk is told before it is gone."""

import subprocess
from pathlib import Path

from image.flash import contents
from tests.image.flash.disk_maker import gpt_disk

SIZE = 16 << 20


def described(path: Path) -> list[str]:
    return [str(part) for part in contents.describe(path, path.stat().st_size)]


def test_a_file_system_on_the_whole_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(SIZE))
    subprocess.run(["mkfs.ext4", "-q", "-L", "ticks", str(disk)], check=True)
    assert described(disk) == ['whole disk: 16.0 MiB, ext4 "ticks"']


def test_partitions_of_a_guid_table(tmp_path: Path) -> None:
    disk = gpt_disk(SIZE, [(2048, 16383, "boot\x1b"), (16384, 32000, "")])
    swap = tmp_path / "swap"
    swap.write_bytes(bytes((16384 - 2048) * 512))
    subprocess.run(["mkswap", "--quiet", str(swap)], check=True)
    disk[2048 * 512 : 16384 * 512] = swap.read_bytes()
    path = tmp_path / "disk"
    path.write_bytes(disk)
    assert described(path) == [
        "partition boot?: 7.0 MiB, EFI system partition, swap",
        "partition: 7.6 MiB, EFI system partition",
    ]


def test_a_table_whose_second_copy_is_gone_is_shown_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(gpt_disk(SIZE, [(2048, 16383, "old")])[: -1 << 20])
    assert described(path) == ["partition old: 7.0 MiB, EFI system partition"]


def test_partitions_of_a_master_boot_record(tmp_path: Path) -> None:
    disk = bytearray(SIZE)
    disk[446:462] = b"\x80\0\0\0\x83\0\0\0" + (2048).to_bytes(4, "little") + (4096).to_bytes(4, "little")
    disk[510:512] = b"\x55\xaa"
    path = tmp_path / "disk"
    path.write_bytes(disk)
    assert described(path) == ["partition 1: 2.0 MiB, type 0x83"]


def test_nothing_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(SIZE))
    assert described(path) == []
    path.write_bytes(b"\x55\xaa" * (SIZE // 2))
    assert described(path) == []
