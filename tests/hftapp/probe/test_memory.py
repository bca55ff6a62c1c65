"""Memory that is gone: what the machine has, without what is available and without huge pages."""

from pathlib import Path

from hftapp.probe.memory import meminfo


def test_rows_are_kib_by_name(tmp_path: Path) -> None:
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:  500000 kB\nMemAvailable: 400000 kB\nHugePages_Total:   8\nHugetlb: 16384 kB\nodd\n")
    assert meminfo(str(path)) == {"MemTotal": 500000, "MemAvailable": 400000, "HugePages_Total": 8, "Hugetlb": 16384}


def test_this_machine_has_what_the_lab_reads() -> None:
    found = meminfo()
    assert 0 < found["MemAvailable"] <= found["MemTotal"]
