"""A unified kernel image of a few bytes, and a folder that stands for the partition it is on."""

import struct
from collections.abc import Mapping
from pathlib import Path

from rootfs import cpio
from rootfs.initramfs import compress

OWN = b'# built in\n[host]\nname = "own"\n\n[risk]\nmax_order_shares = 900  # shares\n'
GOOD = b'[host]\nname = "changed"\n'
OLD = b'[host]\nname = "before"\n'
BAD = b"[risk]\nmax_order_shares = 0\n"
TOO_HIGH = "risk.max_order_shares = 0: must be an integer from 1 to 999_999 (shares)"
UKI = "EFI/Linux/hftos.efi"
CURRENT = f"{UKI}.extra.d/hftos.toml.cred"
BEFORE = f"{UKI}.extra.d/hftos.last-good.toml.cred"
STRATEGIES = "usr/lib/python3.13/strategies"


def program(sections: Mapping[str, bytes]) -> bytes:
    """An EFI program with these sections and nothing else."""
    at = 0x40 + 4 + 20 + 40 * len(sections)
    rows, bodies = b"", b""
    for name, data in sections.items():
        rows += struct.pack("<8sIIII16x", name.encode(), len(data), 0, len(data) + 3, at + len(bodies))
        bodies += data + bytes(3)
    head = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x40)
    return head + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, 0, 0) + rows + bodies


def uki(own: bytes | None = OWN, *more: str) -> bytes:
    """A unified kernel image with a configuration, the strategies `join_best` and `elsewhere`, and more such files."""
    names = ("__init__.pyc", "join_best.so", "elsewhere.pyc", *more)
    files = [cpio.file(f"{STRATEGIES}/{name}", b"") for name in names]
    files += [cpio.file("etc/hftos.toml", own)] if own is not None else []
    return program({".cmdline": b"quiet", ".initrd": compress(cpio.write(files))})


def install(folder: Path, files: Mapping[str, bytes] | None = None, image: bytes | None = None) -> Path:
    """The folder as a partition that holds the image and these files."""
    for path, data in {UKI: image or uki(), "loader/loader.conf": b"timeout 0\n", **(files or {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder
