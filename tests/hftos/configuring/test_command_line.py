"""Words added to the kernel's command line by an addon beside the image."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hftos.configuring import command_line
from hftos.configuring.cli import config
from image import buildroot
from tests.hftos.configuring.installed import UKI, install, program

ADDON = f"{UKI}.extra.d/hftos.addon.efi"
OURS = program({".cmdline": b"console=ttyS0 quiet -m hftapp\0"})


class Ukify:
    """Stands for the build root: makes the addon that its command line describes."""

    def run(self, command: Sequence[str], *, binds: Mapping[str, Path]) -> str:
        words = next(word.removeprefix("--cmdline=") for word in command if word.startswith("--cmdline="))
        (binds["work"] / command_line.NAME).write_bytes(program({".cmdline": words.encode()}))
        return ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(buildroot, "ensure", lambda _reporter: Ukify())
    return install(tmp_path, image=OURS)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(config, ["cmdline", "--image", *map(str, words)], catch_exceptions=False)


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
