"""A run that cannot be measured is a result with its reason, so that the other runs go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import guest, kernels_for
from lab.kernels_for import Booted
from lab.lockstep.kernels import DebianKernel, KernelError
from lab.model import Result, Run, Variant, Workload, result_from
from lab.runner import attempt
from lab.storage import Folder
from qemu.accel import Accelerator
from tests.lab.test_workloads import IDLE

RUN = Run(3, Variant("debian", kernel="debian"), 2, Workload("idle", seconds=1.0))
BOOTED = Booted(Path("k"), Path("k"), Path("i"), ("quiet",), (), (), {"package": "linux-image 6.12"})


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.kernels_for.ensure", lambda _variant, _say: BOOTED)
    monkeypatch.setattr("qemu.accel.find", lambda _kernel: Accelerator("tcg", "because"))
    monkeypatch.setattr("lab.guest._boot", lambda *_: None)


def say(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any]) -> None:
    monkeypatch.setattr("lab.boot.result", lambda _console: found)


def test_what_the_guest_said_becomes_the_result(tmp_path: Path, booted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = IDLE["boot"] | {"uname": "Linux 6.12", "cmdline": "quiet"}
    say(monkeypatch, IDLE | {"boot": boot})
    found = guest.measure(RUN, tmp_path)
    assert not found.error
    assert found.run == RUN
    assert found.metrics["loc_per_s"] == 0.5
    assert [row["name"] for row in found.knobs] == ["nohz_full", "sched_policy"]
    assert found.machine["uname"] == "Linux 6.12"
    assert found.machine["package"] == "linux-image 6.12"
    assert found.machine["accelerator"] == "tcg"
    assert result_from(found.as_dict()) == found


def test_a_result_that_is_not_whole_is_an_error(tmp_path: Path, booted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, {"seconds": 1.0})
    (tmp_path / "debian.2.console").write_text("hftos: result {}\n")
    found = guest.measure(RUN, tmp_path)
    assert found == Result(
        RUN, error="the guest's result is not whole: KeyError('thread'); its console ends with: hftos: result {}"
    )


def test_what_goes_wrong_before_is_not_taken_for_a_result_that_is_not_whole(
    tmp_path: Path, booted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("no such card")

    monkeypatch.setattr("lab.guest._boot", fails)
    assert attempt(guest.measure, RUN, tmp_path, lambda _text: None).error == "ValueError: no such card"


def test_a_kernel_that_cannot_be_had_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_variant: Variant, _say: Callable[[str], None]) -> Booted:
        raise KernelError("no Debian mirror is known here")

    monkeypatch.setattr("lab.kernels_for.ensure", fail)
    assert guest.measure(RUN, tmp_path).error == "no Debian mirror is known here"


def test_every_variant_is_prepared_and_a_failure_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def ensure(variant: Variant, _say: Callable[[str], None]) -> Booted:
        seen.append(variant.name)
        if variant.kernel == "debian-rt":
            raise KernelError("gone")
        return BOOTED

    monkeypatch.setattr("lab.kernels_for.ensure", ensure)
    guest.prepare([Variant("a"), Variant("b")])
    assert seen == ["a", "b"]
    with pytest.raises(KernelError, match="gone"):
        guest.prepare([Variant("rt", kernel="debian-rt")])


def test_what_is_added_to_an_experiment_is_of_the_kernels_of_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ensure(metapackage: str, preferred: str, _say: Callable[[str], None]) -> DebianKernel:
        asked.append(preferred)
        return DebianKernel(preferred, Path("vmlinuz"), (), Path("config"))

    monkeypatch.setattr("lab.lockstep.kernels.ensure", ensure)
    monkeypatch.setattr(kernels_for, "_debian", {})
    monkeypatch.setattr(kernels_for, "_preferred", {})
    monkeypatch.setattr("lab.kernels_for.ensure", lambda variant, say: kernels_for.debian(variant.kernel, say))
    prepare = guest.preparing(tmp_path)
    Folder(tmp_path).write_result(Result(RUN, machine={"package": "linux-image-6.12 6.12.41-1"}))
    for _ in range(2):
        prepare([RUN.variant], lambda _text: None)
    assert asked == ["linux-image-6.12 6.12.41-1"]
