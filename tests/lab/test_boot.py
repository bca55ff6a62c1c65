"""What comes off a guest's console, and how the guest is put together."""

from pathlib import Path

import pytest

from lab import boot
from lab.boot import GuestError, LabGuest
from lab.kernels_for import Booted
from qemu.accel import Accelerator
from qemu.machine import DirectBoot
from rootfs import cpio

TCG = Accelerator("tcg", "test")


def test_the_result_is_taken_off_the_console(tmp_path: Path) -> None:
    console = tmp_path / "console"
    console.write_bytes(
        b'[    0.1] Linux \xff\r\nhftos: knobs: 9 set\r\nhftos: result {"gaps": 3}\r\nhftos: exit status 0\r\n'
    )
    assert boot.result(console) == {"gaps": 3}


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (b"", "nothing"),
        (b"Kernel panic - not syncing: no init\n", "Kernel panic - not syncing: no init"),
        (b"hftos: result {broken\n", "hftos: result {broken"),
        (b"one\n\ntwo\n", "one / two"),
    ],
)
def test_a_console_without_a_result_is_quoted(tmp_path: Path, said: bytes, end: str) -> None:
    console = tmp_path / "console"
    console.write_bytes(said)
    with pytest.raises(GuestError, match="printed no result; its console ends with: ") as caught:
        boot.result(console)
    assert str(caught.value).endswith(end)


def test_a_guest_that_never_wrote_a_console_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match="its console ends with: nothing"):
        boot.result(tmp_path / "none")


def test_the_variant_s_files_lie_over_the_image_and_its_words_before_the_program(tmp_path: Path) -> None:
    base = tmp_path / "initramfs.cpio.zst"
    base.write_bytes(b"image")
    booted = Booted(
        Path("vmlinuz"),
        Path("vmlinuz"),
        base,
        ("console=ttyS0", "nohz_full=1"),
        ("-m", "hftapp"),
        (cpio.file("modules/0-a.ko", b"M"),),
        {},
    )
    direct = boot.direct(booted, "[host]\n", "probe,seconds=1", tmp_path)
    assert direct.command_line == "console=ttyS0 nohz_full=1 hftos.harness=probe,seconds=1 -- -m hftapp"
    data = direct.initramfs.read_bytes()
    assert data.startswith(b"image\0\0\0" + cpio.MAGIC)  # at a multiple of four
    entries = {entry.path: entry.data for entry in cpio.read(data[8:])}
    assert entries["modules/0-a.ko"] == b"M"
    assert entries["etc/hftos.toml"] == b"[host]\n"


def argv(counted: bool, card: bool) -> str:
    guest = LabGuest(DirectBoot(Path("k"), Path("i"), "line"), TCG, counted, card)
    return " ".join(guest.argv(Path("c"), Path("/s/guest"), Path("/s/harness")))


def test_an_idle_guest_has_no_card_and_cpus_of_its_own() -> None:
    line = argv(counted=False, card=False)
    assert "thread=multi" in line
    assert "-netdev" not in line
    assert "-icount" not in line
    assert f"-smp {boot.CPUS}" in line


def test_a_counted_guest_has_the_trading_card_alone() -> None:
    line = argv(counted=True, card=True)
    assert "-icount shift=0,sleep=off" in line
    assert "hpet=off" in line
    assert line.count("-netdev") == 1
    assert "local.path=/s/guest,remote.type=unix,remote.path=/s/harness" in line


def test_a_machine_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    guest = LabGuest(DirectBoot(tmp_path / "no-kernel", tmp_path / "i", "line"), TCG, False, False)
    with pytest.raises(GuestError, match=r"QEMU ended with status 1: .*no-kernel"):
        boot.to_end(guest, tmp_path / "console", 30)
