"""Debian's kernels: which one it is, and that its modules are loaded after those they need."""

import os
from pathlib import Path

import pytest

from image import mirror
from lab.lockstep import kernels
from lab.lockstep.kernels import KernelError, module_order

MODULES = {"net_failover": ["failover"], "failover": [], "virtio_net": ["net_failover", "virtio_ring"], "other": []}


def test_each_module_comes_after_what_it_needs_and_nothing_else_comes() -> None:
    # virtio_ring is no module here: it is in the kernel
    assert module_order(MODULES, ["virtio_net", "virtio_pci"]) == ["failover", "net_failover", "virtio_net"]


def test_no_module_is_loaded_twice() -> None:
    assert module_order(MODULES, ["failover", "net_failover", "failover"]) == ["failover", "net_failover"]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kernels that were downloaded: the newer one before the older one, and others; the mirror cannot be reached."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(mirror.ENVIRONMENT, "http://mirror.invalid/debian")
    folder = tmp_path / "hftos" / "debian-kernel"
    for age, package in enumerate(("image-6.12.41-amd64", "image-6.12.43-amd64", "image-6.12.43-rt-amd64")):
        keep(folder / kernels._key(f"linux-{package}"), f"linux-{package} 6.12-1", age)
    keep(folder / "of-another-suite", "linux-image-6.1-amd64 6.1-1", 9)

    def unreachable(command: list[str], _folder: Path) -> str:
        raise KernelError("apt-cache failed with status 100: E: No packages found")

    monkeypatch.setattr(kernels, "_run", unreachable)
    return folder


def keep(folder: Path, package: str, age: int) -> None:
    folder.mkdir(parents=True)
    (folder / "package").write_text(f"{package}\n")
    for name in ("10-virtio_net.ko", "9-failover.ko"):
        (folder / name).touch()
    os.utime(folder, (age, age))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("metapackage", "package"),
    [
        ("linux-image-amd64", "linux-image-6.12.43-amd64 6.12-1"),
        ("linux-image-rt-amd64", "linux-image-6.12.43-rt-amd64 6.12-1"),
    ],
)
def test_without_a_mirror_it_is_the_one_used_last_and_that_is_said(metapackage: str, package: str) -> None:
    said: list[str] = []
    found = kernels.ensure(metapackage, say=said.append)
    assert found.package == package
    assert [path.name for path in found.modules] == ["9-failover.ko", "10-virtio_net.ko"]
    assert said == [found.note]
    assert found.note.startswith(f"{metapackage}: {package}, the one used last, for no other can be had (apt")


@pytest.mark.usefixtures("kept")
def test_one_that_is_wanted_and_was_kept_needs_no_mirror() -> None:
    said: list[str] = []
    found = kernels.ensure("linux-image-amd64", "linux-image-6.12.41-amd64 6.12-1", said.append)
    assert (found.package, found.note, said) == ("linux-image-6.12.41-amd64 6.12-1", "", [])


def test_without_a_mirror_and_with_none_kept_the_reason_is_apt_s(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    with pytest.raises(KernelError, match="No packages found"):
        kernels.ensure("linux-image-amd64", "linux-image-6.12.41-amd64 6.12-1")
