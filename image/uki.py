"""The unified kernel image: kernel, initramfs and command line in one EFI program (UAPI group specification 5)."""

import shutil
import tempfile
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from image.kernel import Kernel
from image.progress import Reporter

RECIPE = 1
STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"


def os_release(release: str) -> str:
    """The `.osrel` section: what the boot loader shows (os-release(5))."""
    return f'NAME="Custom HFT OS"\nID=hftos\nVERSION_ID="{release}"\nPRETTY_NAME="Custom HFT OS {release}"\n'


def ensure(root: BuildRoot, kernel: Kernel, initramfs: Path, cmdline: str, release: str, reporter: Reporter) -> Path:
    """The unified kernel image of these parts, made if the cache has none."""
    name = cache.key(
        recipe=RECIPE,
        root=root.identity,
        kernel=cache.hash_file(kernel.image),
        initramfs=cache.hash_file(initramfs),
        cmdline=cmdline,
        os_release=os_release(release),
    )

    def make(out: Path) -> None:
        with reporter.step("unified kernel image"), tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            _make(root, Path(scratch), kernel, initramfs, cmdline, release)
            shutil.copyfile(Path(scratch) / "hftos.efi", out / "hftos.efi")

    folder, _ = cache.product("uki", name, make)
    return folder / "hftos.efi"


def _make(root: BuildRoot, work: Path, kernel: Kernel, initramfs: Path, cmdline: str, release: str) -> None:
    (work / "cmdline").write_text(cmdline, encoding="utf-8")
    (work / "os-release").write_text(os_release(release), encoding="utf-8")
    command = [
        "ukify",
        "build",
        "--linux=/mnt/vmlinuz",
        "--initrd=/mnt/initramfs",
        "--cmdline=@/mnt/work/cmdline",
        "--os-release=@/mnt/work/os-release",
        f"--stub={STUB}",
        "--output=/mnt/work/hftos.efi",
    ]
    root.run(command, binds={"work": work, "vmlinuz": kernel.image, "initramfs": initramfs})
