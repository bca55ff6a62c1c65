"""What `--image` names: a disk image, a disk, a unified kernel image, or the folder of an EFI system partition."""

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from hftos.configuring.installation import LOADER, Installation, InstallationError
from image import buildroot, cache, esp
from image.esp import Esp, EspError, FatEsp, FolderEsp
from image.progress import Reporter

_UKI_FOLDER = "EFI/Linux"
_SUFFIX = ".efi"


def open_installation(path: Path, uki: str, reporter: Reporter) -> Installation:
    """The installation at `path`; `uki` names one of several unified kernel images, empty: the only one.

    Raises EspError and InstallationError, whose texts say what the path is instead; BuildRootError where the build
    root, whose tools write to disks, is not there and cannot be made.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _in(FolderEsp(path), uki)
        if not stat.S_ISREG(mode) and not stat.S_ISBLK(mode):
            raise EspError(f"{path} is neither a file nor a disk: {_WANTED}")
        with path.open("rb") as stream:
            is_program = stream.read(2) == b"MZ"
        if is_program:
            return _beside(path)
        return _in(FatEsp(buildroot.ensure(reporter), path, esp.offset_in(path)), uki)
    except OSError as error:
        raise EspError(f"{path} cannot be read ({error.strerror or error}): {_WANTED}") from error


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """One change of this user's at a time, from reading what there is to the last rename. Raises EspError.

    A change takes several steps, and the file systems in disk images have no locks of their own. A disk is kept from
    being mounted meanwhile.
    """
    with ExitStack() as held:
        try:
            held.enter_context(cache.lock("configuration", cache.root()))
        except OSError as error:
            text = f"{cache.root()} cannot be written to ({error.strerror or error}): set XDG_CACHE_HOME"
            raise EspError(text) from error
        held.enter_context(esp.alone(path))
        yield


_WANTED = "give a disk image, a disk, a unified kernel image, or the folder of an EFI system partition"


def _beside(path: Path) -> Installation:
    """A unified kernel image in a folder: that of a partition when it is where a boot loader finds it, or any other.

    Any other may be a home folder: what is none of the image's is not looked at.
    """
    path = path.resolve()
    folder, uki = path.parent, path.name
    if PurePosixPath(*folder.parts[-2:]) == PurePosixPath(_UKI_FOLDER):
        folder, uki = folder.parents[1], f"{_UKI_FOLDER}/{path.name}"
    return Installation(FolderEsp(folder, (uki, f"{uki}.extra.d", LOADER)), uki)


def _in(partition: Esp, wanted: str) -> Installation:
    """The unified kernel image that `wanted` names, or the only one."""
    found = []
    for file in partition.files():
        folder, _, name = file.rpartition("/")
        if folder.lower() == _UKI_FOLDER.lower() and name.lower().endswith(_SUFFIX):
            found.append(file)
    names = [file.rpartition("/")[2] for file in found]
    if not found:
        raise InstallationError(f"{partition.label} has no {_UKI_FOLDER}/*{_SUFFIX}: {_WANTED}")
    if not wanted and len(found) > 1:
        raise InstallationError(f"{partition.label} has {len(found)} images: choose with --uki: {', '.join(names)}")
    chosen = [file for file, name in zip(found, names, strict=True) if not wanted or name.lower() == wanted.lower()]
    if not chosen:
        raise InstallationError(f"{partition.label} has no {_UKI_FOLDER}/{wanted}; it has: {', '.join(names)}")
    return Installation(partition, chosen[0])
