"""The image of a trading server is flashed to a disk, which then boots on every bus that servers have disks on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from image import build as builder
from qemu.machine import BUSES
from tests.image.flash.disk_maker import loop

pytestmark = pytest.mark.e2e

PROFILE = "colo"
DISK_BYTES = 1 << 30
OLD = b"what was on the disk before, from its first byte to its last " * 64
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built() -> builder.Built:
    """The image for trading servers, built if something is missing."""
    return builder.build(PROFILE)


@pytest.fixture(scope="module")
def flashed(built: builder.Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `hftos flash` told about a disk full of old data: a loop device, or as an ordinary user a file."""
    file = tmp_path_factory.mktemp("disk") / "disk"
    with file.open("wb") as old:
        while old.tell() < DISK_BYTES:
            old.write(OLD[: DISK_BYTES - old.tell()])
    with ExitStack() as stack:
        device = stack.enter_context(loop(file)) if os.geteuid() == 0 else file
        command = [sys.executable, "-m", "hftos.cli", "flash", "--device", str(device), "--profile", PROFILE, "--json"]
        words = f"{device.name}-{DISK_BYTES}"
        done = subprocess.run([*command, "--confirm", words], cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout) | {"disk": device}


def test_the_disk_has_the_image_and_a_table_of_its_own_length(built: builder.Built, flashed: dict[str, Any]) -> None:
    """Read through the kernel by another way than the program's: as an ordinary file, after the fact."""
    assert (flashed["ok"], flashed["state"]) == (True, "done")
    partitions = flashed["image"]["partitions"]
    assert [part["name"] for part in partitions] == ["hftos-esp", "hftos-state"]
    with built.disk.open("rb") as wanted, flashed["disk"].open("rb") as found:
        for part in partitions:
            for at in range(part["first"] * 512, (part["last"] + 1) * 512, 1 << 20):
                wanted.seek(at)
                found.seek(at)
                assert found.read(1 << 20) == wanted.read(1 << 20), f"byte {at} in {part['name']}"
        found.seek(DISK_BYTES - 512)
        assert found.read(8) == b"EFI PART"
        found.seek(built.disk.stat().st_size - 512)
        assert found.read(512) == bytes(512)


@pytest.mark.parametrize("bus", BUSES)
def test_it_boots_to_a_trading_system(bus: str, flashed: dict[str, Any], boot: Callable[..., Any]) -> None:
    options = ("--profile", PROFILE, "--disk-image", str(flashed["disk"]), "--disk-bus", bus)
    run = boot(*options, "--seconds", "6", "--no-office")
    assert run.report["ok"], run.explain()
    assert run.status == 0
    assert run.report["orders"]["accepted"] > 0
    assert run.report["reconciled"] is True
