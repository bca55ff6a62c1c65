"""The gap probe as a process: compiled, on one CPU, without a system call; what it took is in shared memory."""

import json
import os

import pytest

from hftapp import config
from hftapp.probe.spinner import Spinner, SpinnerError
from tests.hftapp.conftest import Run
from tests.hftapp.knobs.kernel import row

SETTINGS = config.parse("[cpu]\nlock_memory = false\n")
WANTED = {"mlockall": "off", "sched_policy": "other"}
MODULES_USED = "import hftapp.probe.gaps as gaps, hftapp.histogram as histogram"


def test_it_finds_gaps_on_its_cpu_without_a_system_call(run_compiled: Run) -> None:
    """A measurement of a fifth of a second of its CPU's time: the filter would have ended it at a system call."""
    done = run_compiled(
        f"""
import os, time
{MODULES_USED}
from hftapp import config
from hftapp.clock import Clock
from hftapp.probe.spinner import Spinner

assert gaps.__file__.endswith(".so") and histogram.__file__.endswith(".so")
clock = Clock()
spinner = Spinner(config.parse("[cpu]\\nlock_memory = false\\n"), min(os.sched_getaffinity(0)))
start, clock_of = time.monotonic_ns(), (~spinner.pid << 3) | 2  # its CPU time, clock_getcpuclockid(3)
spinner.begin()
until = time.clock_gettime(clock_of) + 0.2
while time.clock_gettime(clock_of) < until:
    time.sleep(0.01)
found = spinner.end(clock.scale.ticks_per_second)
print(json.dumps(found | {{"elapsed_ns": time.monotonic_ns() - start}}))
"""
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 50_000_000 < found["window_ns"] < 1.1 * found["elapsed_ns"]
    assert found["turns"] > 100_000
    assert 0 < found["turn_ns"] < 10_000
    assert found["stolen_ns"] < found["window_ns"]
    assert sum(count for _, count in found["histogram"]) == found["count"]


def test_it_reads_the_traders_own_knobs_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(row(name, "process", name, value, "code") for name, value in WANTED.items())
    monkeypatch.setattr("hftapp.knobs.trader.rows", lambda: rows)
    spinner = Spinner(SETTINGS, min(os.sched_getaffinity(0)))
    spinner.end(1_000_000_000)
    assert {each["name"]: each["effective"] for each in spinner.knobs} == WANTED
    assert all(each["ok"] for each in spinner.knobs)


def test_one_that_cannot_begin_says_why() -> None:
    with pytest.raises(SpinnerError, match=r"the gap probe does not run on CPU 4000: OSError: .*Invalid argument"):
        Spinner(SETTINGS, 4000)


def test_one_that_makes_a_system_call_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hftapp.probe.gaps.GapProbe.warm", lambda _: os.getppid())
    found = Spinner(SETTINGS, min(os.sched_getaffinity(0)))
    with pytest.raises(SpinnerError, match="the gap probe ended with SIGSYS"):
        found.end(1_000_000_000)


def test_one_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hftapp.silence.seccomp.install", lambda _: 1 / 0)
    found = Spinner(SETTINGS, min(os.sched_getaffinity(0)))
    with pytest.raises(SpinnerError, match="the gap probe ended with status 1"):
        found.end(1_000_000_000)
