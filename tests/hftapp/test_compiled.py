"""What is tested interpreted, tested compiled."""

import pytest

from tests.hftapp.conftest import Run

INTERPRETED_ONLY = "not interpreted and not when_the_ring_seems_full and not octets_of_any_memory"


@pytest.mark.parametrize("name", ["test_ring", "test_clock", "test_histogram", "test_figures"])
def test_the_same_tests_pass_compiled(run_compiled: Run, name: str) -> None:
    done = run_compiled(
        f"""
import pytest
code = pytest.main(["-q", "-p", "no:cacheprovider", "-k", "{INTERPRETED_ONLY}", "tests/hftapp/{name}.py"])
from hftapp import clock, histogram, ring
assert all(module.__file__.endswith(".so") for module in (clock, histogram, ring))
sys.exit(code)
"""
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_compiled_clock_follows_the_kernel_s(run_compiled: Run) -> None:
    done = run_compiled(
        """
import time
from hftapp.clock import Clock

clock = Clock()
assert clock.tsc, clock.source
print(clock.scale.ticks_per_second)
before = time.monotonic_ns()
now = clock.now()
after = time.monotonic_ns()
print(before - 100_000 <= now <= after + 100_000)
readings = [clock.now() for _ in range(10_000)]
print(readings == sorted(readings))
"""
    )
    rate, *rest = done.stdout.splitlines()
    assert int(rate) > 100_000_000
    assert rest == ["True", "True"], done.stderr
