"""What each variant boots: whose kernel, told what, with which files."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from image.progress import Reporter
from lab import kernels_for
from lab.kernels_for import Booted, Saying, tolerant
from lab.lockstep.kernels import DebianKernel
from lab.model import Result, Run, Variant, Workload


@pytest.fixture
def ensure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Variant], Booted]:
    """`kernels_for.ensure` with nothing built or fetched: files of this test stand for kernels and image."""

    def touch(name: str, content: str = "") -> Path:
        path = tmp_path / name
        path.write_text(content or name, encoding="utf-8")
        return path

    def image(name: str, _reporter: Reporter) -> Any:
        return SimpleNamespace(kernel=touch(f"{name}-vmlinuz"), initramfs=touch(f"{name}-initramfs"))

    def debian(metapackage: str, preferred: str, _say: Callable[[str], None]) -> DebianKernel:
        modules = (touch("0-failover.ko"), touch("10-af_packet.ko"))
        note = "" if preferred else "the one used last"
        return DebianKernel(preferred or f"{metapackage} 6.12-1", touch(metapackage), modules, touch("config"), note)

    monkeypatch.setattr(kernels_for, "_images", {})
    monkeypatch.setattr(kernels_for, "_debian", {})
    monkeypatch.setattr(kernels_for, "_preferred", {})
    monkeypatch.setattr("image.build.build", image)
    monkeypatch.setattr("lab.lockstep.kernels.ensure", debian)
    monkeypatch.setattr("image.buildroot.ensure", lambda _reporter: None)
    monkeypatch.setattr(
        "image.kernel.ensure", lambda _root, _chosen, _reporter: SimpleNamespace(image=touch("variant-vmlinuz"))
    )
    return kernels_for.ensure


def knobs(booted: Booted) -> dict[str, dict[str, Any]]:
    (file,) = (entry for entry in booted.files if entry.path == "etc/hftos/knobs.json")
    return {row["name"]: row for row in json.loads(file.data)["knobs"]}


def test_this_project_s_kernel_has_its_profile_s_words(ensure: Callable[[Variant], Booted]) -> None:
    found = ensure(Variant("base"))
    assert found.image.name == "qemu-vmlinuz"
    assert "console=ttyS0" in found.words
    assert "nohz_full=1" in found.words
    assert found.init[-1] == "hftapp"
    assert knobs(found)["nohz_full"]["value"] == "1"


def test_a_level_changes_the_word_and_the_row(ensure: Callable[[Variant], Booted]) -> None:
    found = ensure(Variant("v", levels={"nohz_full": "unset"}))
    assert not any(word.startswith("nohz_full") for word in found.words)
    assert knobs(found)["nohz_full"]["value"] == "unset"


def test_a_word_that_this_project_s_kernel_does_not_know_is_no_argument_of_the_interpreter(
    ensure: Callable[[Variant], Booted],
) -> None:
    found = ensure(Variant("v", levels={"nosoftlockup": "set"}))
    assert "nosoftlockup=" in found.words
    assert all("=" in word or "." in word for word in found.words)
    assert knobs(found)["nosoftlockup"]["value"] == "set"


def test_a_level_of_the_kernel_s_configuration_builds_one(ensure: Callable[[Variant], Booted]) -> None:
    found = ensure(Variant("v", levels={"HZ": "1000"}))
    assert found.image.name == "variant-vmlinuz"
    assert all("=" in word or "." in word for word in found.words)


@pytest.mark.parametrize(
    ("kernel", "package"), [("debian", "linux-image-amd64"), ("debian-rt", "linux-image-rt-amd64")]
)
def test_debian_s_kernels_get_their_modules_and_nothing_of_the_profile(
    ensure: Callable[[Variant], Booted], kernel: str, package: str
) -> None:
    found = ensure(Variant("v", kernel=kernel))
    assert found.image.name == package
    assert found.words == kernels_for.PLAIN
    assert [entry.path for entry in found.files if entry.path.startswith("modules/")] == [
        "modules/0-failover.ko",
        "modules/10-af_packet.ko",
    ]
    assert {row["value"] for row in knobs(found).values()} == {"unset"}
    assert not any(row["layer"] == "kconfig" for row in knobs(found).values())
    assert found.machine["package"] == f"{package} 6.12-1"


def test_debian_s_kernel_is_the_one_that_most_results_are_of(ensure: Callable[[Variant], Booted]) -> None:
    def result(package: str, kernel: str = "debian") -> Result:
        return Result(Run(0, Variant("v", kernel=kernel), 1, Workload()), machine={"package": package})

    results = [result("six 1"), result("six 2"), result("six 2"), result("rt 3", "debian-rt")]
    kernels_for.prefer(kernels_for.packages(results))
    found = ensure(Variant("v", kernel="debian"))
    assert (found.machine["package"], found.notes) == ("six 2", ())
    assert ensure(Variant("v", kernel="debian-rt")).machine["package"] == "rt 3"


def test_what_is_to_be_said_of_a_kernel_is_in_its_results(ensure: Callable[[Variant], Booted]) -> None:
    kernels_for.prefer({})
    assert ensure(Variant("v", kernel="debian")).notes == ("the one used last",)
    assert ensure(Variant("v")).notes == ()


def test_debian_s_kernels_tuned_by_hand_get_what_the_variant_names(ensure: Callable[[Variant], Booted]) -> None:
    levels = {"nohz_full": "{isolated}", "rcu_nocb_poll": "set", "vm.stat_interval": "10"}
    found = ensure(Variant("v", kernel="debian", levels=levels))
    assert found.words == (*kernels_for.PLAIN, "nohz_full=1", "rcu_nocb_poll=")
    assert knobs(found)["vm.stat_interval"]["value"] == "10"


@pytest.mark.parametrize(
    ("word", "safe"),
    [("nosoftlockup", "nosoftlockup="), ("nohz_full=1", "nohz_full=1"), ("rcutree.use_softirq", "rcutree.use_softirq")],
)
def test_no_word_can_become_an_argument_of_the_interpreter(word: str, safe: str) -> None:
    assert tolerant(word) == safe


def test_a_build_is_news_at_every_tenth() -> None:
    said: list[str] = []
    with Saying(said.append).step("kernel") as update:
        for done in range(0, 1001, 50):
            update(done, 1000)
    assert said[0] == "kernel"
    assert len(said) == 11
    assert said[-1] == "kernel: 1,000 of 1,000"
