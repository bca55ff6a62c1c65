"""The accelerator's choice: a device alone proves nothing, a guest that ran does."""

import os
from pathlib import Path

import pytest

from qemu import accel
from qemu.accel import Accelerator, decide, find, runs_boot_sector

KERNEL = Path("/boot/vmlinuz")


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "kvm"
    path.touch()
    return path


def never(*_: object) -> str | None:
    """A probe that must not be made."""
    raise AssertionError("probed")


def test_kvm_is_taken_when_its_guests_run(device: Path) -> None:
    chosen = decide(device, KERNEL, never, lambda name, kernel: None)
    assert chosen == decide(device, None, lambda name: None, never)
    assert chosen == Accelerator("kvm", "a guest ran to its end under KVM")
    assert chosen.quotable
    assert chosen.argv() == ["-accel", "kvm"]


def test_a_boot_sector_that_does_not_run_means_emulation(device: Path) -> None:
    chosen = decide(device, None, lambda name: "it hung", never)
    assert chosen.name == "tcg"
    assert "it hung" in chosen.reason
    assert not chosen.quotable
    assert chosen.argv() == ["-accel", "tcg,thread=multi"]


def test_a_kernel_that_does_not_come_up_means_emulation(device: Path) -> None:
    chosen = decide(device, KERNEL, never, lambda name, kernel: f"{kernel} hung")
    assert chosen.name == "tcg"
    assert f"{KERNEL} hung" in chosen.reason


def test_a_missing_device_means_emulation_without_a_probe(tmp_path: Path) -> None:
    chosen = decide(tmp_path / "kvm", None, never, never)
    assert (chosen.name, "does not exist" in chosen.reason) == ("tcg", True)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    find.cache_clear()
    monkeypatch.setenv(accel.OVERRIDE, "kvm")
    assert find() == Accelerator("kvm", "HFTOS_ACCEL=kvm")
    find.cache_clear()
    monkeypatch.setenv(accel.OVERRIDE, "xen")
    with pytest.raises(ValueError, match="'xen': must be kvm or tcg"):
        find()
    find.cache_clear()


def test_the_boot_sector_runs_under_emulation() -> None:
    assert runs_boot_sector("tcg") is None


def test_a_broken_accelerator_is_reported_with_qemus_words() -> None:
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        assert runs_boot_sector("kvm") is None or "boot sector" in str(runs_boot_sector("kvm"))
    else:
        assert "boot sector ended with status 1" in str(runs_boot_sector("kvm"))
