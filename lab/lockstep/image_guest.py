"""The image itself as a guest, with a configuration and a harness program of its own choice."""

from dataclasses import dataclass
from pathlib import Path

from image import esp
from image.build import OUTPUT
from lab.lockstep import job
from qemu.accel import Accelerator
from qemu.machine import DirectBoot, Machine, Nic
from rootfs import cpio

COUNTED = Accelerator("tcg", "instructions are counted in emulation only")
_MEMORY_MIB = 1024


class MissingImageError(Exception):
    """The image has not been built."""


@dataclass(frozen=True, slots=True)
class ImageGuest:
    """The image in the machine of `hftos run`; `counted`: under icount; `skips_idle`, `iommu`: as in `Machine`."""

    boot: DirectBoot
    model: str
    accelerator: Accelerator
    counted: bool
    skips_idle: bool = True
    iommu: bool = True

    def argv(self, console: Path, local: Path, remote: Path) -> list[str]:
        """QEMU's command line; the management card's other end is `office` beside `local`, which need not be there."""
        folder = local.parent
        trading = Nic("trader", job.GUEST_MAC, local, remote, self.model)
        management = Nic("server", job.MANAGEMENT_MAC, folder / "server", folder / "office")
        return Machine(
            self.accelerator,
            self.boot,
            (trading, management),
            console,
            folder / "qmp",
            memory_mib=_MEMORY_MIB,
            icount=self.counted,
            skips_idle=self.skips_idle,
            iommu=self.iommu,
        ).argv()


def image_guest(
    folder: Path,
    port: str,
    harness: str,
    model: str,
    accelerator: Accelerator,
    *,
    counted: bool,
    skips_idle: bool = True,
    configuration: str = "",
    iommu: bool = True,
) -> ImageGuest:
    """The image on a NIC port, told to run `harness` (`NAME,KEY=VALUE…`) instead of trading.

    Its initramfs with the configuration is put into `folder`; `configuration`: another one than the job's.
    Raises MissingImageError where there is no image.
    """
    parameters, _, init = built("cmdline").read_text(encoding="utf-8").strip().partition(" -- ")
    text = configuration or job.image_config(port)
    initramfs = folder / "initramfs"
    config = cpio.file(esp.CONFIGURATION, text.encode())
    initramfs.write_bytes(cpio.appended(built("initramfs.cpio.zst").read_bytes(), [config]))
    line = f"{parameters} hftos.harness={harness} -- {init}"
    boot = DirectBoot(built("vmlinuz"), initramfs, line)
    return ImageGuest(boot, model, accelerator, counted, skips_idle, iommu)


def built(name: str) -> Path:
    """A file of the image. Raises MissingImageError where it has not been built."""
    path = OUTPUT / name
    if not path.is_file():
        raise MissingImageError(f"{path} is missing: run hftos image build")
    return path
