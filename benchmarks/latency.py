"""Latency histograms, beside PyPI's hdrhistogram, and captures: from the file to each message's arrival."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

VALUES = 1_000_000
MERGES = 200
REPEATS = 3
FRAMES = 200_000
_SEED = 7
_LIMITS = (1, 86_400_000_000_000, 3)

_Job = tuple[str, str, Callable[[], float], Callable[[], float]]
"""Name, unit, ours, theirs; each gives a rate."""


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Operations a second of CPU time, the best of three runs; both sides' counts are compared.

    `quick`: a tenth, once.
    """
    count = VALUES // 10 if quick else VALUES
    values = np.random.default_rng(_SEED).lognormal(9, 1.5, count).astype(np.int64)
    rows = []
    for name, unit, ours, theirs in _jobs(values, MERGES // 10 if quick else MERGES):
        progress(name)
        rates = [max(job() for _ in range(1 if quick else REPEATS)) for job in (ours, theirs)]
        rows.append({"name": name, "unit": unit, "ours": rates[0], "hdrhistogram": rates[1]})
    progress("captures")
    scanned = [_scan(FRAMES // 10 if quick else FRAMES) for _ in range(1 if quick else REPEATS)]
    rows.append({"name": "capture to arrivals", "unit": "frames", "ours": max(scanned), "hdrhistogram": None})
    return {"values": count, "peer": version("hdrhistogram"), "rows": rows}


def tables(results: dict[str, Any]) -> list[Table]:
    """One."""
    table = Table(title=f"Histograms of {results['values']:,} values, a CPU second", title_justify="left")
    table.add_column("what")
    for name in ("ours", f"hdrhistogram {results['peer']}", "÷"):
        table.add_column(name, justify="right")
    for row in results["rows"]:
        ours, theirs = row["ours"], row["hdrhistogram"]
        cells = (f"{ours:,.0f}", f"{theirs:,.0f}" if theirs else "", f"{ours / theirs:.1f}" if theirs else "")
        table.add_row(f"{row['name']}, {row['unit']}", *cells)
    return [table]


def _jobs(values: Any, merges: int) -> list[_Job]:
    """What is measured, after both sides were found to count alike and to read each other's encoding."""
    from hdrh.histogram import HdrHistogram

    from office.latency import codec
    from office.latency.histogram import Histogram

    ours, theirs = Histogram.of(values), HdrHistogram(*_LIMITS)
    for value in values.tolist():
        theirs.record_value(value)
    assert ours.counts.tolist() == list(theirs.counts)
    assert list(HdrHistogram.decode(codec.encode_text(ours).encode()).counts) == ours.counts.tolist()
    assert codec.decode_text(theirs.encode().decode()).counts.tolist() == ours.counts.tolist()
    return [*_recording(values), *_whole(ours, theirs, merges)]


def _recording(values: Any) -> list[_Job]:
    """Values into a histogram."""
    from hdrh.histogram import HdrHistogram

    from office.latency.histogram import Histogram

    singles = values.tolist()

    def each(record: Callable[[int], Any]) -> None:
        for value in singles:
            record(value)

    theirs = _rate(lambda: each(HdrHistogram(*_LIMITS).record_value), len(singles))
    return [
        ("record, an array at once", "values", _rate(lambda: Histogram.of(values), len(singles)), theirs),
        ("record, one by one", "values", _rate(lambda: each(Histogram().record), len(singles)), theirs),
    ]


def _whole(ours: Any, theirs: Any, merges: int) -> list[_Job]:
    """Whole histograms: merged, asked, encoded, decoded."""
    from hdrh.histogram import HdrHistogram

    from office.latency import codec
    from office.latency.histogram import Histogram

    total, into = Histogram(), HdrHistogram(*_LIMITS)
    text, encoded = codec.encode_text(ours), theirs.encode()
    percents = [50.0, 90.0, 99.0, 99.9]
    pairs: dict[tuple[str, str], tuple[Callable[[], Any], Callable[[], Any]]] = {
        ("merge", "histograms"): (partial(total.add, ours), partial(into.add, theirs)),
        ("four percentiles", "times"): (
            partial(ours.percentiles, percents),
            partial(theirs.get_percentile_to_value_dict, percents),
        ),
        ("encode", "histograms"): (partial(codec.encode_text, ours), theirs.encode),
        ("decode", "histograms"): (partial(codec.decode_text, text), partial(HdrHistogram.decode, encoded)),
    }
    return [
        (name, unit, _rate(mine, 1, merges), _rate(other, 1, merges)) for (name, unit), (mine, other) in pairs.items()
    ]


def _rate(job: Callable[[], Any], units: int, times: int = 1) -> Callable[[], float]:
    """A measurement: units a second of a job that is done `times` times."""

    def measure() -> float:
        gc.collect()
        begin = time.process_time_ns()
        for _ in range(times):
            job()
        return units * times * 1e9 / (time.process_time_ns() - begin)

    return measure


def _scan(frames: int) -> float:
    """Frames a second of a capture of feed packets, from the file to arrival times by message."""
    from office.latency.wire_capture import scan
    from protocols import mold
    from protocols.pcap_write import OUTBOUND, PcapngWriter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trader.pcapng"
        with PcapngWriter(path, "trader") as writer:
            for number in range(frames):
                packet = mold.encode_packet("0000000001", 1 + number // 2 * 3, [bytes(36)] * 3)
                writer.write(OUTBOUND, _datagram(packet), 1_000_000_000 + number * 500)
        begin = time.process_time_ns()
        wire = scan(path)
        came = wire.arrivals.arrivals("0000000001", range(1, frames // 2 * 3 + 1))
        took = time.process_time_ns() - begin
        assert wire.feed_packets == frames
        assert int(came[0]) == 1_000_000_000
        assert (np.diff(came) >= 0).all()
        assert int(came[-1]) == 1_000_000_000 + (frames - 2) * 500, "the first of both lines counts"
    return frames * 1e9 / took


def _datagram(payload: bytes) -> bytes:
    """An Ethernet frame with a UDP datagram to a multicast group."""
    udp = bytes.fromhex("67206721") + (8 + len(payload)).to_bytes(2, "big") + bytes(2) + payload
    head = bytes((0x45, 0)) + (20 + len(udp)).to_bytes(2, "big") + bytes((0, 0, 0x40, 0, 64, 17, 0, 0))
    return bytes(12) + b"\x08\x00" + head + bytes((10, 20, 0, 1, 239, 20, 0, 1)) + udp
