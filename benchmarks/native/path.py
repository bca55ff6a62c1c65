"""`hftos bench path`: the whole trader on this host, on a memory port: market data frame in, order frame out.

The job is that of `hftos bench icount`, with the same checks: every order is compared byte for byte.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from lab.lockstep import job
from lab.lockstep.exchange import Exchange
from lab.lockstep.results import figures

TICKS = 10_000
LOGIN_SECONDS = 10.0


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """ns from the burst's return to the doorbell, by stage and in all, and of the whole turn of the loop.

    `quick`: a tenth of the ticks.
    """
    from benchmarks.native.trader_link import TraderLink  # after the compiled modules are in place
    from hftos.compiling import finder

    ticks = (TICKS // 10 if quick else TICKS) + job.WARM_UP
    cpu = max(os.sched_getaffinity(0))
    allowed = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        link = TraderLink(Path(folder))
        os.sched_setaffinity(0, {cpu})
        gc.disable()
        try:
            exchange = Exchange(link, link.alive)
            right = exchange.run(ticks, LOGIN_SECONDS, lambda done: progress(f"{done:,} ticks"))
        finally:
            gc.enable()
            os.sched_setaffinity(0, allowed)
            link.close()
    return {
        "ticks": ticks - job.WARM_UP,
        "right": right - job.WARM_UP,
        "cpu": cpu,
        "runs": finder.kind("hftapp.trader.loop"),
        "turn_ns": figures(link.nanoseconds[job.WARM_UP :]),
        "ns": _scaled(link.samples.after, link.ns_a_tick),
        "stages": {name: _scaled(ticks, link.ns_a_tick) for name, ticks in link.samples.stages.items()},
        "histograms": _histograms({"tick_to_trade": link.samples.after, **link.samples.stages}, link.ns_a_tick),
    }


def tables(results: dict[str, Any]) -> list[Table]:
    """One."""
    title = (
        f"The whole path on a memory port, {results['right']:,} right orders of {results['ticks']:,}, {results['runs']}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("stage, ns")
    for name in ("min", "p50", "p99", "max"):
        table.add_column(name, justify="right")
    parts = {**results["stages"], "burst to doorbell": results["ns"], "turn, called from Python": results["turn_ns"]}
    for name, found in parts.items():
        table.add_row(name, *(f"{found[key]:,}" for key in ("min", "p50", "p99", "max")))
    return [table]


def _histograms(samples: Mapping[str, Sequence[int]], scale: float) -> dict[str, str]:
    """ns of each stage as an encoded HDR histogram, without the warm-up: `hftos latency compare` reads them."""
    from office.latency import codec
    from office.latency.histogram import Histogram

    return {
        name: codec.encode_text(Histogram.of(round(value * scale) for value in ticks[job.WARM_UP :]))
        for name, ticks in samples.items()
    }


def _scaled(ticks: Sequence[int], scale: float) -> dict[str, int]:
    """Figures in ns, without the warm-up."""
    return {name: round(value * scale) for name, value in figures(ticks[job.WARM_UP :]).items()}
