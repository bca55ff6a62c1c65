"""A configuration on the EFI system partition: what `hftos config` writes there, firmware, stub and PID 1 take."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from image import build as builder
from image import buildroot, esp
from image.esp import FatEsp
from image.progress import Quiet
from office import files
from protocols.management import Hello, State
from tests.image.flash.disk_maker import loop

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "EFI/Linux/hftos.efi.extra.d"
CURRENT, LAST_GOOD = f"{FOLDER}/{esp.NAME}", f"{FOLDER}/{esp.LAST_GOOD}"
EVERYWHERE, EVERYWHERE_BEFORE = f"loader/credentials/{esp.NAME}", f"loader/credentials/{esp.LAST_GOOD}"
BAD = b"[risk]\nmax_order_shares = 0\n"
TOO_HIGH = "risk.max_order_shares = 0: must be an integer from 1 to 999_999 (shares)"


def hftos_config(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hftos.cli", "config", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def change(image: Path, *words: str) -> str:
    """`hftos config set`, which has to succeed; gives what it said."""
    done = hftos_config("set", "--image", image, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(image: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(hftos_config("show", "--image", image, "--json").stdout)
    return found


@pytest.fixture
def disk(built: builder.Built, tmp_path: Path) -> Path:
    """A copy of the disk image; its holes stay holes."""
    copy = tmp_path / "disk.img"
    subprocess.run(["cp", "--sparse=always", str(built.disk), str(copy)], check=True)
    return copy


def partition(disk: Path) -> FatEsp:
    return FatEsp(buildroot.ensure(Quiet()), disk, esp.offset_in(disk))


def in_order(disk: Path) -> None:
    """The file system check finds nothing to repair."""
    root = buildroot.ensure(Quiet())
    volume = disk.with_name("volume")
    with disk.open("rb") as whole, volume.open("wb") as part:
        whole.seek(esp.offset_in(disk))
        part.write(whole.read(288 << 20))
    root.run(["fsck.fat", "-n", "/mnt/volume"], binds={"volume": volume})
    volume.unlink()


def test_a_changed_configuration_is_booted_without_a_build(boot: Callable[..., Any], disk: Path) -> None:
    assert shown(disk)["source"] == "image"
    change(disk, "host.name=first")
    assert "kept as the last good one" in change(disk, "nic.port=af_packet", "host.name=second")
    assert hftos_config("cmdline", "--image", disk, "--add", "printk.time=0").returncode == 0
    run = boot("--disk-image", str(disk), "--seconds", "4", "--no-office")
    assert run.report["ok"], run.explain()
    assert command_lines(run.directory / "office")[0].endswith("-m hftapp printk.time=0")
    assert "\nreboot: Power down" in (run.directory / "console.log").read_text().replace("\r", "")
    assert run.report["configuration"] == {
        "source": "changed",
        "path": f"/{esp.CONFIGURATION}",
        "fallback": False,
        "refused": [],
    }
    assert run.report["port"].startswith("af_packet")


def test_bad_ones_on_the_disk_are_refused_and_the_last_good_one_booted(boot: Callable[..., Any], disk: Path) -> None:
    change(disk, "nic.port=af_packet")
    change(disk, "host.name=later")
    partition(disk).write(CURRENT, BAD)  # as somebody copies files, who does not ask `hftos config`
    assert shown(disk)["path"] == LAST_GOOD
    partition(disk).write(EVERYWHERE_BEFORE, partition(disk).read(LAST_GOOD))
    for place in (LAST_GOOD, EVERYWHERE):
        partition(disk).write(place, BAD)
    assert shown(disk)["path"] == EVERYWHERE_BEFORE
    run = boot("--disk-image", str(disk), "--seconds", "4", "--no-office")
    before = f"/{esp.GLOBAL_CREDENTIALS}/{esp.LAST_GOOD}"
    folders = (esp.CREDENTIALS, esp.CREDENTIALS, esp.GLOBAL_CREDENTIALS)
    names = (esp.NAME, esp.LAST_GOOD, esp.NAME)
    refused = [f"/{folder}/{name}" for folder, name in zip(folders, names, strict=True)]
    assert run.report["configuration"] == {
        "source": "last good",
        "path": before,
        "fallback": True,
        "refused": [{"path": path, "problems": [TOO_HIGH]} for path in refused],
    }
    assert run.status == 1
    (reason,) = run.report["reasons"]
    assert reason.startswith(
        f"the guest refused its configuration and ran on {before} instead: {refused[0]}: {TOO_HIGH}"
    )
    assert run.report["reconciled"] is True  # it traded all the same
    assert run.report["port"].startswith("af_packet")
    console = (run.directory / "console.log").read_text()
    for line in (
        f"CONFIGURATION REFUSED: {refused[2]}",
        f"  {TOO_HIGH}",
        f"RUNNING ON: the last good configuration, {before}",
    ):
        assert f"hftos: {line}" in console
    states = [state.decode() for state in office_states(run.directory / "office")]
    assert any(state.startswith(f"configuration: running on the last good configuration, {before}") for state in states)


def office_states(folder: Path) -> Iterator[bytes]:
    for segment in files.segments(folder):
        for frame in files.read(segment.path):
            if isinstance(frame.message, State):
                yield frame.message.body


def command_lines(folder: Path) -> list[str]:
    """What the kernel was told, as PID 1 tells the office."""
    frames = (frame for segment in files.segments(folder) for frame in files.read(segment.path))
    return [json.loads(frame.message.body)["cmdline"] for frame in frames if isinstance(frame.message, Hello)]


def test_files_on_the_partition_are_changed_in_place(disk: Path, built: builder.Built) -> None:
    whole = set(partition(disk).files())
    change(disk, "risk.max_order_shares=500")
    change(disk, "risk.max_order_shares=400")
    change(disk, "risk.max_order_shares=300")
    assert set(partition(disk).files()) == whole | {CURRENT, LAST_GOOD}
    assert b"max_order_shares = 400\n" in partition(disk).read(LAST_GOOD)
    assert partition(disk).read("EFI/Linux/hftos.efi") == built.uki.read_bytes()
    in_order(disk)
    refused = hftos_config("set", "--image", disk, "risk.max_order_shares=0")
    assert (refused.returncode, TOO_HIGH in refused.stderr) == (1, True)
    partition(disk).write(CURRENT, BAD)
    checked = hftos_config("check", "--image", disk)
    assert (checked.returncode, checked.stdout) == (1, f"{CURRENT}: {TOO_HIGH}\n")
    assert "hftos.toml.refused" in change(disk, str(ROOT / "hftos.toml"))
    assert hftos_config("check", "--image", disk).returncode == 0
    in_order(disk)


def test_a_full_partition_leaves_the_old_configuration(disk: Path) -> None:
    change(disk, "host.name=first")
    root, scratch = buildroot.ensure(Quiet()), disk.with_name("filler")
    with scratch.open("wb") as stream:
        stream.truncate(1 << 20)
    target = ["-i", f"/mnt/disk@@{esp.offset_in(disk)}"]
    script = f"i=0; while mcopy {' '.join(target)} /mnt/filler ::/f$i 2>/dev/null; do i=$((i+1)); done; :"
    root.run(["sh", "-c", script], binds={"disk": disk, "filler": scratch})
    with scratch.open("wb") as stream:
        stream.truncate(1 << 10)
    root.run(["sh", "-c", script.replace("::/f", "::/g")], binds={"disk": disk, "filler": scratch})
    done = hftos_config("set", "--image", disk, "host.name=second")
    assert done.returncode == 1
    assert "Disk full" in done.stderr
    assert shown(disk)["configuration"]["host"] == {"name": "first"}


@pytest.mark.skipif(os.geteuid() != 0, reason="loop devices need root")
def test_a_device_is_written_to_through_to_the_medium(disk: Path) -> None:
    with loop(disk) as device:
        change(device, "host.name=device")
        assert shown(device)["configuration"]["host"] == {"name": "device"}
        held = hftos_config("set", "--image", disk, "host.name=file")
        assert held.returncode == 1
        assert f"is in use by {device.name}" in held.stderr
    assert shown(disk)["configuration"]["host"] == {"name": "device"}


def test_the_image_alone_takes_a_configuration_beside_it(built: builder.Built, tmp_path: Path) -> None:
    uki = tmp_path / "hftos.efi"
    shutil.copyfile(built.uki, uki)
    assert shown(uki)["configuration"]["host"] == {"name": "hft1"}
    change(uki, "host.name=beside")
    assert shown(uki)["path"] == f"hftos.efi.extra.d/{esp.NAME}"
    assert (tmp_path / "hftos.efi.extra.d" / esp.NAME).read_bytes() == (
        (ROOT / "hftos.toml").read_bytes().replace(b'name = "hft1"', b'name = "beside"')
    )
