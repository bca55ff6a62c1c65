"""What the supervisor reads about the trader's thread, from files as the kernel writes them."""

from pathlib import Path

from hftapp.figures import Figures, Layout
from hftapp.silence import counted, interrupts
from hftapp.silence.watch import SilenceWatch, read_thread

STAT = "77 (a name) with) S 1 77 77 0 -1 4194304 {minor} 0 {major} 0 3 4 0 0 20 0 1 0 100 1000 20 0 0\n"
STATUS = "Name:\ttrader\nvoluntary_ctxt_switches:\t{voluntary}\nnonvoluntary_ctxt_switches:\t{involuntary}\n"
INTERRUPTS = """           CPU0       CPU1
  24:          9          {device}   PCI-MSI virtio0-input.0
 LOC:        500          {local}   Local timer interrupts
 XYZ:          0          {unknown}   Something new
"""


def write(proc: Path, **values: int) -> None:
    defaults = {"minor": 0, "major": 0, "voluntary": 0, "involuntary": 0, "device": 0, "local": 0, "unknown": 0}
    filled = defaults | values
    thread = proc / "77" / "task" / "77"
    thread.mkdir(parents=True, exist_ok=True)
    (thread / "stat").write_text(STAT.format(**filled))
    (thread / "status").write_text(STATUS.format(**filled))
    (proc / "interrupts").write_text(INTERRUPTS.format(**filled))


def made() -> Figures:
    return Figures(Layout({counted.GROUP: counted.NAMES}, instruments=1))


def test_a_thread_s_faults_and_switches(tmp_path: Path) -> None:
    write(tmp_path, minor=11, major=2, voluntary=33, involuntary=4)
    assert read_thread(77, str(tmp_path)) == {
        "minor_faults": 11,
        "major_faults": 2,
        "voluntary_switches": 33,
        "involuntary_switches": 4,
    }
    assert read_thread(78, str(tmp_path)) == {}


def test_the_record_holds_what_grew_between_trading_and_closing(tmp_path: Path) -> None:
    figures, now = made(), [1_000_000_000]
    words = figures.words(counted.GROUP)
    watch = SilenceWatch(figures, 1, lambda: now[0], proc=str(tmp_path))
    assert watch.record() == {"filter": False, "system_calls": None, "seconds": 0.0}
    write(tmp_path, minor=5000, voluntary=12, local=100)
    words[counted.INSTALLED] = 1
    words[counted.ALLOCATIONS] = 40
    watch.start(77)
    now[0] += 60_000_000_000
    write(tmp_path, minor=5000, voluntary=12, involuntary=1, local=160, device=2, unknown=3)
    words[counted.ALLOCATIONS] = 50
    watch.start(77)  # a second time changes nothing
    watch.stop()
    write(tmp_path, minor=9000, local=999)
    words[counted.ON_PATH] = 9
    assert watch.record() == {
        "filter": True,
        "system_calls": 0,
        "seconds": 60.0,
        "allocations": 10,
        "allocations_on_path": 0,
        "gc_collections": 0,
        "minor_faults": 0,
        "major_faults": 0,
        "voluntary_switches": 0,
        "involuntary_switches": 1,
        "interrupts": {
            "24:virtio0-input.0": {"count": 2, "why": f"{interrupts.DEVICE} (virtio0-input.0)"},
            "LOC": {"count": 60, "why": interrupts.WHY["LOC"]},
            "XYZ": {"count": 3, "why": interrupts.why("XYZ")},
        },
    }


def test_a_trader_that_is_gone_keeps_its_last_reading(tmp_path: Path) -> None:
    watch = SilenceWatch(made(), None, lambda: 5, proc=str(tmp_path))
    write(tmp_path, minor=1)
    watch.start(77)
    write(tmp_path, minor=3)
    assert watch.record()["minor_faults"] == 2
    for file in ("stat", "status"):
        (tmp_path / "77" / "task" / "77" / file).unlink()
    assert watch.record()["minor_faults"] == 2


def test_interrupts_are_explained() -> None:
    assert interrupts.why("5") == interrupts.DEVICE
    assert "not in this program's table" in interrupts.why("ABC")
    assert all(interrupts.why(name) == text for name, text in interrupts.WHY.items())
