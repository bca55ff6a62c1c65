"""The real image is built from the cache: a changed program runs three short steps, an unchanged one none."""

import shutil
import tempfile
import uuid
from pathlib import Path

import pytest

from hftos.compiling.build import build as build_modules
from image import build as builder
from image import buildroot, cache, compiled, disk, initramfs, kconfig, profile
from image.progress import Quiet

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what goes into the initramfs, free to be changed."""
    folder = tmp_path_factory.mktemp("sources")
    for package in initramfs.PACKAGES:
        shutil.copytree(builder.REPOSITORY / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (initramfs.CONFIG, "pyproject.toml"):
        shutil.copy(builder.REPOSITORY / name, folder)
    return folder


def build(sources: Path, output: Path) -> builder.Built:
    return builder.build("qemu", Quiet(), sources=sources, output=output)


def test_what_changed_decides_which_steps_run(sources: Path, tmp_path: Path) -> None:
    first = build(sources, tmp_path)
    kernel = first.kernel.stat()
    assert build(sources, tmp_path).steps_run == ()

    changed = sources / "hftapp/__main__.py"
    changed.write_text(changed.read_text() + f"\n_CHANGED = {uuid.uuid4().hex!r}\n")
    again = build(sources, tmp_path)
    assert again.steps_run == ("initramfs", "unified kernel image", "disk image")
    assert again.kernel.stat() == kernel, "the kernel was not even copied"


def test_the_effective_configuration_is_the_requested_one(sources: Path, tmp_path: Path) -> None:
    built = build(sources, tmp_path)
    config = (built.kernel.parent / "kernel.config").read_text()
    requests = {symbol.name: symbol.value for symbol in profile.load("qemu").symbols}

    assert kconfig.check(config, requests) == {}


def test_the_same_input_gives_the_same_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: Path) -> None:
    """Only the short steps are made twice; the build root, the kernel and the modules come from the cache."""

    first = build(sources, tmp_path / "first")
    fresh = tmp_path / "cache/hftos"
    fresh.mkdir(parents=True)
    for kind in ("buildroot", "linux", "kconfig", "kernel", compiled.KIND):
        if (cache.root() / kind).is_dir():
            (fresh / kind).symlink_to(cache.root() / kind)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    second = build(sources, tmp_path / "second")
    assert second.steps_run == ("initramfs", "unified kernel image", "disk image")
    for name in ("initramfs", "uki", "disk"):
        assert cache.hash_file(getattr(first, name)) == cache.hash_file(getattr(second, name)), name


def test_the_same_source_gives_the_same_machine_code(tmp_path: Path) -> None:
    """Wherever it is staged, and for the build root's Python whatever Python the host has."""
    tools = compiled.tools(buildroot.ensure(Quiet()))
    modules = ["hftapp.nic.port"]
    first, second = (
        build_modules(builder.REPOSITORY, modules, print, folder=tmp_path / name, tools=tools)["hftapp.nic.port"]
        for name in ("first", "second")
    )
    assert first != second
    assert first.read_bytes() == second.read_bytes()


def test_the_disk_is_the_same_whatever_file_system_it_is_made_on(sources: Path, tmp_path: Path) -> None:
    """A tmpfs and a disk list the files of a folder in different orders, and two disks may do so as well."""
    built = build(sources, tmp_path)
    root = buildroot.ensure(Quiet())
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", memory)
        again = disk.ensure(root, built.uki, Quiet())
        assert again.is_relative_to(memory)
        assert cache.hash_file(again) == cache.hash_file(built.disk)
