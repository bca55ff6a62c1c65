"""The unified kernel image: kernel, initramfs and command line in one EFI program (UAPI group specification 5)."""

import hashlib
import shutil
import struct
import tempfile
from pathlib import Path

from image import cache
from image.buildroot import BuildRoot
from image.errors import ImageError
from image.kernel import Kernel
from image.progress import Reporter

RECIPE = 2
BUILD = "hftos image build"
STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"


def os_release(release: str) -> str:
    """The `.osrel` section: what the boot loader shows (os-release(5))."""
    return f'NAME="Custom HFT OS"\nID=hftos\nVERSION_ID="{release}"\nPRETTY_NAME="Custom HFT OS {release}"\n'


def ensure(
    root: BuildRoot,
    kernel: Kernel,
    initramfs: Path,
    cmdline: str,
    release: str,
    reporter: Reporter,
    microcode: bytes = b"",
) -> Path:
    """The unified kernel image of these parts, made if the cache has none; `microcode` is an early archive."""
    name = cache.key(
        recipe=RECIPE,
        root=root.identity,
        kernel=cache.hash_file(kernel.image),
        initramfs=cache.hash_file(initramfs),
        cmdline=cmdline,
        os_release=os_release(release),
        microcode=hashlib.sha256(microcode).hexdigest() if microcode else None,
    )

    def make(out: Path) -> None:
        with reporter.step("unified kernel image"), tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            _make(root, Path(scratch), kernel, initramfs, cmdline, release, microcode)
            shutil.copyfile(Path(scratch) / "hftos.efi", out / "hftos.efi")

    folder, _ = cache.product("uki", name, make)
    return folder / "hftos.efi"


def without_dashes(cmdline: str) -> str:
    """The command line without the `--` before the program's arguments.

    The stub puts the words of addons behind it, and they are for the kernel. Words that the kernel does not know go to
    /init with and without dashes (Linux, init/main.c, `unknown_bootoption`).
    """
    return cmdline.replace(" -- ", " ", 1)


def sections(uki: Path, build: str = BUILD) -> dict[str, int]:
    """Name to bytes of every section of an EFI program, as stored. Raises ImageError for a file that is none.

    `build` is the command that would make it.
    """
    return {name: size for name, (_, size) in _section_table(uki, uki.read_bytes(), build).items()}


def read_section(uki: Path, name: str, build: str = BUILD) -> bytes:
    """The content of one section, with what pads it. Raises ImageError where there is none of that name."""
    data = uki.read_bytes()
    table = _section_table(uki, data, build)
    if name not in table:
        raise ImageError(f"{uki} has no section {name}, only {', '.join(table)}; run `{build}`")
    at, size = table[name]
    return data[at : at + size]


def _section_table(uki: Path, data: bytes, build: str) -> dict[str, tuple[int, int]]:
    """Name to offset and bytes (PE/COFF specification, "Section Table")."""
    try:
        (start,) = struct.unpack_from("<I", data, 0x3C)
        if data[:2] != b"MZ" or data[start : start + 4] != b"PE\0\0":
            raise ImageError(f"{uki} is no EFI program; run `{build}`")
        count, options = struct.unpack_from("<2xH12xH", data, start + 4)
        table = start + 24 + options
        rows = [struct.unpack_from("<8s8xII", data, table + 40 * i) for i in range(count)]
    except struct.error as error:
        raise ImageError(f"{uki} is truncated ({error}); run `{build}`") from error
    return {name.rstrip(b"\0").decode("ascii", "replace"): (at, size) for name, size, at in rows}


def _make(
    root: BuildRoot, work: Path, kernel: Kernel, initramfs: Path, cmdline: str, release: str, microcode: bytes
) -> None:
    (work / "cmdline").write_text(without_dashes(cmdline), encoding="utf-8")
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
    if microcode:
        (work / "microcode").write_bytes(microcode)
        command.append("--microcode=/mnt/work/microcode")
    root.run(command, binds={"work": work, "vmlinuz": kernel.image, "initramfs": initramfs})
