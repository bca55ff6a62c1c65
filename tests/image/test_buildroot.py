"""The build root's command, what it says on a machine that lacks something, and what a lock means."""

import os
import shutil
from pathlib import Path

import pytest

from image import buildroot, cache, packages
from image.errors import BuildRootError, LockedVersionError
from image.mirror import Mirror
from image.progress import Quiet


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Replaces mmdebstrap by a build root with gcc 2 in it; the result collects the locks it was made under."""
    calls: list[dict[str, str]] = []

    def make(out: Path, reporter: object, wanted: dict[str, str]) -> None:
        calls.append(dict(wanted))
        (out / "root").mkdir()
        packages.write_lock({"gcc": "2"}, out / "packages")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(buildroot, "_make", make)
    return calls


def lock(tmp_path: Path, version: str) -> Path:
    path = tmp_path / "packages.lock"
    packages.write_lock({"gcc": version}, path)
    return path


def test_the_command_passes_the_mirror_and_its_key(tmp_path: Path) -> None:
    found = Mirror("http://mirror.example/debian", tmp_path / "key.gpg")
    command = buildroot.bootstrap_command(tmp_path / "root.tar", tmp_path / "pins", found)
    assert command[-3:] == ["trixie", str(tmp_path / "root.tar"), "http://mirror.example/debian"]
    assert f"--keyring={tmp_path / 'key.gpg'}" in command
    assert f"--mode={'root' if os.geteuid() == 0 else 'unshare'}" in command


def test_without_a_mirror_mmdebstrap_chooses(tmp_path: Path) -> None:
    command = buildroot.bootstrap_command(tmp_path / "root.tar", tmp_path / "pins", None)
    assert command[-2:] == ["trixie", str(tmp_path / "root.tar")]


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BuildRootError, match="install the packages: mmdebstrap debian-archive-keyring"):
        buildroot.check_host(tmp_path / "missing.gpg")


def test_a_build_root_is_made_once(made: list[dict[str, str]], tmp_path: Path) -> None:
    first = buildroot.ensure(Quiet(), lock=tmp_path / "none")
    assert buildroot.ensure(Quiet(), lock=tmp_path / "none") == first
    assert made == [{}]
    assert first.versions == {"gcc": "2"}
    assert first.identity == cache.key(versions={"gcc": "2"})


def test_a_version_that_is_gone_is_a_notice(made: list[dict[str, str]], tmp_path: Path) -> None:
    reporter = Quiet()
    buildroot.ensure(reporter, lock=lock(tmp_path, "1"))
    assert made == [{"gcc": "1"}]
    assert reporter.notices == ["1 packages differ from packages.lock, among them gcc: locked 1, installed 2"]


def test_a_version_that_is_gone_is_an_error_when_locked(made: list[dict[str, str]], tmp_path: Path) -> None:
    with pytest.raises(LockedVersionError, match="gcc: locked 1, installed 2"):
        buildroot.ensure(Quiet(), locked=True, lock=lock(tmp_path, "1"))


def test_locked_asks_the_mirror_when_the_cached_one_differs(made: list[dict[str, str]], tmp_path: Path) -> None:
    buildroot.ensure(Quiet(), lock=tmp_path / "none")
    with pytest.raises(LockedVersionError):
        buildroot.ensure(Quiet(), locked=True, lock=lock(tmp_path, "1"))
    assert made == [{}, {"gcc": "1"}]


def test_locked_with_the_locked_versions(made: list[dict[str, str]], tmp_path: Path) -> None:
    assert buildroot.ensure(Quiet(), locked=True, lock=lock(tmp_path, "2")).versions == {"gcc": "2"}


def test_locked_without_a_lock(made: list[dict[str, str]], tmp_path: Path) -> None:
    with pytest.raises(LockedVersionError, match="hftos image lock"):
        buildroot.ensure(Quiet(), locked=True, lock=tmp_path / "none")
