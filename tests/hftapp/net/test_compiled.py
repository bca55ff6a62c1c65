"""The same tests once more with everything compiled: same results, and no length that is not checked before a read.

Every frame ends where readable memory ends (`guarded`), and the allocator's debug hooks guard what is written.
"""

import os
import subprocess
import sys

from tests.hftapp.net.compiled import ROOT, SWITCH

TESTS = (
    "test_tcp.py",
    "test_tcp_timers.py",
    "test_tcp_closing.py",
    "test_tcp_forgery.py",
    "test_tcp_reserve.py",
    "test_tcp_rto.py",
    "test_tcp_congestion.py",
    "test_tcp_pair.py",
    "test_tcp_fuzz.py",
    "test_stack.py",
    "test_flows.py",
    "test_fuzz.py",
    "../test_wire.py",
)


def test_everything_again_compiled() -> None:
    files = [str(ROOT / "tests/hftapp/net" / name) for name in TESTS]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.hftapp.net.compiled", *files],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONMALLOC": "debug", SWITCH: "1"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout[-4000:]}\n{run.stderr[-4000:]}"
    assert " passed" in run.stdout
