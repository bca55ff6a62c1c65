"""`hftos flash` as an operator runs it, on files and loop devices."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from image.flash import cli, writing
from image.flash.cli import flash
from image.flash.layout import Layout
from tests.image.flash.disk_maker import gpt_disk, loop, mounted

SIZE = 16 << 20
MIB = 1 << 20
CTRL_C = b"\x03"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")
COMMAND = [sys.executable, "-m", "hftos.cli", "flash"]
ROOT = Path(__file__).resolve().parents[3]


def run(image: Path, device: Path | str, *options: str) -> Result:
    return CliRunner().invoke(flash, ["--image", str(image), "--device", str(device), *options])


def assert_flashed(content: bytes) -> None:
    """The image as it would be had it been made for a disk of this size."""
    expected = gpt_disk(len(content), [(2048, 4095, "hftos-esp")], bytes(range(1, 252)))
    assert content[: 8 * MIB] == expected[: 8 * MIB]
    assert content[-2 * MIB :] == expected[-2 * MIB :]


def test_a_file_is_flashed_and_compared(image: Path, target: Path) -> None:
    result = run(image, target, "--confirm", f"target-{SIZE}")
    assert result.exit_code == 0, result.output
    assert_flashed(target.read_bytes())
    assert "is flashed and was compared" in result.stdout
    for shown in (str(target), "16.0 MiB (16,777,216 bytes)", "nothing that is known", "hftos 9.9, colo"):
        assert shown in result.stderr
    again = run(image, target, "--confirm", f"target-{SIZE}")
    assert again.exit_code == 0
    assert "partition hftos-esp: 1.0 MiB, EFI system partition" in again.stderr


@needs_root
def test_a_loop_device_is_flashed_and_compared(image: Path, target: Path) -> None:
    with loop(target) as device:
        result = run(image, device, "--confirm", f"{device.name}-{SIZE}", "--json")
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert (told["ok"], told["state"], told["device"]["kind"]) == (True, "done", "loop device")
        assert told["compared_bytes"] >= told["image"]["bytes"] == 6 * MIB
        assert told["written_bytes"] + told["zeroed_bytes"] >= 6 * MIB
    assert_flashed(target.read_bytes())


def test_a_refusal_ends_with_1_and_changes_nothing(image: Path, target: Path) -> None:
    os.truncate(target, 4 * MIB)
    before = target.read_bytes()
    result = run(image, target, "--confirm", f"target-{4 * MIB}", "--json")
    assert result.exit_code == 1
    assert [row["name"] for row in json.loads(result.stdout)["refusals"]] == ["too-small"]
    assert "Refused: " in result.stderr
    assert "name a larger disk" in result.stderr
    assert target.read_bytes() == before


@needs_root
def test_a_mounted_disk_is_refused_although_it_is_confirmed(image: Path, target: Path, tmp_path: Path) -> None:
    with loop(target) as device, mounted(device, tmp_path / "mnt"):
        (tmp_path / "mnt/kept").write_text("data")
        result = run(image, device, "--confirm", f"{device.name}-{SIZE}")
        assert result.exit_code == 1
        assert f"is mounted on {tmp_path}/mnt; unmount it" in " ".join(result.stderr.split())
        assert (tmp_path / "mnt/kept").read_text() == "data"


def test_no_device_is_refused_with_how_to_name_one(image: Path) -> None:
    result = run(image, "")
    assert result.exit_code == 1
    assert "Refused: no device was named; name the disk: make flash DEV=/dev/…" in result.stderr


@pytest.mark.parametrize("options", [(), ("--confirm", "yes"), ("--confirm", "")])
def test_without_confirmation_nothing_is_written(image: Path, target: Path, options: tuple[str, ...]) -> None:
    before = target.read_bytes()
    result = run(image, target, *options)
    assert result.exit_code == 1
    assert f"target-{SIZE}" in result.stderr
    assert target.read_bytes() == before


def test_a_damaged_image_is_refused(image: Path, target: Path) -> None:
    before = target.read_bytes()
    with image.open("r+b") as file:
        file.seek(2 * MIB)
        file.write(b"!")
    result = run(image, target, "--confirm", f"target-{SIZE}")
    assert result.exit_code == 1
    assert "is damaged or another one" in result.stderr
    assert target.read_bytes() == before


def test_all_that_speaks_against_image_and_disk_is_told_at_once(image: Path, target: Path) -> None:
    with image.open("r+b") as file:
        file.seek(2 * MIB)
        file.write(b"!")
    os.truncate(target, 4 * MIB + 1)
    result = run(image, target, "--confirm", f"target-{4 * MIB + 1}", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["ok"], [row["name"] for row in told["refusals"]]) == (False, ["too-small", "odd-size", "image"])
    lines = result.stderr.splitlines()
    refused = [line for line in lines if line.startswith("Refused: ")]
    for line, text in zip(refused, ("is too small", "no whole sectors", "is damaged or another"), strict=True):
        assert text in line
    assert lines[0].split() == ["Device", str(target)], "what would be erased is shown"


@pytest.mark.parametrize("options", [["--image", "/nowhere/hftos.img"], ["--profile", "moon"]])
def test_without_an_image_the_disk_is_looked_at_all_the_same(options: list[str]) -> None:
    result = CliRunner().invoke(flash, [*options, "--device", "/dev/null"])
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first == "Refused: /dev/null is a character device, no disk; name a disk, or a file that stands for one"
    assert second.startswith(("Refused: the image /nowhere/hftos.img cannot be read", "Refused: no profile 'moon'"))


def test_a_damaged_image_is_not_flashed_onto_itself_either(image: Path) -> None:
    image.write_bytes(b"damaged".ljust(512))
    result = run(image, image, "--json")
    assert [row["name"] for row in json.loads(result.stdout)["refusals"]] == ["itself", "image"]


def test_the_image_is_not_flashed_onto_itself(image: Path) -> None:
    result = run(image, image, "--confirm", f"hftos.img-{6 * MIB}")
    assert result.exit_code == 1
    assert "is the image itself" in result.stderr


@needs_root
def test_nor_through_loop_devices(image: Path) -> None:
    before = image.read_bytes()
    with loop(image) as device, loop(device) as upper:
        for disk in (device, upper):
            result = run(image, disk, "--confirm", f"{disk.name}-{6 * MIB}")
            assert result.exit_code == 1
            assert f"{disk} shows the image itself" in result.stderr
    assert image.read_bytes() == before


@needs_root
def test_a_loop_device_whose_file_is_mounted_through_another_is_refused(
    image: Path, target: Path, tmp_path: Path
) -> None:
    with loop(target) as first, loop(target) as second, mounted(second, tmp_path / "mnt"):
        result = run(image, first, "--confirm", f"{first.name}-{SIZE}", "--json")
    assert result.exit_code == 1
    assert [row["name"] for row in json.loads(result.stdout)["refusals"]] == ["mounted", "held"]


def test_an_image_that_is_changed_while_it_is_flashed_gets_no_table(
    image: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(question: str) -> str:
        with image.open("r+b") as file:
            file.seek(2 * MIB)
            file.write(b"!")
        return f"target-{SIZE}"

    monkeypatch.setattr(cli, "_asker", lambda: changed)
    result = run(image, target)
    assert result.exit_code == 1
    assert "hftos.img was changed meanwhile: its SHA-256 was" in result.stderr
    assert "boots nothing: flash it again" in result.stderr
    assert b"EFI PART" not in target.read_bytes()


def test_an_unknown_profile(target: Path) -> None:
    result = CliRunner().invoke(flash, ["--profile", "moon", "--device", str(target)])
    assert result.exit_code == 1
    assert "no profile 'moon'" in result.output


def test_a_device_that_changes_between_the_question_and_the_answer(
    image: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(question: str) -> str:
        target.rename(target.with_name("old"))
        target.write_bytes(bytes(SIZE))
        return f"target-{SIZE}"

    monkeypatch.setattr(cli, "_asker", lambda: swapped)
    result = run(image, target)
    assert result.exit_code == 1
    assert "has changed since it was shown: nothing was written" in result.stderr
    assert target.read_bytes() == bytes(SIZE)


def test_a_disk_that_fails_is_told_with_what_is_on_it(
    image: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: writing.Target, layout: Layout, update: object, outcome: writing.Outcome) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(writing, "_write", full)
    result = run(image, target, "--confirm", f"target-{SIZE}")
    assert result.exit_code == 1
    assert f"{target} failed (Input/output error): it has no partition table" in result.stderr


def test_an_interrupt_says_what_is_on_the_disk(image: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(target: writing.Target, layout: Layout, update: object, outcome: writing.Outcome) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(writing, "_write", interrupted)
    result = run(image, target, "--confirm", f"target-{SIZE}")
    assert result.exit_code != 0
    assert "interrupted: it has no partition table and only a part of the image" in result.stderr
    assert b"EFI PART" not in target.read_bytes()


def on_a_terminal(arguments: list[str], answer: bytes) -> tuple[int, str]:
    """Run the program on a terminal of its own, answer the question; exit status and what was shown."""
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests may ignore it
        os.chdir(ROOT)
        os.execv(COMMAND[0], [*COMMAND, *arguments])
    shown, asked, tries = b"", False, 0
    poller = select.poll()
    poller.register(terminal, select.POLLIN)
    while True:
        # An interrupt between the question and the waiting for its answer is lost, as it is on any terminal.
        if asked and (not tries or (answer == CTRL_C and not poller.poll(200))):
            os.write(terminal, answer)
            tries += 1
            assert tries < 100, shown
        assert poller.poll(60_000), shown
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # EIO: the other end is closed
            break
        shown += piece
        asked = asked or (b"Type target-" in shown and shown.endswith(b": "))
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode(errors="replace")


def test_the_words_are_typed_on_a_terminal(image: Path, target: Path) -> None:
    status, shown = on_a_terminal(["--image", str(image), "--device", str(target)], f"target-{SIZE}\n".encode())
    assert status == 0, shown
    assert "Everything on it will be lost." in shown
    assert_flashed(target.read_bytes())


def test_ctrl_c_at_the_question(image: Path, target: Path) -> None:
    before = target.read_bytes()
    status, shown = on_a_terminal(["--image", str(image), "--device", str(target)], CTRL_C)
    assert (status, "nothing was written" in shown) == (130, True), shown
    assert target.read_bytes() == before


@needs_root
def test_the_list_shows_every_disk_and_what_speaks_against_it(target: Path, tmp_path: Path) -> None:
    with loop(target) as device, mounted(device, tmp_path / "mnt"):
        rows = json.loads(CliRunner().invoke(flash, ["--list", "--json"]).stdout)
        (row,) = [row for row in rows if row["path"] == str(device)]
        assert [one["name"] for one in row["refusals"]] == ["mounted"]
        assert row["parts"][0]["what"] == "ext4"
        table = CliRunner().invoke(flash, ["--list"]).stdout
        assert str(device) in table
        assert "is mounted on" in " ".join(table.split())


def test_make_names_the_device() -> None:
    """What `make flash DEV=…` would run; `setup` is left out as already done."""
    done = subprocess.run(
        ["make", "--dry-run", "--old-file=setup", "flash", "DEV=/dev/sdz"], cwd=ROOT, capture_output=True, text=True
    )
    assert '.venv/bin/hftos flash --device "/dev/sdz"' in done.stdout


def test_help_says_what_it_does() -> None:
    result = CliRunner().invoke(flash, ["--help"])
    assert result.exit_code == 0
    for option in ("--device", "--image", "--profile", "--confirm", "--list", "--json"):
        assert option in result.output
