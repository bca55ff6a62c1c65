"""The whole trader does the harness's job: the exchange finds every order right, and every one has its stages."""

from pathlib import Path

from benchmarks.native import path
from benchmarks.native.trader_link import TraderLink
from lab.lockstep import job
from lab.lockstep.exchange import Exchange
from office.latency.codec import decode_text


def test_every_tick_gets_its_order_and_its_samples(tmp_path: Path) -> None:
    link = TraderLink(tmp_path)
    try:
        assert Exchange(link, link.alive).run(20, 10, lambda _: None) == 20
        samples = link.samples
        assert len(samples.after) == len(link.nanoseconds) == 20
        for number, total in enumerate(samples.after):
            assert total == sum(stage[number] for stage in samples.stages.values()) > 0
        assert link.trader.outcome is not None
    finally:
        link.close()


def test_the_table_has_every_stage_and_the_whole() -> None:
    one = {"min": 1, "p50": 2, "p99": 3, "max": 4_000}
    results = {"ticks": 9, "right": 9, "runs": "Cython", "ns": one, "turn_ns": one, "stages": {"decision": one}}
    (table,) = path.tables(results)
    assert list(table.columns[0].cells) == ["decision", "burst to doorbell", "turn, called from Python"]
    assert list(table.columns[4].cells) == ["4,000"] * 3


def test_histograms_are_nanoseconds_without_the_warm_up() -> None:
    samples = [1] * job.WARM_UP + [10, 20]
    (text,) = path._histograms({"decision": samples}, 0.5).values()
    histogram = decode_text(text)
    assert (histogram.total, histogram.least, histogram.greatest) == (2, 5, 10)
