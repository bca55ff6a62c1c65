"""Latencies as files: JSON with figures and histograms, `.hlog`, Parquet of the orders."""

from pathlib import Path
from typing import Any, Final

import polars as pl

from office.latency import codec, hlog, hops
from office.latency.figures import figures
from office.latency.measured import Measured, SourceError
from office.latency.source import QUOTABLE

FORMATS: Final = ("hlog", "json", "parquet")


def record(measured: Measured) -> dict[str, Any]:
    """The figures as JSON types, ns: what `--json` prints."""
    return {
        "source": measured.name,
        "unit": "ns",
        "quotable": measured.quotable,
        "reason": measured.reason,
        "hops": {name: figures(measured.histograms[name]) for name in ordered(measured)},
        "checks": measured.checks,
        "notes": measured.notes,
    }


def full_record(measured: Measured) -> dict[str, Any]:
    """`record` and every histogram in HdrHistogram's compressed encoding."""
    texts = {name: codec.encode_text(measured.histograms[name]) for name in ordered(measured)}
    return {**record(measured), "histograms": texts}


def ordered(measured: Measured) -> list[str]:
    """The hops, in the order of an order's way."""
    return sorted(measured.histograms, key=hops.order_of)


def write_log(measured: Measured, path: Path) -> None:
    """The intervals as an `.hlog`, each hop a tag. Raises SourceError when no times are known, OSError."""
    intervals = [interval for name in ordered(measured) for interval in measured.timeline.get(name, ())]
    if not intervals:
        raise SourceError(f"{measured.name} has no times: it cannot become an .hlog; export json")
    intervals.sort(key=lambda interval: (interval.start, hops.order_of(interval.tag)))
    answer = {True: "yes", False: "no", None: "unknown"}[measured.quotable]
    reason = " ".join(measured.reason.split())
    comments = [f"{QUOTABLE}{answer}, {reason}]", "[Unit: ns, Interval_Max in ms]"]
    with path.open("w", encoding="utf-8") as file:
        hlog.write(file, intervals, start=intervals[0].start, comments=comments)


def write_orders(orders: pl.DataFrame, path: Path) -> None:
    """The joined orders as Parquet (`office.latency.orders.SCHEMA`). Raises OSError."""
    orders.write_parquet(path)
