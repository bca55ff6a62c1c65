"""`hftos lab` with real guests: an experiment that is killed goes on, and a planted culprit is found."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from image import build as builder
from lab import scratch
from protocols import inotify
from qemu import accel

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300
TICK = """
title = "The tick"
question = "Does nohz_full take it away?"
repeats = 2
metrics = ["loc_per_s"]

[workload]
kind = "idle"
seconds = 2

[[factor]]
knob = "nohz_full"
levels = ["unset", "{isolated}"]
"""


def command(accelerator: accel.Accelerator, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "hftos.cli", "lab", *arguments],
        cwd=ROOT,
        env=os.environ | {accel.OVERRIDE: accelerator.name} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What it printed; it must have ended well."""
    with process:
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    return out, err


def guest_of(process: "subprocess.Popen[str]") -> int:
    """A pidfd of the guest that the process boots, as soon as there is one."""
    ended = os.pidfd_open(process.pid)
    try:
        while not select.select([ended], [], [], 0.01)[0]:
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().startswith("qemu-system"):
                    return os.pidfd_open(int(child))
        raise AssertionError(process.communicate())
    finally:
        os.close(ended)


def folders_in(place: Path) -> list[Path]:
    """What the lab keeps kernels, initramfs and sockets in."""
    return list(place.glob(f"{scratch.PREFIX}*"))


def test_an_experiment_that_is_killed_goes_on_and_its_guest_and_folders_are_gone(
    built: builder.Built, accelerator: accel.Accelerator, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    file, folder = tmp_path / "tick.toml", tmp_path / "lab"
    file.write_text(TICK, encoding="utf-8")
    temporary = Path(tempfile.mkdtemp(prefix="hftos-e2e-"))  # short, for sockets are in it
    request.addfinalizer(lambda: shutil.rmtree(temporary))
    deletions = inotify.watch(temporary, inotify.DELETED)
    with command(accelerator, "run", str(file), "--dir", str(folder), TMPDIR=str(temporary)) as process:
        assert process.stderr is not None
        first = next(line for line in process.stderr if line.startswith(("✓", "✗")))
        guest = guest_of(process)
        assert len(folders_in(temporary)) >= 2
        process.kill()
    assert first.startswith("✓ [1/4]")
    assert select.select([guest], [], [], 10)[0], "the guest outlives the experiment"
    os.close(guest)
    while folders_in(temporary):
        assert select.select([deletions], [], [], 20)[0], f"{folders_in(temporary)} outlive the experiment"
        os.read(deletions, 1 << 16)
    os.close(deletions)
    (kept,) = (folder / "runs").glob("*.json")
    before = kept.read_bytes()

    out, err = finished(command(accelerator, "run", str(file), "--dir", str(folder), "--json"))
    assert "1 of 4 runs have a result already" in err
    assert json.loads(out)["failed"] == []
    assert kept.read_bytes() == before
    loc = {
        path.stem: json.loads(path.read_bytes())["metrics"]["loc_per_s"] for path in (folder / "runs").glob("*.json")
    }
    assert len(loc) == 4
    assert min(value for name, value in loc.items() if name.startswith("base.")) > 10
    assert max(value for name, value in loc.items() if name.startswith("nohz_full=")) <= 1


def test_one_culprit_among_sixteen_knobs_is_found_in_six_boots(
    built: builder.Built, accelerator: accel.Accelerator, tmp_path: Path
) -> None:
    arguments = ("culprit", "profile", "changed", "--seconds", "2", "--dir", str(tmp_path), "--json")
    found: dict[str, Any] = json.loads(finished(command(accelerator, "bisect", *arguments))[0])
    assert found["culprit"] == {"nohz_full": ["{isolated}", "unset"]}
    assert found["knobs"] == 16
    assert found["boots"] <= 6
