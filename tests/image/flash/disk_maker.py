"""Disk images and loop devices for these tests, made without the code under test."""

import ctypes
import fcntl
import json
import os
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid5

ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
NAME = UUID(int=1)
BLKPG, BLKPG_ADD_PARTITION = 0x1269, 1  # linux/blkpg.h


def gpt_disk(size: int, partitions: list[tuple[int, int, str]], fill: bytes = b"") -> bytearray:
    """A disk with a GUID partition table (UEFI 2.10 §5.3) whose partitions (first and last block, name) are filled."""
    disk, blocks = bytearray(size), size // 512
    entries = b"".join(
        ESP.bytes_le
        + uuid5(NAME, name).bytes_le
        + struct.pack("<QQQ", first, last, 0)
        + name.encode("utf-16-le").ljust(72, b"\0")
        for first, last, name in partitions
    ).ljust(128 * 128, b"\0")

    def header(here: int, other: int, array: int) -> bytes:
        fixed = (b"EFI PART", 0x10000, 92, 0, 0, here, other, 34, blocks - 34, UUID(int=7).bytes_le, array, 128, 128)
        text = struct.pack("<8sIIIIQQQQ16sQIII", *fixed, zlib.crc32(entries))
        return (text[:16] + struct.pack("<I", zlib.crc32(text)) + text[20:]).ljust(512, b"\0")

    mbr = (
        bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff" * 3, 1, blocks - 1) + bytes(48) + b"\x55\xaa"
    )
    disk[: 34 * 512] = mbr + header(1, blocks - 1, 2) + entries
    disk[-33 * 512 :] = entries + header(blocks - 1, 1, blocks - 33)
    for first, last, _ in partitions:
        length = (last + 1 - first) * 512
        if fill:
            disk[first * 512 : first * 512 + length] = (fill * (length // len(fill) + 1))[:length]
    return disk


def write_image(folder: Path, size: int = 6 << 20) -> Path:
    """An image of two partitions, the second one empty, with a manifest beside it as the build writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    disk = gpt_disk(size, [(2048, 4095, "hftos-esp")], bytes(range(1, 252)))
    path = folder / "hftos.img"
    path.write_bytes(disk)
    write_manifest(path)
    return path


def write_manifest(image: Path, digest: str | None = "") -> None:
    """The manifest that describes the image as it is, or with another hash."""
    digest = sha256(image.read_bytes()).hexdigest() if digest == "" else digest
    output = {"bytes": image.stat().st_size, "sha256": digest}
    table = {"product": "hftos", "version": "9.9", "profile": "colo", "outputs": {image.name: output}}
    (image.parent / "manifest.json").write_text(json.dumps(table))


@contextmanager
def loop(path: Path, *options: str) -> Iterator[Path]:
    """A loop device over a file; options are those of losetup(8). Needs root."""
    command = ["losetup", "--show", "--find", *options, str(path)]
    device = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", str(device)], check=True)


def add_partition(device: Path, first: int, last: int) -> Path:
    """Tell the kernel of a partition, whether or not it can read the disk's table."""
    start, length = first * 512, (last + 1 - first) * 512
    part = ctypes.create_string_buffer(struct.pack("<qqi64s64s4x", start, length, 1, b"", b""))
    descriptor = os.open(device, os.O_RDWR)
    try:
        request = struct.pack("<iiiiQ", BLKPG_ADD_PARTITION, 0, 152, 0, ctypes.addressof(part))
        fcntl.ioctl(descriptor, BLKPG, request)
    finally:
        os.close(descriptor)
    return Path(f"{device}p1")


@contextmanager
def mounted(device: Path, place: Path) -> Iterator[None]:
    """An ext4 made on the device, mounted."""
    place.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", str(device)], check=True)
    subprocess.run(["mount", str(device), str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)
