"""Commands run in a root folder with mounts of their own, which are gone afterwards."""

import shutil
from pathlib import Path

import pytest

from image import chroot
from image.errors import CommandFailedError
from rootfs import elf_closure


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder with a shell, `env`, `ls` and their libraries: the host's own."""
    folder = tmp_path_factory.mktemp("root")
    for name in ("mnt", "tmp", "proc", "dev"):
        (folder / name).mkdir()
    tools = [Path(shutil.which(name) or name).resolve() for name in ("sh", "env", "ls")]
    places = {f"usr/bin/{name}": tool for name, tool in zip(("sh", "env", "ls"), tools, strict=True)}
    places.update(elf_closure.closure(tools, Path("/")))
    for place, file in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return folder


def test_the_output_comes_back_and_line_by_line(root: Path) -> None:
    lines: list[str] = []
    assert chroot.run(root, ["sh", "-c", "echo one; echo two >&2"], on_line=lines.append) == "one\ntwo\n"
    assert lines == ["one", "two"]


def test_folders_and_files_of_the_host_appear_below_mnt(root: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("content")
    binds = {"d": tmp_path / "folder", "f": tmp_path / "file"}
    command = ["sh", "-c", "read -r line < /mnt/f || :; echo $line > made"]
    chroot.run(root, command, binds=binds, folder="/mnt/d")
    assert (tmp_path / "folder/made").read_text() == "content\n"


def test_nothing_stays_mounted_or_behind(root: Path, tmp_path: Path) -> None:
    chroot.run(root, ["sh", "-c", "echo x > /tmp/x; ls /proc /mnt/d"], binds={"d": tmp_path})
    assert str(root) not in Path("/proc/mounts").read_text()
    assert not list((root / "mnt").iterdir())
    assert not list((root / "tmp").iterdir())


def test_the_environment_is_the_given_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "yes")
    printed = chroot.run(root, ["env"], environment={"GIVEN": "1"}).splitlines()
    assert "GIVEN=1" in printed
    assert "SOURCE_DATE_EPOCH=0" in printed
    assert not any(line.startswith("LEAKED") for line in printed)


def test_a_failure_ends_with_the_last_lines(root: Path) -> None:
    with pytest.raises(CommandFailedError, match=r"sh failed with status 3; it ended with:\nbroken"):
        chroot.run(root, ["sh", "-c", "echo broken; exit 3"])


def test_a_caller_that_gives_up_does_not_wait_for_the_command(root: Path) -> None:
    def give_up(_line: str) -> None:
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        chroot.run(root, ["sh", "-c", "echo begun; while :; do :; done"], on_line=give_up)
