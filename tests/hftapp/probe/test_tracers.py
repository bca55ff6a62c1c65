"""The kernel's tracers: what their lines say (examples from Documentation/trace), and what is switched on and off."""

from pathlib import Path

import pytest

from hftapp.probe import tracers
from hftapp.probe.tracers import TracerError

OSNOISE = """\
# tracer: osnoise
#                                _-----=> irqs-off
           <...>-859   [001] .....    81.637220: 1000000        190  99.98100       9     18      0   1007     18      1
       osnoise/1-859   [001] .....    82.638154: 1000000        656  99.93440      74     23      0   1006     16      3
""".splitlines()
TIMERLAT = """\
          <idle>-0       [001] d.h1.    54.029328: #1     context    irq timer_latency       932 ns
           <...>-867     [001] .....    54.029339: #1     context thread timer_latency     11700 ns
          <idle>-0       [001] dnh1.    54.029346: #2     context    irq timer_latency      2833 ns
           <...>-867     [001] .....    54.029355: #2     context thread timer_latency      9820 ns
""".splitlines()
HWLAT = """\
           <...>-1729  [001] d...   678.473449: #1     inner/outer(us):   11/12    ts:1581527483.343962693 count:6
           <...>-1729  [001] d...   689.556542: #2     inner/outer(us):   16/9     ts:1581527494.889008092 count:1
""".splitlines()


def test_osnoise_sums_its_periods_and_keeps_the_worst() -> None:
    found = tracers.osnoise(OSNOISE)
    assert found == {
        "periods": 2, "runtime_us": 2_000_000, "noise_us": 846, "available": 99.9344, "max_us": 74,
        "hw": 41, "nmi": 0, "irq": 2013, "softirq": 34, "thread": 4,
    }  # fmt: skip


def test_timerlat_has_the_interrupt_and_the_thread() -> None:
    found = tracers.timerlat(TIMERLAT)
    assert (found["irq_count"], found["irq_min_ns"], found["irq_max_ns"]) == (2, 932, 2833)
    assert (found["thread_mean_ns"], found["thread_max_ns"]) == (10_760, 11_700)


def test_hwlat_counts_interruptions_and_keeps_the_longest() -> None:
    assert tracers.hwlat(HWLAT) == {"count": 2, "max_us": 16}
    assert tracers.hwlat([]) == {"count": 0, "max_us": 0}


def tracefs(folder: Path, names: str) -> Path:
    for name in ("osnoise", "hwlat_detector"):
        (folder / name).mkdir(parents=True)
    for name in (
        "osnoise/cpus",
        "osnoise/stop_tracing_us",
        "hwlat_detector/mode",
        "current_tracer",
        "tracing_on",
        "tracing_cpumask",
        "trace",
    ):
        (folder / name).touch()
    (folder / "available_tracers").write_text(names)
    return folder


def test_a_tracer_runs_on_one_cpu_and_is_switched_off(tmp_path: Path) -> None:
    folder = tracefs(tmp_path, "timerlat osnoise hwlat nop")
    assert tracers.run("osnoise", 1, 0.0, str(folder)) == {"periods": 0}
    assert (folder / "osnoise/cpus").read_text() == "1"
    assert (folder / "current_tracer").read_text() == "nop"
    assert (folder / "tracing_on").read_text() == "0"
    tracers.run("hwlat", 1, 0.0, str(folder))
    assert (folder / "tracing_cpumask").read_text() == "2"


def test_a_tracer_that_is_not_there_is_named_and_the_others_still_run(tmp_path: Path) -> None:
    folder = tracefs(tmp_path, "osnoise nop")
    found = tracers.run_all(["timerlat", "osnoise", "function"], 1, 0.0, str(folder))
    assert found["timerlat"] == {"error": "this kernel has no tracer timerlat; it has: osnoise nop"}
    assert found["osnoise"] == {"periods": 0}
    assert found["function"]["error"] == "tracer 'function': must be one of osnoise, timerlat, hwlat"


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    folder = tracefs(tmp_path, "osnoise nop")
    (folder / "osnoise/cpus").unlink()
    (folder / "osnoise/cpus").mkdir()
    with pytest.raises(TracerError, match=r"tracer osnoise: .*osnoise/cpus: Is a directory"):
        tracers.run("osnoise", 1, 0.0, str(folder))
