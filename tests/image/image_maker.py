"""Writes the files of a small image into a folder, as `hftos image build` leaves them."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from rootfs import cpio, initramfs

FILES = {
    "init": 7000,
    "usr/lib/x86_64-linux-gnu/libc.so.6": 2000,
    "usr/lib/x86_64-linux-gnu/dpdk/pmds-25.0/librte_net_virtio.so.25.0": 900,
    "usr/lib/python3.13/os.pyc": 300,
    "usr/lib/python3.13/encodings/utf_8.pyc": 40,
    "usr/lib/python3.13/lib-dynload/fcntl.so": 50,
    "usr/lib/python3.13/hftapp/pid1.pyc": 60,
    "usr/lib/python3.13/hftapp/nic/dpdk.so": 70,
    "etc/hftos.toml": 10,
}
KINDS = {
    "python": "interpreter",
    "libc.so.6": "library",
    "librte_net_virtio.so.25.0": "DPDK driver",
    "stdlib": "byte code",
    "hftapp": "byte code",
    "hftapp, compiled": "machine code",
    "hftos.toml": "configuration",
}
OBJECTS = """   text\t   data\t    bss\t    dec\t    hex\tfilename
   4000\t    500\t    100\t   4600\t   11f8\tnet/ipv4/tcp.o
   1000\t      0\t      0\t   1000\t    3e8\tnet/ipv4/udp.o
    200\t     50\t   9999\t  10249\t   2809\tnet/core/dev.o
     70\t      0\t      0\t     70\t     46\tinit/main.o
      0\t      0\t      0\t      0\t      0\tinit/empty.o
"""


def program(sections: Mapping[str, bytes]) -> bytes:
    """An EFI program that consists of these sections and the headers they need."""
    start, options = 0x80, 240
    table = start + 24 + options
    at = table + 40 * len(sections)
    rows, body = b"", b""
    for name, data in sections.items():
        rows += struct.pack("<8sIIII16x", name.encode(), len(data), 0, len(data), at + len(body))
        body += data
    head = b"MZ" + bytes(0x3A) + struct.pack("<I", start)
    coff = b"PE\0\0" + struct.pack("<HH12xHH", 0x8664, len(sections), options, 0)
    return (head.ljust(start, b"\0") + coff + bytes(options) + rows + body).ljust(at + len(body), b"\0")


def write(folder: Path, files: Mapping[str, int] = FILES, objects: str = OBJECTS, profile: str = "qemu") -> None:
    """Write the image: `files` are those of userspace with their bytes, `objects` what `size` says of the kernel's."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [cpio.file(path, bytes(size)) for path, size in files.items()]
    archive = initramfs.compress(cpio.write([*entries, cpio.folder("proc")]))
    sections = {".linux": bytes(3000), ".initrd": archive, ".cmdline": b"quiet"}
    (folder / "hftos.efi").write_bytes(program(sections))
    (folder / "vmlinuz").write_bytes(bytes(3000))
    (folder / "initramfs.cpio.zst").write_bytes(archive)
    (folder / "kernel.objects").write_text(objects)
    components = [{"name": name, "kind": kind} for name, kind in KINDS.items()]
    manifest = {"version": "1.2.3", "profile": profile, "components": components}
    (folder / "manifest.json").write_text(json.dumps(manifest))
