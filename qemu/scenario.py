"""A scenario as data: what to boot, against which exchange, over which faults, for how long.

Also turns it into the configurations and command lines of its parts. Everything a run writes lies under `directory`.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image import esp
from protocols import binaryfile
from qemu import plan
from qemu.accel import Accelerator
from qemu.budget import Budgets
from qemu.children import ROOT
from qemu.links import Rule
from qemu.lock import LOCK_FILE
from qemu.machine import DirectBoot, DiskBoot, Machine, MachineError, Nic, find_firmware
from rootfs import cpio

SLICE = ROOT / "tests/data/12302019_SNIPPET.NASDAQ_ITCH50"
REPLAY_SPEED = 0.001  # the slice is 2.36 ms of the open; a thousandth of real time makes it 2.36 s
_REPLAY_SHARE = 0.5
_CPUS_A_SOCKET = 2
_PORT = re.compile(r'^(\[nic\]\n(?:[^\[\n].*\n|\n)*?port\s*=\s*)("[^"\n]*")', re.MULTILINE)
"""The value of `port` in the section `[nic]` of a configuration."""

_OWN_FOLDERS = ("exchange", "office", "captures", "surveillance")
_OWN_FILES = ("console.log", "switch.json", "report.json", "page.json", "initramfs.cpio", "firmware.vars")
_MARKS = (LOCK_FILE, "report.json")
"""What a run's folder is known by: its lock is there before anything else, whenever the run was ended; a copy without
hidden files still has the report."""


class ForeignFolderError(RuntimeError):
    """The folder holds something, but no run; the text names both and what to do."""


@dataclass(frozen=True, slots=True)
class Image:
    """Paths of a built image."""

    kernel: Path
    initramfs: Path
    uki: Path
    disk: Path
    command_line: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. `links` are rules of the switch's configuration; `extra_arguments` go to the guest's kernel.

    `disk`: boot a disk image through firmware, on a bus of `qemu.machine.BUSES`; `disk_image` is a file or device that
    takes the place of the built one. `nic` is the model of the trading card (`qemu.machine.MODELS`), `port` the guest's
    port to it instead of the configuration's; of several `sockets`, two CPUs each, the card is at the last.
    `drop_both`: the packets of the feed (from 1) that `links` takes off both lines, so that a gap is expected.
    `office_away`: seconds of trading from and until which the office is dead.
    `office`: with its page, at `page_port` (0: any that is free), and with the store at the address `store`.
    """

    directory: Path
    seconds: float = 20.0
    seed: int = 1
    rate: float | None = None
    replay: Path | None = SLICE
    disk: bool = False
    disk_bus: str = "virtio"
    disk_image: Path | None = None
    config: Path | None = None
    links: tuple[Rule, ...] = ()
    drop_both: tuple[int, ...] = ()
    office_away: tuple[tuple[float, float], ...] = ()
    office: bool = True
    page_port: int = 0
    store: str = ""
    memory_mib: int = 512
    sockets: int = 1
    extra_arguments: str = ""
    nic: str = "virtio"
    port: str | None = None
    budgets: Budgets = field(default_factory=Budgets)

    @property
    def exchange_directory(self) -> Path:
        """Logs of the exchange."""
        return self.directory / "exchange"

    @property
    def office_directory(self) -> Path:
        """What the collector keeps."""
        return self.directory / "office"

    @property
    def audit_log(self) -> Path:
        """Who did what on the office's page; it lies beside the runs and outlives them."""
        return self.directory.parent / "audit" / "audit.jsonl"

    @property
    def console(self) -> Path:
        """The guest's serial console."""
        return self.directory / "console.log"

    def capture(self, port: str) -> Path:
        """The capture of one switch port."""
        return self.directory / "captures" / f"{port}.pcapng"

    def refuse_others(self) -> None:
        """Raises ForeignFolderError for a folder of something else, of which `prepare` would remove a part."""
        there = sorted(path.name for path in self.directory.iterdir()) if self.directory.is_dir() else []
        there = [name for name in there if name != "lost+found"]  # a file system's own
        if there and not set(_MARKS) & set(there):
            some = ", ".join(there[:3]) + (", …" if len(there) > 3 else "")
            raise ForeignFolderError(
                f"{self.directory} is no folder of a run, and not empty ({some}): give a new or an empty one as --dir"
            )

    def prepare(self) -> None:
        """Make the directory and remove what an earlier run left in it; the caller knows that it is a run's."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in _OWN_FOLDERS:
            shutil.rmtree(self.directory / name, ignore_errors=True)
            (self.directory / name).mkdir()
        for name in _OWN_FILES:
            (self.directory / name).unlink(missing_ok=True)


def replay_speed(replay: Path, seconds: float) -> float:
    """The replay's pace as a factor on real time: `REPLAY_SPEED`, or faster, so that it takes at most half the run."""
    with binaryfile.read(replay) as messages:
        times = [int.from_bytes(message[5:11], "big") for message in messages]  # ITCH 5.0: Timestamp, 6 bytes
    span = (times[-1] - times[0]) / 1e9 if times else 0.0
    return max(REPLAY_SPEED, span / (_REPLAY_SHARE * seconds))


def switch_config(scenario: Scenario, taps: Mapping[str, int], sockets: Path) -> dict[str, Any]:
    """The switch's configuration: TAPs by inherited descriptor, the guest's cards by socket paths."""
    ports: list[dict[str, Any]] = []
    for name, segment in plan.SEGMENTS.items():
        port: dict[str, Any] = {"name": name, "segment": segment, "capture": str(scenario.capture(name))}
        if name in taps:
            port["tap_fd"] = taps[name]
        elif name == plan.DROP_COPY:
            continue
        else:
            port |= {"local": str(sockets / f"{name}.switch"), "remote": str(sockets / f"{name}.qemu")}
        ports.append(port)
    counters = str(scenario.directory / "switch.json")
    return {"seed": scenario.seed, "ports": ports, "faults": list(scenario.links), "counters": counters}


def exchange_command(scenario: Scenario, ready_file: Path) -> list[str]:
    """The exchange's command line, for its own namespace."""
    command = [
        *(sys.executable, "-m", "hftos.cli", "exchange"),
        *("--bind", str(plan.EXCHANGE_ADDRESS.ip), "--ouch-port", str(plan.OUCH_PORT)),
        *("--feed-a", str(plan.FEED_A), "--feed-b", str(plan.FEED_B)),
        *("--login", f"{plan.USER}:{plan.PASSWORD}:{plan.FIRM}"),
        *("--ready-file", str(ready_file), "--log-dir", str(scenario.exchange_directory), "--attribution"),
        *("--seconds", str(scenario.seconds), "--seed", str(scenario.seed), "--start-on-login", "--verbose"),
    ]
    if scenario.replay is not None:
        command += [
            "--replay",
            str(scenario.replay),
            "--speed",
            f"{replay_speed(scenario.replay, scenario.seconds):.9f}".rstrip("0"),
        ]
    if scenario.rate is not None:
        command += ["--rate", str(scenario.rate)]
    return command


def collector_command(scenario: Scenario, control: Path) -> list[str]:
    """The collector's command line, for the office's namespace."""
    bind = f"{plan.OFFICE_ADDRESS.ip}:{plan.OFFICE_PORT}"
    folder = str(scenario.office_directory)
    return [sys.executable, "-m", "office.collector", "--bind", bind, "--dir", folder, "--control", str(control)]


def machine(scenario: Scenario, image: Image, accelerator: Accelerator, sockets: Path) -> Machine:
    """The trading server: two network cards, booted directly or from its disk image."""
    nics = tuple(
        Nic(name, mac, sockets / f"{name}.qemu", sockets / f"{name}.switch", model, socket)
        for name, mac, model, socket in (
            (plan.TRADER, plan.TRADER_MAC, scenario.nic, scenario.sockets - 1),
            (plan.SERVER, plan.SERVER_MAC, "virtio", 0),
        )
    )
    return Machine(
        accelerator,
        _disk_boot(scenario, image) if scenario.disk else _direct_boot(scenario, image),
        nics,
        scenario.console,
        sockets / "qmp",
        cpus=_CPUS_A_SOCKET * scenario.sockets,
        memory_mib=scenario.memory_mib,
        sockets=scenario.sockets,
    )


def guest_configuration(scenario: Scenario, default: Path = ROOT / "hftos.toml") -> bytes | None:
    """The guest's `hftos.toml` when it is not the image's own: another file, another port, or both.

    Raises MachineError for a file without a line `port = …` in `[nic]` to be replaced.
    """
    if scenario.port is None:
        return scenario.config.read_bytes() if scenario.config is not None else None
    path = scenario.config or default
    text, count = _PORT.subn(rf'\g<1>"{scenario.port}"', path.read_text(encoding="utf-8"), count=1)
    if not count:
        raise MachineError(f"{path} has no line `port = …` in its section [nic]: the port cannot be replaced there")
    return text.encode()


def _disk_boot(scenario: Scenario, image: Image) -> DiskBoot:
    firmware, variables = find_firmware()
    own = scenario.directory / "firmware.vars"
    shutil.copyfile(variables, own)
    return DiskBoot(scenario.disk_image or image.disk, firmware, own, scenario.disk_bus)


def _direct_boot(scenario: Scenario, image: Image) -> DirectBoot:
    """Kernel arguments go before `--`, behind which the program's own begin."""
    initramfs = image.initramfs
    if (changed := guest_configuration(scenario)) is not None:
        initramfs = scenario.directory / "initramfs.cpio"
        config = cpio.file(esp.CONFIGURATION, changed)  # where the EFI stub would put it
        initramfs.write_bytes(cpio.appended(image.initramfs.read_bytes(), [config]))
    before, dashes, after = image.command_line.partition(" -- ")
    words = [before, scenario.extra_arguments] if scenario.extra_arguments else [before]
    return DirectBoot(image.kernel, initramfs, " ".join(words) + dashes + after)
