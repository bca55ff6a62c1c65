"""Whether a kernel is in the cache: looked at, not built."""

from pathlib import Path

import pytest

from lab import knob_levels
from lab.lockstep import kernels
from lab.model import Variant
from lab.present import present


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "hftos"


def test_an_empty_cache_has_no_kernel_and_gets_none(cache: Path) -> None:
    assert not present(Variant("base"), knob_levels.load())
    assert not present(Variant("stock", kernel="debian"), knob_levels.load())
    assert not list(cache.glob("*/*/"))


@pytest.mark.parametrize(
    ("package", "kernel", "there"),
    [
        ("linux-image-6.12.1-amd64 6.12.1-1", "debian", True),
        ("linux-image-6.12.1-amd64 6.12.1-1", "debian-rt", False),
        ("linux-image-6.12.1-rt-amd64 6.12.1-1", "debian", False),
        ("linux-image-6.12.1-rt-amd64 6.12.1-1", "debian-rt", True),
    ],
)
def test_debian_s_kernels_are_told_apart(cache: Path, package: str, kernel: str, there: bool) -> None:
    keep(cache, kernels._key(package.partition(" ")[0]), package)
    assert present(Variant("stock", kernel=kernel), knob_levels.load()) is there


def keep(cache: Path, key: str, package: str) -> None:
    place = cache / "debian-kernel" / key
    place.mkdir(parents=True)
    (place / "package").write_text(f"{package}\n", encoding="utf-8")


def test_debian_s_kernel_of_another_suite_or_with_other_modules_will_be_fetched(cache: Path) -> None:
    keep(cache, "of-another-suite", "linux-image-6.1.0-amd64 6.1.0-1")
    assert not present(Variant("stock", kernel="debian"), knob_levels.load())


def test_a_kernel_of_another_configuration_is_not_there(cache: Path) -> None:
    root = cache / "buildroot"
    root.mkdir(parents=True)
    assert not present(Variant("fast", {"HZ": "250"}), knob_levels.load())
