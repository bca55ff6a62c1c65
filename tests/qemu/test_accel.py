"""The accelerator's choice: a device alone proves nothing, a guest that ran does."""

import json
from pathlib import Path

import pytest

from qemu import accel
from qemu.accel import Accelerator, decide, find, remembered, runs_boot_sector

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
    assert chosen.not_quotable == "a virtual machine"
    assert chosen.argv() == ["-accel", "kvm"]


def test_a_boot_sector_that_does_not_run_means_emulation(device: Path) -> None:
    chosen = decide(device, None, lambda name: "it hung", never)
    assert chosen.name == "tcg"
    assert "it hung" in chosen.reason
    assert chosen.not_quotable == "emulated"
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


def test_a_broken_accelerator_is_reported_with_qemus_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(accel._ARGUMENTS, "broken", ("-accel", "none-such"))
    said = str(runs_boot_sector("broken"))
    assert said.startswith("the boot sector ended with status 1: ")
    assert "none-such" in said


def test_answers_are_kept_with_the_other_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which is invalid and ignored
    assert accel.cache_file() == Path.home() / ".cache/hftos/accel.json"


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    path = tmp_path / "vmlinuz"
    path.write_bytes(b"kernel")
    return path


def test_an_answer_is_kept_for_the_same_kernel_and_boot(tmp_path: Path, kernel: Path) -> None:
    kept, probes = tmp_path / "cache" / "accel.json", []

    def probe() -> Accelerator:
        probes.append(1)
        return Accelerator("tcg", "it hung")

    assert remembered(kept, kernel, probe) == Accelerator("tcg", "it hung")
    again = remembered(kept, kernel, probe)
    assert (again.name, again.reason.startswith("it hung (probed earlier"), len(probes)) == ("tcg", True, 1)
    kernel.write_bytes(b"another kernel")
    remembered(kept, kernel, probe)
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"boot": "before"}))
    remembered(kept, kernel, probe)
    assert len(probes) == 3


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null"])
def test_a_damaged_cache_means_a_probe(tmp_path: Path, kernel: Path, content: str) -> None:
    (tmp_path / "accel.json").write_text(content)
    assert remembered(tmp_path / "accel.json", kernel, lambda: Accelerator("kvm", "ran")) == Accelerator("kvm", "ran")


def test_a_cache_that_cannot_be_written_is_no_error(kernel: Path) -> None:
    assert remembered(kernel / "accel.json", kernel, lambda: Accelerator("kvm", "ran")).name == "kvm"


def test_a_kernel_that_hangs_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch, kernel: Path) -> None:
    monkeypatch.setattr(accel, "_run", lambda arguments, seconds: (None, ""))
    text = accel.runs_kernel("kvm", kernel)
    assert text == "the kernel was not up within 5 s and had said nothing on its console"
