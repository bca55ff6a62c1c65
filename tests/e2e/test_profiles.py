"""The profiles as built: their sizes, what only a trading server's kernel has, and a machine with little memory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hftapp import config, reserve
from hftapp.knobs import table
from image import build as builder
from image import kconfig, microcode, profile, sizes, uki
from qemu.accel import Accelerator
from tests.e2e import own_program
from tests.image.test_microcode import intel

pytestmark = pytest.mark.e2e

MEBI = 1 << 20

HANG = """
import time

from hftapp import console, watchdog

SUPERVISES = True


def run(settings, arguments, cpu):
    guard = watchdog.start(10, console.say)
    end = time.monotonic() + int(arguments["fed"])
    while time.monotonic() < end:
        guard.feed(time.monotonic_ns())
        time.sleep(0.1)
    if arguments["then"] == "hang":
        while True:
            pass
    guard.stop()
    return {"fed": int(arguments["fed"])}
"""
# ACPI table SPCR without its header, which QEMU writes: kind of port, its address in I/O space, 115,200 baud.
SPCR = bytes([0, 0, 0, 0, 1, 8, 0, 1]) + (0x2F8).to_bytes(8, "little") + bytes(6) + bytes([7]) + bytes(21)


@pytest.fixture(scope="module", params=profile.names())
def image(request: pytest.FixtureRequest) -> builder.Built:
    return builder.build(request.param)


def test_the_image_is_small(image: builder.Built) -> None:
    assert image.uki.stat().st_size <= 16 * MEBI
    assert image.kernel.stat().st_size <= 5 * MEBI


def test_the_effective_configuration_is_the_requested_one(image: builder.Built) -> None:
    config_text = (image.kernel.parent / "kernel.config").read_text()
    requests = {symbol.name: symbol.value for symbol in profile.load(image.profile).symbols}
    assert kconfig.check(config_text, requests) == {}


def test_the_size_report_has_every_byte_of_the_program_and_of_userspace(image: builder.Built) -> None:
    found = sizes.measure(image.uki.parent)
    headers = image.uki.stat().st_size - found.uki.bytes
    assert 0 <= headers <= 4096
    listed = sum(part["bytes"] for part in image.read_manifest()["components"] if part["kind"] != "kernel")
    assert found.userspace.bytes == listed
    assert {"net", "kernel", "mm", "fs"} <= {part.name.split("/")[0] for part in found.kernel.parts}


def test_a_trading_servers_image_trades(boot: Callable[..., Any], colo: builder.Built) -> None:
    """All its DPDK drivers are loaded, mlx5 with the libraries it needs among them: a missing one would end the run."""
    run = boot("--profile", "colo", "--seconds", "5", "--patience", "2")
    assert run.report["ok"], run.explain()
    assert run.report["port"].startswith("dpdk net_virtio")


def test_the_demo_runs_in_128_mib_beyond_its_huge_pages(boot: Callable[..., Any], built: builder.Built) -> None:
    settings = config.load(builder.REPOSITORY / "hftos.toml")
    rings = int(table.huge_pages(settings.nic.rx_descriptors + settings.nic.tx_descriptors))
    pages = rings + reserve.huge_pages(settings)
    run = boot("--memory", str(128 + 2 * pages), "--seconds", "10", "--patience", "2")
    assert run.report["ok"], run.explain()
    assert run.report["orders"]["accepted"] > 0
    (row,) = (row for row in run.report["knobs"] if row["name"] == "vm.nr_hugepages")
    assert int(row["effective"]) == pages


def started(
    image: builder.Built, accelerator: Accelerator, folder: Path, arguments: str, initramfs: bytes = b""
) -> tuple[str, str]:
    """Boots the image with a program of this test in the place of the trader; both serial ports, when it has ended.

    The machine has a watchdog that resets it, which ends QEMU, and firmware that redirects its console to the second
    serial port.
    """
    (folder / "spcr").write_bytes(SPCR)
    more = ["-device", "i6300esb", "-action", "watchdog=reset", "-acpitable", f"sig=SPCR,data={folder}/spcr"]
    more += ["-serial", f"file:{folder}/second"]
    first = own_program.boot(image, accelerator, folder, HANG, arguments=arguments, initramfs=initramfs, devices=more)
    return first, (folder / "second").read_text(errors="replace")


def test_a_machine_that_hangs_is_reset(colo: builder.Built, accelerator: Accelerator, tmp_path: Path) -> None:
    first, second = started(colo, accelerator, tmp_path, "fed=1,then=hang")
    assert "i6300ESB timer): resets the machine after 10 s of silence" in first
    assert "result" not in first
    assert "Power down" not in first
    assert "hftos: serial over LAN: also on ttyS1" in second
    assert "i6300ESB timer" in second


def test_a_machine_that_feeds_its_watchdog_lives_and_can_power_off(
    colo: builder.Built, accelerator: Accelerator, tmp_path: Path
) -> None:
    """Three times as long as the watchdog waits. Microcode lies before the initramfs, where the kernel looks for it."""
    (tmp_path / "ucode").write_bytes(intel())
    early = microcode.load(tmp_path / "ucode")
    given = replace(colo, initramfs=tmp_path / "unused")
    first, _ = started(given, accelerator, tmp_path, "fed=30,then=end", early + colo.initramfs.read_bytes())
    assert '{"fed": 30' in first


def test_microcode_is_a_section_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "ucode").write_bytes(intel())
    early = microcode.load(tmp_path / "ucode")
    made = builder.build("qemu", output=tmp_path / "out", early=early)
    assert uki.read_section(made.uki, ".ucode").startswith(early)
    assert made.initramfs.read_bytes().startswith(early)
    assert made.read_manifest()["components"][1]["kind"] == "microcode"
