"""What --image may be, and what is said about everything else."""

import os
from pathlib import Path

import pytest

from hftos.configuring.installation import InstallationError
from hftos.configuring.opening import changing, open_installation
from image.esp import EspError
from image.progress import Quiet
from tests.hftos.configuring.installed import CURRENT, GOOD, UKI, install, uki
from tests.image.flash.disk_maker import loop


def host(path: Path, name: str = "") -> str:
    return open_installation(path, name, Quiet()).find().settings.host.name


def test_the_folder_of_a_partition(tmp_path: Path) -> None:
    install(tmp_path, {CURRENT: GOOD})
    assert host(tmp_path) == "changed"


def test_a_unified_kernel_image_with_what_lies_beside_it(tmp_path: Path) -> None:
    image = tmp_path / "built" / "my.efi"
    image.parent.mkdir()
    image.write_bytes(uki())
    assert host(image) == "own"
    open_installation(image, "", Quiet()).change(GOOD)
    assert host(image) == "changed"
    assert (tmp_path / "built/my.efi.extra.d/hftos.toml.cred").read_bytes() == GOOD


@pytest.mark.parametrize("place", ["my.efi", "EFI/Linux/my.efi"])
def test_of_the_folder_around_a_unified_kernel_image_only_its_own_files_are_looked_at(
    tmp_path: Path, place: str
) -> None:
    own = [place, f"{place}.extra.d/hftos.toml.cred", "loader/credentials/hftos.toml.cred"]
    for path in (*own, "photos/one.jpg", "EFI/Linux/other.efi.extra.d/hftos.toml.cred", f"{place}.bak"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(uki() if path == place else GOOD)
    installation = open_installation(tmp_path / place, "", Quiet())
    assert installation.partition.files() == sorted(own)
    assert installation.place("/.extra/credentials/hftos.toml.cred") == own[1]
    assert installation.find().settings.host.name == "changed"


def test_a_unified_kernel_image_on_a_mounted_partition_has_its_global_credentials(tmp_path: Path) -> None:
    install(tmp_path, {"loader/credentials/hftos.toml.cred": GOOD})
    assert host(tmp_path / UKI) == "changed"


def test_of_several_images_one_is_named(tmp_path: Path) -> None:
    install(tmp_path, {"EFI/Linux/other.efi": uki(b'[host]\nname = "other"\n')})
    with pytest.raises(InstallationError, match=r"has 2 images: choose with --uki: hftos.efi, other.efi"):
        host(tmp_path)
    assert host(tmp_path, "OTHER.EFI") == "other"
    assert host(tmp_path, "hftos.efi") == "own"
    with pytest.raises(InstallationError, match=r"has no EFI/Linux/nope.efi; it has: hftos.efi, other.efi"):
        host(tmp_path, "nope.efi")


@pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root")
def test_a_disk_is_kept_from_others_until_the_change_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    with loop(tmp_path / "disk") as device:
        with changing(device), pytest.raises(OSError, match="busy"):
            os.open(device, os.O_RDONLY | os.O_EXCL)
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match=r"has no EFI/Linux/\*\.efi: give a disk image, a disk"):
        host(tmp_path)


def test_no_such_path(tmp_path: Path) -> None:
    with pytest.raises(EspError, match=r"cannot be read \(No such file or directory\): give a disk image"):
        host(tmp_path / "none")


def test_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EspError, match="is neither a file nor a disk"):
        host(tmp_path / "pipe")


@pytest.mark.parametrize("content", [b"", b"[host]\nname = 1\n", bytes(1 << 16), bytes(range(256)) * 16])
def test_a_file_that_is_no_image(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image.buildroot.ensure", lambda _reporter: None)
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(EspError, match=r"has no partition table and no FAT file system: .*; flash it again"):
        host(tmp_path / "file")
