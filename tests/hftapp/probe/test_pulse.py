"""A process beside ours that wakes and sleeps, and is gone with the context."""

import os
import time
from pathlib import Path

import pytest

from hftapp.probe import pulse
from hftapp.silence.watch import read_thread


def test_it_wakes_again_and_again_on_its_cpus_and_ends_with_the_context() -> None:
    cpu = min(os.sched_getaffinity(0))
    with pulse.beating([cpu], locked=False) as pid:
        deadline = time.monotonic() + 10
        while read_thread(pid)["voluntary_switches"] < 5:
            assert time.monotonic() < deadline
            os.sched_yield()
        assert os.sched_getaffinity(pid) == {cpu}
    assert not Path(f"/proc/{pid}").exists()


def test_it_ends_when_what_it_stands_beside_fails() -> None:
    with pytest.raises(RuntimeError, match="trader"), pulse.beating([0], locked=False) as pid:
        raise RuntimeError("trader")
    assert not Path(f"/proc/{pid}").exists()
