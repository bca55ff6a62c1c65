"""A request the kernel does not take stops the build, with fragment and purpose."""

from pathlib import Path

import pytest

from image import kernel
from image.buildroot import BuildRoot
from image.errors import ConfigRefusedError
from image.profile import Profile, Symbol
from image.progress import Quiet

ROOT = BuildRoot(Path("/nowhere"), {kernel.PACKAGE: "6.12"})
PROFILE = Profile("p", "s", (Symbol("INET", "y", "the management network", "network"),), (), ())


@pytest.fixture(autouse=True)
def scratch_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kernel, "_source", lambda root, reporter, version: tmp_path)


def test_a_refused_symbol_is_named_with_fragment_purpose_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_merge", lambda *args: {"INET": "unmet dependency: NET (NET=n)"})
    for _ in range(2):  # the second time must not find a cached answer
        with pytest.raises(ConfigRefusedError) as caught:
            kernel.ensure(ROOT, PROFILE, Quiet())
        assert "INET (network.toml, for: the management network): unmet dependency: NET (NET=n)" in str(caught.value)


def test_a_disagreement_with_the_kernels_own_tool_stops_the_build(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_text("CONFIG_NET=y\nCONFIG_INET=y\n")
    theirs.write_text("CONFIG_NET=y\nCONFIG_MORE=y\n")
    with pytest.raises(ConfigRefusedError, match="INET: requested y, the kernel's own tool made it n"):
        kernel._check(ours, theirs)
    theirs.write_text("CONFIG_NET=y\nCONFIG_INET=y\n")
    kernel._check(ours, theirs)
