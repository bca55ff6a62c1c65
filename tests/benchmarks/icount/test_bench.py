"""The report of `hftos bench icount`: every peer a row, ratios to the image, failures with their reason."""

from typing import Any

from benchmarks.icount import bench
from benchmarks.icount.peers_table import OURS, PEERS
from lab.lockstep import job

ONE = {"min": 900, "p50": 1_000, "p99": 1_100, "max": 1_200}
TEN = {name: 10 * value for name, value in ONE.items()}


def row(name: str, **found: Any) -> dict[str, Any]:
    return {"name": name, "what": "it", "after": {}, "before": {}, "stages": {}, **found}


def test_a_peer_is_a_ratio_to_the_image() -> None:
    ours = row(OURS, after=ONE, stages={"decision": ONE})
    peer = row("peer", after=TEN, before=TEN)
    table, stages = bench.tables({"ticks": 5, "peers": [ours, peer]})
    columns = {str(column.header): list(column.cells) for column in table.columns}
    assert columns["p50"] == ["1,000", "10,000"]
    assert list(table.columns[6].cells) == ["1.0", "10.0"]
    assert columns["p50 with the receiving call"] == ["", "10,000"]
    assert list(stages.columns[0].cells) == ["decision"]


def test_a_peer_that_failed_says_why_and_the_others_have_no_ratio() -> None:
    broken = {"name": OURS, "what": "it", "error": "no login"}
    (table,) = bench.tables({"ticks": 5, "peers": [broken, row("peer", after=TEN)]})
    assert list(table.columns[2].cells) == ["no login", "9,000"]
    assert list(table.columns[6].cells)[-1] == ""


def test_the_warm_up_is_not_counted() -> None:
    samples = [9_999] * job.WARM_UP + [5, 6, 7]
    assert bench._counted(samples) == {"min": 5, "p50": 6, "p99": 6, "max": 7}
    assert bench._counted([1] * job.WARM_UP) == {}


def test_every_way_to_do_the_job_is_a_row_of_its_own() -> None:
    names = [peer.name for peer in PEERS]
    assert names[0] == OURS
    assert len(set(names)) == len(names) == 6
