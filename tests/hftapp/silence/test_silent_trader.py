"""A process that fell silent: what it can still do, and what ends it."""

import json
import signal
from typing import Any

import pytest

from tests.hftapp.conftest import Run

BEGIN = """
import gc, os
from hftapp.clock import Clock
from hftapp.figures import Figures, Layout
from hftapp.silence import begin, counted, heap
from hftapp.silence.watch import SilenceWatch

figures = Figures(Layout({counted.GROUP: counted.NAMES}, instruments=8))
words = figures.words(counted.GROUP)
clock = Clock()
pid = os.fork()
if pid:
    _, status = os.waitpid(pid, 0)
    watch = SilenceWatch(figures, None, lambda: 0)
    print(json.dumps({
        "status": os.waitstatus_to_exitcode(status), "refused": watch.refused(), **figures.counters(counted.GROUP),
    }))
    sys.exit()
gc.disable()
heap.keep()
"""
SILENT = BEGIN + 'begin.begin(figures, "memory")\n'


def report(run: Run, program: str) -> dict[str, Any]:
    done = run(program)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"stderr": done.stderr}


def test_cold_python_makes_and_frees_20_mb_of_small_objects_without_a_system_call(run_compiled: Run) -> None:
    found = report(
        run_compiled,
        SILENT
        + """
for _ in range(3):
    small = [object() for _ in range(600_000)]
    medium = [bytes(300) for _ in range(40_000)]
    names = {str(number): number for number in range(50_000)}
    del small, medium, names
large = bytearray(5 << 20)
large = bytearray(9 << 20)
del large
begin.end(figures)
os.write(2, b"still here")
os._exit(7)
""",
    )
    assert found["status"] == 7
    assert found["stderr"] == "still here"
    assert found["allocations"] > 1_800_000
    assert found["heap_used"] - found["heap_start"] < 1 << 20


def test_a_large_block_from_before_is_let_go_without_a_system_call(run_compiled: Run) -> None:
    """The C library maps blocks of this size one by one, until it is told not to."""
    early = """
early = [bytearray(8 << 20), bytearray(8 << 20)]
heap.keep()
begin.begin(figures, "memory")
early[0] += bytes(1 << 20)
assert len(early[0]) == 9 << 20
del early
os._exit(0)
"""
    found = report(run_compiled, BEGIN.replace("heap.keep()\n", "") + early)
    assert (found["status"], found["refused"]) == (0, "")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("os.getpid()", "getpid (39)"),
        ('os.write(1, b"x")', "write (1)"),
        ('open("/dev/null")', "openat (257)"),
        ("import decimal", "newfstatat (262)"),
        ("os.kill(0, 0)", "kill (62)"),
        ("os.sched_yield()", "sched_yield (24)"),
        ("kept = [object() for _ in range(9_000_000)]", "brk (12)"),
    ],
)
def test_any_other_system_call_ends_it_and_is_named(run_compiled: Run, statement: str, name: str) -> None:
    found = report(run_compiled, SILENT + statement + "\nos._exit(0)\n")
    assert found["status"] == -signal.SIGSYS
    assert found["refused"] == name


def test_the_clock_goes_on(run_compiled: Run) -> None:
    found = report(
        run_compiled,
        SILENT
        + """
assert clock.tsc, clock.source
first = clock.now()
while clock.now() < first + 1_000_000:
    pass
os._exit(0)
""",
    )
    assert found["status"] == 0


def test_allocations_are_counted_and_those_on_the_path_apart(run_compiled: Run) -> None:
    found = report(
        run_compiled,
        SILENT
        + """
handling, on_path, zero, one = counted.HANDLING, counted.ON_PATH, 0, 1
for _ in range(10):
    cold = bytes(100)
words[handling] = one
words[handling] = zero
nothing = words[on_path]
words[handling] = one
hot = bytes(100)
words[handling] = zero
os._exit(0 if nothing == 0 else 1)
""",
    )
    assert found["status"] == 0
    assert found["allocations"] >= 11
    assert found["allocations_on_path"] == 1


def test_garbage_collections_are_counted(run_compiled: Run) -> None:
    found = report(run_compiled, SILENT + "gc.collect()\ngc.collect()\nos._exit(0)\n")
    assert found["collections"] == 2


def test_a_heap_is_prepared_once_and_within_bounds(run_compiled: Run) -> None:
    program = """
from hftapp.silence import counted, heap
from array import array

words = memoryview(array("q", bytes(8 * len(counted.NAMES))))
for arenas in (0, 257):
    try:
        heap.prepare(words, arenas)
    except ValueError as error:
        print(error)
heap.prepare(words, 2, 1 << 20)
try:
    heap.prepare(words)
except heap.HeapError as error:
    print(error)
print(words[counted.ARENAS_LEFT] <= 2, heap.used() > 2 << 20)
"""
    done = run_compiled(program)
    assert done.stdout.splitlines() == [
        "0 arenas: must be 1 to 256",
        "257 arenas: must be 1 to 256",
        "the heap of this process has been prepared already",
        "True True",
    ]
