"""A guest never outlives who started it, at whatever moment that one fails or is killed."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.lockstep import guest
from lab.lockstep.guest import Running
from qemu.children import Keeper
from tests.killed_starter import leaves_nothing

SLEEPS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
POPEN = subprocess.Popen


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> "list[subprocess.Popen[Any]]":
    """The processes that were started, in order."""
    found: list[subprocess.Popen[Any]] = []

    def popen(*arguments: Any, **options: Any) -> "subprocess.Popen[Any]":
        found.append(POPEN(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    return found


def test_its_status_and_what_it_complained_about() -> None:
    running = Running([sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit('no kernel')"])
    assert running.wait(20) == 1
    assert not running.alive()
    assert running.stop() == "no kernel"
    assert running.stop() == ""


def test_one_that_goes_on_is_ended() -> None:
    running = Running(SLEEPS)
    assert running.wait(0) is None
    assert running.alive()
    running.stop()
    assert running.wait(0) == -signal.SIGKILL


def test_a_program_that_is_not_there_is_named() -> None:
    running = Running(["no-such-qemu"])
    assert running.wait(20) == 127
    assert "no-such-qemu: not found" in running.stop()


def test_no_keeper_is_left_when_the_guest_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    keepers: list[subprocess.Popen[Any]] = []

    def popen(*arguments: Any, **options: Any) -> "subprocess.Popen[Any]":
        if keepers:
            raise OSError(11, "Resource temporarily unavailable")
        keepers.append(POPEN(*arguments, **options))
        return keepers[0]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(OSError, match="Resource temporarily unavailable"):
        Running(SLEEPS)
    assert keepers[0].returncode == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError])
def test_no_guest_is_left_that_the_keeper_does_not_know(
    error: type[BaseException], started: "list[subprocess.Popen[Any]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_keeper: Keeper, _pid: int) -> None:
        raise error

    monkeypatch.setattr(Keeper, "end", fails)
    with pytest.raises(error):
        Running(SLEEPS)
    keeper, qemu = started
    assert (keeper.returncode, qemu.returncode) == (0, -signal.SIGKILL)


def test_nothing_is_booted_by_who_was_killed_before_the_keeper_knew(tmp_path: Path) -> None:
    """The end of the gate comes with the end of the process that holds it."""
    booted = tmp_path / "booted"
    with subprocess.Popen([*guest._GATE, "touch", str(booted)], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 1
    assert not booted.exists()


def test_a_killed_starter_takes_the_guest_and_its_folder_along(tmp_path: Path) -> None:
    program = f"""
import time
from pathlib import Path
from lab.lockstep.guest import Running
running = Running({SLEEPS!r}, Path({str(tmp_path / "sockets")!r}))
print(running._process.pid, flush=True)
time.sleep(600)
"""
    leaves_nothing(program, tmp_path / "sockets")
