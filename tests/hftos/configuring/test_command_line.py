"""Words added to the kernel's command line by an addon beside the image."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hftos.configuring import command_line
from hftos.configuring.cli import config
from image import buildroot
from image.esp import FolderEsp
from tests.hftos.configuring.failing import FailingEsp, PowerFailure
from tests.hftos.configuring.installed import UKI, install, program

ADDON = f"{UKI}.extra.d/hftos.addon.efi"
NEW, ASIDE = f"{UKI}.extra.d/hftos.addon.new", f"{UKI}.extra.d/hftos.addon.old"
OURS = program({".cmdline": b"console=ttyS0 quiet -m hftapp\0"})


class Ukify:
    """Stands for the build root: makes the addon that its command line describes."""

    def run(self, command: Sequence[str], *, binds: Mapping[str, Path]) -> str:
        words = next(word.removeprefix("--cmdline=") for word in command if word.startswith("--cmdline="))
        (binds["work"] / command_line.NAME).write_bytes(addon(words))
        return ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(buildroot, "ensure", lambda _reporter: Ukify())
    return install(tmp_path, image=OURS)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(config, ["cmdline", "--image", *map(str, words)], catch_exceptions=False)


def addon(words: str) -> bytes:
    return program({".cmdline": words.encode()})


def added(folder: Path) -> list[str]:
    found: list[str] = json.loads(run(folder, "--json").stdout)["added"]
    return found


def test_the_images_own_words_are_shown(folder: Path) -> None:
    assert run(folder).stdout == "of the image: console=ttyS0 quiet -m hftapp\nadded: nothing\n"


def test_words_are_added_and_taken_away(folder: Path) -> None:
    assert run(folder, "--add", "debug", "--add", "printk.time=1").stdout.endswith("added: debug printk.time=1\n")
    run(folder, "--add", "printk.time=1", "--add", "console=ttyS1")
    assert added(folder) == ["debug", "printk.time=1", "console=ttyS1"]
    run(folder, "--remove", "printk.time", "--add", "printk.time=0")
    assert added(folder) == ["debug", "console=ttyS1", "printk.time=0"]
    run(folder, "--remove", "debug", "--remove", "console=ttyS1", "--remove", "printk.time")
    assert added(folder) == []
    assert not list((folder / ADDON).parent.iterdir())


@pytest.mark.parametrize("word", ["", "two words", "--", "-m", "=1", "a=\n", "a=ü", "a\0"])
def test_what_is_no_parameter_is_refused(folder: Path, word: str) -> None:
    result = run(folder, "--add", word)
    assert result.exit_code == 1
    assert "must be NAME or NAME=VALUE without blanks" in result.stderr


@pytest.mark.parametrize("word", ["init=/init", "rdinit=/bin/sh", "noinitrd"])
def test_a_word_that_would_keep_the_machine_from_starting_is_refused(folder: Path, word: str) -> None:
    result = run(folder, "--add", "debug", "--add", word)
    assert result.exit_code == 1
    assert "would keep the machine from starting" in result.stderr
    assert added(folder) == []
    run(folder, "--add", f"x{word}")
    assert added(folder) == [f"x{word}"]


def test_what_the_kernel_would_cut_off_is_refused(folder: Path) -> None:
    rest = 2047 - len("console=ttyS0 quiet -m hftapp ")
    result = run(folder, "--add", "a" * (rest + 1))
    assert result.exit_code == 1
    assert "the command line would have 2048 bytes, but the kernel takes 2047: add less" in result.stderr
    run(folder, "--add", "a" * rest)
    assert added(folder) == ["a" * rest]


def test_a_word_that_was_not_added_cannot_be_taken_away(folder: Path) -> None:
    run(folder, "--add", "debug")
    result = run(folder, "--remove", "quiet")
    assert result.exit_code == 1
    assert "'quiet' was not added: the addon has debug" in result.stderr


def test_an_image_that_hands_further_words_to_pid_1_is_refused(folder: Path) -> None:
    install(folder, image=program({".cmdline": b"quiet -- -m hftapp"}))
    result = run(folder, "--add", "debug")
    assert result.exit_code == 1
    assert "build and flash a new image" in result.stderr


def test_an_addon_that_is_damaged_is_named(folder: Path) -> None:
    (folder / ADDON).parent.mkdir()
    (folder / ADDON).write_bytes(b"MZ")
    result = run(folder)
    assert result.exit_code == 1
    assert "hftos.addon.efi" in result.stderr


@pytest.mark.parametrize("last", range(8))
@pytest.mark.parametrize(
    ("files", "add", "remove", "before", "after"),
    [
        ({}, ["debug"], [], [], ["debug"]),
        ({ADDON: b"debug"}, ["nosmt"], [], ["debug"], ["debug", "nosmt"]),
        ({ADDON: b"debug nosmt"}, [], ["debug"], ["debug", "nosmt"], ["nosmt"]),
        ({ADDON: b"debug"}, [], ["debug"], ["debug"], []),
        ({ADDON: b"debug", NEW: b""}, ["nosmt"], ["debug"], ["debug"], ["nosmt"]),
        ({ADDON: b"debug", ASIDE: b"older"}, ["nosmt"], [], ["debug"], ["debug", "nosmt"]),
        ({ADDON: b"debug", ASIDE: b"older"}, [], ["debug"], ["debug"], []),
        ({ASIDE: b"debug", NEW: b"debug nosmt"}, ["nosmt"], [], ["debug"], ["debug", "nosmt"]),
        ({ASIDE: b"debug"}, [], ["debug"], ["debug"], []),
    ],
)
def test_power_may_fail_at_any_moment(
    tmp_path: Path,
    files: dict[str, bytes],
    add: list[str],
    remove: list[str],
    before: list[str],
    after: list[str],
    last: int,
) -> None:
    """The machine boots with the old words or the new ones, or it is said which ones it lost; then the same change
    makes what was wanted."""
    install(tmp_path, {path: addon(words.decode()) for path, words in files.items()}, image=OURS)
    try:
        command_line.change(FailingEsp(tmp_path, last), UKI, add, remove, Ukify)  # type: ignore[arg-type]
    except PowerFailure:
        found = command_line.read(FolderEsp(tmp_path), UKI)
        if list(found.added) == after and after != before and not found.interrupted:
            return  # it was made
        if list(found.added) != before:
            assert found.added == ()
            assert found.interrupted.endswith(f"or add those of before: {' '.join(before)}")
        command_line.change(FolderEsp(tmp_path), UKI, add, remove, Ukify)  # type: ignore[arg-type]
    found = command_line.read(FolderEsp(tmp_path), UKI)
    assert (list(found.added), found.interrupted) == (after, "")
    assert command_line.fault(FolderEsp(tmp_path), UKI) is None
    assert [path.name for path in (tmp_path / ADDON).parent.iterdir()] == ([command_line.NAME] if after else [])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {ASIDE: addon("debug nosmt"), NEW: b"half"},
            "missing: a change of the added words was interrupted; make it again, or add those of before: debug nosmt",
        ),
        (
            {ADDON: addon("debug"), NEW: b"half"},
            "a change of the added words was interrupted, and did not take effect; make it again",
        ),
    ],
)
def test_an_interrupted_change_is_said_by_all_commands(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    install(tmp_path, files)
    runs = {name: CliRunner().invoke(config, [name, "--image", str(tmp_path)]) for name in ("show", "check", "cmdline")}
    assert f"{ADDON}: {said}\n" in runs["check"].stdout
    assert [run.exit_code for run in runs.values()] == [0, 1, 0]
    assert runs["show"].stderr.endswith(f"# {ADDON}: {said}\n")
    assert runs["cmdline"].stderr == f"hftos.addon.efi: {said}\n"
    shown = CliRunner().invoke(config, ["show", "--image", str(tmp_path), "--json"])
    assert json.loads(shown.stdout)["notices"] == [f"{ADDON}: {said}"]
    assert json.loads(run(tmp_path, "--json").stdout)["interrupted"] == said


def test_a_word_that_the_kernel_does_not_know_is_no_program_of_the_interpreters() -> None:
    """The kernel hands it to PID 1 behind the image's own words (init/main.c, `unknown_bootoption`)."""
    command = [sys.executable, "-S", "-B", "-m", "hftapp", "unknown"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr[:6]) == (2, "hftapp"), done.stderr
