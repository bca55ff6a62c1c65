"""CPU microcode for the image: the vendors' files as one uncompressed archive that the kernel reads before all else.

The kernel looks for two names in it (kernel documentation, "The Linux Microcode Loader"): `GenuineIntel.bin` is all of
Intel's files one after the other, `AuthenticAMD.bin` all of AMD's. The files are not ours to ship: whoever builds an
image gives them.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

from image.errors import MicrocodeError
from rootfs import cpio
from rootfs.errors import RootfsError

FOLDER = "kernel/x86/microcode"
INTEL, AMD = f"{FOLDER}/GenuineIntel.bin", f"{FOLDER}/AuthenticAMD.bin"
_REMEDY = "give intel-ucode or amd-ucode files, the folder that holds them, or an early microcode archive (cpio)"
# arch/x86/include/asm/microcode.h and amd.c of the kernel: version 1 of Intel's header; AMD's container's magic.
_INTEL_HEADER = struct.Struct("<9I12x")
_AMD_MAGIC = b"DMA\0"
_INTEL_DEFAULT = 2048  # bytes of an update whose header says 0


def load(path: Path) -> bytes:
    """The early archive of the microcode at `path`: a file, a folder of files, or such an archive itself.

    Raises MicrocodeError naming the file and the remedy when there is none, or one that is damaged.
    """
    if not path.exists():
        raise MicrocodeError(f"there is no {path}; {_REMEDY}")
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found: dict[str, bytes] = {}
    for file in files:
        for place, data in _read(file, sole=file == path).items():
            found[place] = found.get(place, b"") + data
    if not found:
        raise MicrocodeError(f"{path} holds no microcode; {_REMEDY}")
    return cpio.write(cpio.file(place, data) for place, data in sorted(found.items()))


def describe(archive: bytes) -> dict[str, int]:
    """Vendor to bytes of the microcode in an archive that `load` made."""
    return {Path(e.path).stem: len(e.data) for e in cpio.read(archive) if e.path in (INTEL, AMD)}


def _read(file: Path, *, sole: bool) -> Mapping[str, bytes]:
    """Place to content of one file; what lies beside microcode in a folder (a licence) is passed over."""
    data = file.read_bytes()
    if data.startswith(cpio.MAGIC):
        return _archived(file, data)
    if data.startswith(_AMD_MAGIC):
        return {AMD: data}
    if _INTEL_HEADER.size <= len(data) and data[:4] == b"\1\0\0\0":
        _check_intel(file, data)
        return {INTEL: data}
    if sole:
        raise MicrocodeError(f"{file} is no microcode: it starts with {data[:4]!r}; {_REMEDY}")
    return {}


def _archived(file: Path, data: bytes) -> Mapping[str, bytes]:
    try:
        found = {entry.path: entry.data for entry in cpio.read(data) if entry.path in (INTEL, AMD)}
    except RootfsError as error:
        raise MicrocodeError(f"{file} is a damaged archive ({error}); {_REMEDY}") from error
    if not found:
        raise MicrocodeError(f"{file} holds neither {INTEL} nor {AMD}; {_REMEDY}")
    return found


def _check_intel(file: Path, data: bytes) -> None:
    """Every update in the file is complete and its 32-bit words add up to 0 (Intel SDM volume 3, 10.11.1)."""
    at = 0
    while at < len(data):
        part = data[at:]
        size = (_INTEL_HEADER.unpack_from(part)[8] or _INTEL_DEFAULT) if len(part) >= _INTEL_HEADER.size else 0
        if size < _INTEL_HEADER.size or size % 4 or size > len(part):
            raise MicrocodeError(f"{file} is damaged at byte {at}: an update of {size} bytes; {_REMEDY}")
        if sum(struct.unpack(f"<{size // 4}I", part[:size])) & 0xFFFFFFFF:
            raise MicrocodeError(f"{file} is damaged: the update at byte {at} has a wrong checksum; {_REMEDY}")
        at += size
