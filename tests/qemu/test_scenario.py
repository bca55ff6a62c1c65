"""A scenario's configurations and command lines."""

from itertools import pairwise
from pathlib import Path

import pytest

from hftapp import config as configs
from protocols import binaryfile
from qemu.accel import Accelerator
from qemu.lock import LOCK_FILE, locked
from qemu.machine import DirectBoot, DiskBoot, MachineError
from qemu.scenario import (
    REPLAY_SPEED,
    SLICE,
    ForeignFolderError,
    Image,
    Scenario,
    collector_command,
    exchange_command,
    guest_configuration,
    machine,
    replay_speed,
    switch_config,
)
from qemu.switch.config import parse
from rootfs import cpio

TCG = Accelerator("tcg", "test")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    kernel, initramfs, uki, disk = (tmp_path / name for name in ("vmlinuz", "initramfs", "uki", "disk"))
    for path in (kernel, initramfs, uki, disk):
        path.write_bytes(b"content of " + path.name.encode())
    return Image(kernel, initramfs, uki, disk, "console=ttyS0 quiet -- -m hftapp")


def test_the_switch_takes_its_configuration(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path, links=({"port": "trader", "direction": "out", "kind": "loss", "probability": 0.5},))
    config = parse(switch_config(scenario, {"exchange": 5, "office": 6}, tmp_path))
    cables = {port.plan.name: (port.plan.segment, port.cable) for port in config.ports}
    assert cables == {
        "exchange": ("trading", 5),
        "trader": ("trading", (tmp_path / "trader.switch", tmp_path / "trader.qemu")),
        "office": ("management", 6),
        "server": ("management", (tmp_path / "server.switch", tmp_path / "server.qemu")),
    }
    assert {port.capture for port in config.ports} == {scenario.capture(name) for name in cables}
    assert config.faults[0].probability == 0.5


def test_the_exchange_replays_the_real_slice_and_starts_on_login(tmp_path: Path) -> None:
    command = exchange_command(Scenario(tmp_path, seconds=5, rate=800, seed=3), tmp_path / "ready")
    pairs = dict(pairwise(command))
    assert pairs["--bind"] == "10.20.0.1"
    assert pairs["--ouch-port"] == "24000"
    assert (pairs["--feed-a"], pairs["--feed-b"]) == ("239.20.0.1:26401", "239.20.0.2:26402")
    assert (pairs["--replay"], pairs["--speed"]) == (str(SLICE), "0.001")
    assert (pairs["--seconds"], pairs["--rate"], pairs["--seed"]) == ("5", "800", "3")
    assert "--start-on-login" in command
    assert SLICE.is_file()


def test_without_a_replay_the_exchange_only_generates(tmp_path: Path) -> None:
    command = exchange_command(Scenario(tmp_path, replay=None), tmp_path / "ready")
    assert "--replay" not in command
    assert "--rate" not in command


def test_the_collector_listens_in_the_office(tmp_path: Path) -> None:
    assert "10.30.0.1:9300" in collector_command(Scenario(tmp_path), tmp_path / "control")


def test_the_guest_has_two_cards_on_two_segments(tmp_path: Path, image: Image) -> None:
    guest = machine(Scenario(tmp_path), image, TCG, tmp_path)
    assert [(nic.name, nic.mac) for nic in guest.nics] == [
        ("trader", "52:54:00:20:00:10"),
        ("server", "52:54:00:30:00:10"),
    ]
    assert guest.boot == DirectBoot(image.kernel, image.initramfs, image.command_line)


def test_kernel_arguments_go_before_those_of_the_program(tmp_path: Path, image: Image) -> None:
    boot = machine(Scenario(tmp_path, extra_arguments="debug"), image, TCG, tmp_path).boot
    assert isinstance(boot, DirectBoot)
    assert boot.command_line == "console=ttyS0 quiet debug -- -m hftapp"


def test_a_configuration_is_appended_as_a_second_archive(tmp_path: Path, image: Image) -> None:
    config = tmp_path / "my.toml"
    config.write_text("[feed]\n")
    boot = machine(Scenario(tmp_path, config=config), image, TCG, tmp_path).boot
    assert isinstance(boot, DirectBoot)
    content = boot.initramfs.read_bytes()
    base = image.initramfs.read_bytes()
    start = len(base) + -len(base) % 4
    assert content.startswith(base)
    assert content[start:] == cpio.write([cpio.file(".extra/credentials/hftos.toml.cred", b"[feed]\n")])


def test_the_trading_card_may_be_another_model(tmp_path: Path, image: Image) -> None:
    guest = machine(Scenario(tmp_path, nic="e1000e"), image, TCG, tmp_path)
    assert [nic.model for nic in guest.nics] == ["e1000e", "virtio"]


def test_a_port_takes_the_place_of_the_configured_one(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('[order_entry]\nport = 24000\n\n[nic]\nmac = ""\n# which\nport = "af_packet"\n')
    changed = guest_configuration(Scenario(tmp_path, config=config, port="dpdk"))
    assert changed == config.read_bytes().replace(b"af_packet", b"dpdk")
    assert guest_configuration(Scenario(tmp_path, config=config)) == config.read_bytes()
    assert guest_configuration(Scenario(tmp_path)) is None


def test_the_images_own_configuration_is_what_a_port_is_put_into(tmp_path: Path) -> None:
    changed = guest_configuration(Scenario(tmp_path, port="af_xdp"))
    assert changed is not None
    assert configs.parse(changed.decode()).nic.port == "af_xdp"


def test_a_configuration_without_a_port_cannot_get_another(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text("[order_entry]\nport = 24000\n")
    with pytest.raises(MachineError, match=r"my.toml has no line `port = …` in its section \[nic\]"):
        guest_configuration(Scenario(tmp_path, config=config, port="dpdk"))


def test_a_disk_boot_has_its_own_firmware_variables(tmp_path: Path, image: Image) -> None:
    boot = machine(Scenario(tmp_path, disk=True), image, TCG, tmp_path).boot
    assert isinstance(boot, DiskBoot)
    assert boot.variables.parent == tmp_path
    assert boot.variables.stat().st_size > 0
    assert (boot.image, boot.bus) == (image.disk, "virtio")


def test_a_flashed_disk_on_another_bus_takes_the_place_of_the_built_one(tmp_path: Path, image: Image) -> None:
    scenario = Scenario(tmp_path, disk=True, disk_image=Path("/dev/loop0"), disk_bus="nvme")
    boot = machine(scenario, image, TCG, tmp_path).boot
    assert isinstance(boot, DiskBoot)
    assert (boot.image, boot.bus) == (Path("/dev/loop0"), "nvme")


def test_an_earlier_runs_files_are_removed_and_nothing_else(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path / "run")
    scenario.prepare()
    (scenario.office_directory / "journal.jsonl").write_text("old")
    scenario.console.write_text("old")
    (scenario.directory / "notes.txt").write_text("mine")
    scenario.prepare()
    left = sorted(path.name for path in scenario.directory.rglob("*") if path.is_file())
    assert left == ["notes.txt"]


def test_a_runs_folder_is_taken_again_whenever_the_run_was_ended(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path / "run")
    scenario.refuse_others()  # not there yet
    scenario.directory.mkdir()
    scenario.refuse_others()  # empty
    (scenario.directory / "lost+found").mkdir()
    scenario.refuse_others()  # a file system of its own
    with locked(scenario.directory):
        pass  # killed while the image was built
    scenario.refuse_others()
    scenario.prepare()
    scenario.refuse_others()  # killed while it ran
    (scenario.directory / LOCK_FILE).unlink()
    with pytest.raises(ForeignFolderError, match=r"\(captures, exchange, office, …\): give a new or an empty one"):
        scenario.refuse_others()
    (scenario.directory / "report.json").touch()  # a copy without hidden files
    scenario.refuse_others()


@pytest.mark.parametrize("seconds", [0.1, 1.0, 4.0, 5.0, 600.0])
def test_the_slice_takes_at_most_half_of_the_run(seconds: float) -> None:
    with binaryfile.read(SLICE) as messages:
        times = [int.from_bytes(message[5:11], "big") for message in messages]
    speed = replay_speed(SLICE, seconds)
    assert (times[-1] - times[0]) / 1e9 / speed <= seconds / 2 + 1e-9
    assert speed == REPLAY_SPEED or seconds < 5
