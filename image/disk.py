"""The disk image: GPT with an EFI system partition that boots the unified kernel image, and a state partition.

systemd-repart writes it without loop devices or root. The file is sparse.
"""

import shutil
import tempfile
import uuid
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from image.progress import Reporter

RECIPE = 2
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
CopyFiles=/mnt/work/esp:/
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
    """The content of the EFI system partition, without the loader, and the partitions' definitions."""
    for folder in ("esp/EFI/BOOT", "esp/EFI/systemd", "esp/EFI/Linux", "esp/loader", "definitions"):
        (work / folder).mkdir(parents=True)
    shutil.copyfile(uki, work / "esp/EFI/Linux/hftos.efi")
    (work / "esp/loader/loader.conf").write_text(_LOADER_CONF, encoding="utf-8")
    (work / "definitions/10-esp.conf").write_text(_ESP, encoding="utf-8")
    (work / "definitions/20-state.conf").write_text(_STATE, encoding="utf-8")


def _repart(root: BuildRoot, work: Path) -> None:
    binds = {"work": work}
    for place in ("BOOT/BOOTX64.EFI", "systemd/systemd-bootx64.efi"):
        root.run(["cp", LOADER, f"/mnt/work/esp/EFI/{place}"], binds=binds)
    # FAT keeps the times of the files it is given.
    root.run(["find", "/mnt/work/esp", "-exec", "touch", "-h", "-d", f"@{_DATE}", "{}", "+"], binds=binds)
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
    root.run(command, binds=binds, environment=environment)
