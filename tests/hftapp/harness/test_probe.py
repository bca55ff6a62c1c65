"""The idle workload's program: a process spins on the trading CPU, the counters are read from another one."""

import json
import os

import pytest

from hftapp.harness import HarnessError, probe
from tests.hftapp.conftest import Run


def test_it_needs_a_trading_cpu_and_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hftapp.cpu.read_list", lambda name: (0, 1, 2))
    assert probe.elsewhere(1) == [0, 2]
    with pytest.raises(HarnessError, match=r"trading CPU None of 0-2: set \[cpu\] trader"):
        probe.elsewhere(None)
    monkeypatch.setattr("hftapp.cpu.read_list", lambda name: (0,))
    with pytest.raises(HarnessError, match=r"trading CPU 0 of 0: .*a second CPU"):
        probe.elsewhere(0)


def test_a_second_on_this_machine(run_compiled: Run) -> None:
    """The same figures as in the guest: gaps on the CPU, counters of all, a number a second."""
    cpu = max(os.sched_getaffinity(0))
    done = run_compiled(
        f"""
from hftapp import config
from hftapp.harness import probe

print(json.dumps(probe.run(config.parse("[cpu]\\nlock_memory = false\\n"), {{"seconds": "2"}}, {cpu})))
"""
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 1.9 < found["seconds"] < 4
    assert found["gaps"]["window_ns"] > 1_000_000_000
    assert found["interrupts"][f"CPU{cpu}"]["LOC"] == sum(found["series"]["LOC"])
    assert len(found["series"]["LOC"]) == 2
    assert found["thread"]["major_faults"] == 0
    assert found["memory"]["MemAvailable"] > 0
