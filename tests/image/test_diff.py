"""Two profiles differ in symbols, words, drivers and bytes; each difference has both values and a reason."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from image import build as builder
from image import buildroot, cli, diff, kernel, profile
from image.diff import FOLLOWS, Row, Size
from image.profile import Driver, Parameter, Profile, Symbol
from image.progress import Quiet
from tests.image import image_maker


def word(text: str) -> Parameter:
    return Parameter(text, f"for {text}")


FIRST = Profile(
    "small",
    "s",
    (Symbol("NET", "y", "networks", "network"), Symbol("HZ", "100", "few ticks", "time")),
    (word("console=ttyS0"), word("quiet"), word("panic=-1")),
    (),
    (Driver("net_virtio", "virtio"),),
)
SECOND = Profile(
    "large",
    "l",
    (Symbol("NET", "y", "networks", "network"), Symbol("NVME", "y", "disks", "storage")),
    (word("console=ttyS1"), word("console=ttyS0"), word("quiet"), word("nosmt")),
    (),
    (Driver("net_virtio", "virtio"), Driver("net_ice", "Intel")),
)
CONFIGS = {
    "small": 'CONFIG_NET=y\nCONFIG_HZ=100\nCONFIG_NAME="a"\n',
    "large": 'CONFIG_NET=y\nCONFIG_HZ=250\nCONFIG_NAME="a"\nCONFIG_NVME=y\nCONFIG_NVME_CORE=y\n# CONFIG_X is not set\n',
}


@pytest.fixture(autouse=True)
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    def configure(root: object, chosen: Profile, reporter: object) -> Path:
        path = tmp_path / f"{chosen.name}.config"
        path.write_text(CONFIGS[chosen.name])
        return path

    monkeypatch.setattr(profile, "load", {"small": FIRST, "large": SECOND}.__getitem__)
    monkeypatch.setattr(buildroot, "ensure", lambda reporter: None)
    monkeypatch.setattr(kernel, "configure", configure)
    monkeypatch.setattr(builder, "output_of", lambda name: tmp_path / name)
    return tmp_path


def compared() -> diff.Diff:
    return diff.compare("small", "large", Quiet())


def test_symbols_are_compared_as_they_take_effect_and_what_follows_comes_last() -> None:
    assert compared().symbols == (
        Row("HZ", "100", "250", "few ticks"),
        Row("NVME", "n", "y", "disks"),
        Row("NVME_CORE", "n", "y", FOLLOWS),
    )


def test_words_are_compared_by_name_and_a_repeated_one_as_a_whole() -> None:
    assert compared().parameters == (
        Row("console", "console=ttyS0", "console=ttyS1 console=ttyS0", "for console=ttyS0"),
        Row("panic", "panic=-1", None, "for panic=-1"),
        Row("nosmt", None, "nosmt", "for nosmt"),
    )


def test_drivers_that_only_one_has() -> None:
    assert compared().drivers == (Row("net_ice", None, "y", "Intel"),)


def test_bytes_are_compared_when_both_are_built(profiles: Path) -> None:
    image_maker.write(profiles / "small")
    assert compared().unbuilt == ("large",)
    assert compared().outputs == ()
    files = {**image_maker.FILES, "usr/lib/x86_64-linux-gnu/libc.so.6": 2500, "etc/more": 30}
    objects = image_maker.OBJECTS + "   5000 0 0 5000 1388 drivers/nvme/host/pci.o\n  10 0 0 10 a init/version.o\n"
    image_maker.write(profiles / "large", files, objects)
    found = compared()
    assert found.unbuilt == ()
    assert {size.name for size in found.outputs} == {"vmlinuz", "initramfs.cpio.zst", "hftos.efi"}
    assert found.parts == (
        Size("kernel/drivers/nvme", 0, 5000),
        Size("userspace/library", 2000, 2500),
        Size("userspace/other", 0, 30),
        Size("kernel/init", 70, 80),
    )


def test_the_remedy_for_a_damaged_image_is_for_its_profile(profiles: Path) -> None:
    for name in ("small", "large"):
        image_maker.write(profiles / name)
    (profiles / "large/manifest.json").write_text("{")
    result = CliRunner().invoke(cli.image, ["diff", "small", "large"])
    assert result.exit_code == 1
    assert result.stderr.endswith("run `hftos image build --profile large`\n")


def test_a_kernel_whose_objects_are_not_known_is_compared_as_a_whole_only(profiles: Path) -> None:
    for name in ("small", "large"):
        image_maker.write(profiles / name)
    (profiles / "small/kernel.objects").unlink()
    found = compared()
    assert "vmlinuz" in {size.name for size in found.outputs}
    assert found.parts == ()


def test_a_profile_compared_with_itself_has_no_differences(profiles: Path) -> None:
    image_maker.write(profiles / "small")
    found = diff.compare("small", "small", Quiet())
    assert (found.symbols, found.parameters, found.drivers, found.parts) == ((), (), (), ())
    assert all(size.growth == 0 for size in found.outputs)


def test_the_command_prints_tables_and_json(profiles: Path) -> None:
    plain = CliRunner().invoke(cli.image, ["diff", "small", "large"])
    assert plain.exit_code == 0, plain.output
    assert "1 more follow" in plain.stdout
    assert "NVME_CORE" not in plain.stdout
    assert "run `hftos image build --profile large`" in plain.stdout
    assert "NVME_CORE" in CliRunner().invoke(cli.image, ["diff", "small", "large", "--all"]).stdout
    printed = json.loads(CliRunner().invoke(cli.image, ["diff", "small", "large", "--json"]).stdout)
    assert printed["drivers"] == [{"name": "net_ice", "first": None, "second": "y", "why": "Intel"}]
    assert printed["unbuilt"] == ["small", "large"]
