"""The disk image: GPT with an EFI system partition that boots the unified kernel image, and a state partition.

systemd-repart writes it without loop devices or root. The file is sparse.

The files of the EFI system partition are copied in afterwards, one by one: repart would hand whole folders to mcopy,
which takes them in the order the host's file system lists them, and so another host would get another disk.
"""

import shutil
import struct
import tempfile
import uuid
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from image.progress import Reporter

RECIPE = 3
LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
# All identifiers of the partitions and file systems derive from it: the same input gives the same disk.
SEED = uuid.uuid5(uuid.NAMESPACE_URL, "urn:hftos:disk")
# UEFI firmware takes a FAT32 file system of less than about 260 MiB for FAT16 and then finds no loader.
ESP_BYTES = 288 << 20
STATE_BYTES = 64 << 20

# 1980-01-01, the first day FAT can express.
_DATE = "315532800"

_ESP = f"""[Partition]
Type=esp
Label=hftos-esp
Format=vfat
SizeMinBytes={ESP_BYTES}
SizeMaxBytes={ESP_BYTES}
"""
_STATE = f"""[Partition]
Type=linux-generic
Label=hftos-state
Format=ext4
SizeMinBytes={STATE_BYTES}
SizeMaxBytes={STATE_BYTES}
"""
_LOADER_CONF = "timeout 0\neditor no\n"
_FOLDERS = ("EFI", "EFI/BOOT", "EFI/Linux", "EFI/systemd", "loader")
# Place on the partition, and the file in the build root that goes there.
_FILES = (
    ("EFI/BOOT/BOOTX64.EFI", LOADER),
    ("EFI/Linux/hftos.efi", "/mnt/work/hftos.efi"),
    ("EFI/systemd/systemd-bootx64.efi", LOADER),
    ("loader/loader.conf", "/mnt/work/loader.conf"),
)
# UEFI specification 2.10, 5.3: the array of partition entries is in block 2; an entry's first block is its byte 32.
_FIRST_BLOCK_AT = 2 * 512 + 32


def ensure(root: BuildRoot, uki: Path, reporter: Reporter) -> Path:
    """The disk image that boots `uki`, made if the cache has none."""
    definitions = [_ESP, _STATE, _LOADER_CONF, str(SEED)]
    name = cache.key(recipe=RECIPE, root=root.identity, uki=cache.hash_file(uki), definitions=definitions)

    def make(out: Path) -> None:
        with reporter.step("disk image"), tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            work = Path(scratch)
            _lay_out(work, uki)
            _repart(root, work)
            (work / "hftos.img").rename(out / "hftos.img")

    folder, _ = cache.product("disk", name, make)
    return folder / "hftos.img"


def _lay_out(work: Path, uki: Path) -> None:
    """The definitions of the partitions, and the files that the build root does not have."""
    (work / "definitions").mkdir()
    (work / "definitions/10-esp.conf").write_text(_ESP, encoding="utf-8")
    (work / "definitions/20-state.conf").write_text(_STATE, encoding="utf-8")
    shutil.copyfile(uki, work / "hftos.efi")
    (work / "loader.conf").write_text(_LOADER_CONF, encoding="utf-8")


def _repart(root: BuildRoot, work: Path) -> None:
    command = [
        "systemd-repart",
        "--empty=create",
        "--dry-run=no",
        "--offline=yes",
        "--size=auto",
        "--definitions=/mnt/work/definitions",
        f"--seed={SEED}",
        "/mnt/work/hftos.img",
    ]
    environment = {
        "SOURCE_DATE_EPOCH": _DATE,
        "TMPDIR": "/mnt/work",
        "SYSTEMD_LOG_LEVEL": "warning",
        # The one identifier that repart leaves to chance.
        "SYSTEMD_REPART_MKFS_OPTIONS_EXT4": f"-E nodiscard,hash_seed={SEED}",
    }
    root.run(command, binds={"work": work}, environment=environment)
    _fill(root, work)


def _fill(root: BuildRoot, work: Path) -> None:
    """Put the folders and files on the first partition, in the order of the tables and with one date."""
    with (work / "hftos.img").open("rb") as disk:
        disk.seek(_FIRST_BLOCK_AT)
        (block,) = struct.unpack("<Q", disk.read(8))
    target = ["-i", f"/mnt/work/hftos.img@@{block * 512}"]
    commands = [["mmd", *target, *(f"::/{folder}" for folder in _FOLDERS)]]
    commands += [["mcopy", *target, source, f"::/{place}"] for place, source in _FILES]
    for command in commands:
        root.run(command, binds={"work": work}, environment={"SOURCE_DATE_EPOCH": _DATE})
