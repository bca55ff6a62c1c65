"""A catalogue of a few rows, a guest that is a function of its run, and an audience that remembers."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from image import catalogue
from lab.knob_levels import Knobs
from lab.model import Result, Run, Workload
from lab.runner import Finished

CPUS = 'readback = "cmdline:x"\nsources = ["X"]\nwhy = "a row for tests"\n'

CATALOGUE = f"""
concern = "rows for tests"

[[knob]]
name = "hz"
layer = "kconfig"
key = "HZ"
values = {{ qemu = "100" }}
levels = ["250", "1000"]
{CPUS}
[[knob]]
name = "tick"
layer = "boot"
key = "nohz_full"
values = {{ qemu = "{{isolated}}" }}
{CPUS}
[[knob]]
name = "nohz"
layer = "boot"
key = "nohz"
values = {{}}
levels = ["on", "off"]
against = "for experiments"
conflicts = ["nohz=off+tick"]
{CPUS}
[[knob]]
name = "stat.interval"
layer = "sysctl"
key = "vm.stat_interval"
values = {{ qemu = "120" }}
levels = ["1", "10"]
sources = ["X"]
why = "a row for tests"
readback = "int"
""" + "".join(
    f"""
[[knob]]
name = "k{number:02}"
layer = "boot"
key = "k{number:02}"
values = {{ qemu = "1" }}
levels = ["0"]
{CPUS}"""
    for number in range(1, 17)
)

PROFILE = 'summary = "for tests"\nfragments = []\nisolated = "1"\nhousekeeping = "0"\n'

STEPS = """
title = "Steps"
question = "Which of them?"
design = "steps"
repeats = 3
metrics = ["loc_per_s"]

[workload]
kind = "idle"
seconds = 10

[[factor]]
knob = "tick"
levels = ["unset", "{isolated}"]

[[factor]]
knob = "stat.interval"
levels = ["1", "10", "120"]
"""

IDLE = Workload()


def make_knobs(place: Path) -> Knobs:
    """The catalogue above, in files below `place`, which are read again when levels are resolved."""
    folder = place / "kernel-config"
    for name, text in (("catalogue/test.toml", CATALOGUE), ("profiles/qemu.toml", PROFILE)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return Knobs(catalogue.load(folder))


def figures(run: Run) -> Result:
    """The same for the same run, whenever and wherever it is done."""
    loc = 100.0 * len(run.variant.levels) + run.repeat
    return Result(
        run, seconds=run.workload.seconds, metrics={"loc_per_s": loc}, counts={"interrupts": {"LOC": int(loc)}}
    )


def measure(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    """Leaves a console, as a guest does."""
    say("boots")
    (folder / f"{run.key}.console").write_text(f"console of {run.key}\n", encoding="utf-8")
    return figures(run)


def deadly(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    """Kills the process that started this one: once, where a marker's path is among the levels, else each time."""
    marker = run.variant.levels.get("marker")
    if marker is None or not Path(marker).exists():
        if marker is not None:
            Path(marker).touch()
        os.kill(os.getppid(), signal.SIGKILL)
    return measure(run, folder, say)


def of_debian(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    """Boots the package that is preferred, else one that no other process has."""
    from lab import kernels_for  # takes a quarter of a second to import, and this module is imported by many processes

    package = kernels_for._preferred.get(run.variant.kernel, f"{run.variant.kernel} of process {os.getpid()}")
    return replace(figures(run), machine={"package": package})


def raises(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    raise ValueError("no such thing")


def exits(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    print("out of memory", file=sys.stderr)
    raise SystemExit(3)


@dataclass
class Told:
    """An audience; what it was told, in order."""

    notes: list[str] = field(default_factory=list)
    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def preparing(self, text: str) -> None:
        self.words.append(text)

    def started(self, run: Run, place: int, total: int, left: float) -> None:
        self.began.append(f"{place}/{total} {run.key}")

    def said(self, run: Run, text: str) -> None:
        self.words.append(text)

    def finished(self, done: Finished, place: int, total: int, left: float) -> None:
        self.ended.append(f"{place}/{total} {done.result.run.key}")
        self.left.append(left)
