"""A report in Markdown has the cells of its table and says what it was measured on."""

from benchmarks.markdown import report_lines

REPORT = {
    "benchmark": "publisher",
    "results": {"kinds": [{"name": "adds", "rate": 1_234_567}, {"name": "deletes", "rate": 7}]},
    "machine": {
        "cpu": "CPU",
        "cores": 2,
        "virtual": True,
        "kernel": "6.1",
        "python": "3.11.2",
        "compiler": "gcc 12",
        "date": "2026-01-02T03:04:05+00:00",
    },
}


def test_a_table_and_its_machine() -> None:
    lines = report_lines(REPORT, "benchmarks.publisher")
    assert lines[2:6] == ["| messages | a second |", "| :-- | --: |", "| adds | 1,234,567 |", "| deletes | 7 |"]
    assert "not quotable" in lines[-2]
    assert "`hftos bench publisher`, CPU, 2 cores, Linux 6.1, Python 3.11.2, gcc 12" in lines[-2]
