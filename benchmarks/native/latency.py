"""Percentiles of single messages, as JSON: `python -m benchmarks.native.latency FILE --cpu N`."""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from pathlib import Path

from benchmarks.native.shape import LEVELS, LOCATES, orders
from hftos.compiling import finder

_READINGS = 1_001


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--cpu", type=int, required=True)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.cpu})
    finder.install()
    data = options.file.read_bytes()
    found = {name: percentiles(data, stream=name == "stream") for name in ("stream", "alone")}
    if finder.kind("benchmarks.native.each_message") != "Cython":
        raise SystemExit("benchmarks.native.each_message is not compiled: list it under [tool.hftos] compiled")
    print(json.dumps(found))


def percentiles(data: bytes, *, stream: bool) -> dict[str, int]:
    """ns of one message's decoding and books: p50, p99, p99.9, most; `clock`: of these the clock's own.

    `stream`: in the loop that takes a packet or a file, which looks ahead; else as if each message came alone.
    """
    from benchmarks.native.each_message import EachMessage
    from hftapp.book.books import Books
    from hftapp.clock import Clock

    clock = Clock()
    each = EachMessage(Books(orders(data), LOCATES, LEVELS), clock, len(data) // 14)
    gc.disable()
    before, began = time.perf_counter_ns(), clock.ticks()
    count = (each.run_stream if stream else each.run)(data, 0, len(data))
    scale = (time.perf_counter_ns() - before) / max(1, clock.ticks() - began)  # ns a tick
    samples = sorted(each.ticks[:count])
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    found = {name: round(samples[int((count - 1) * share)] * scale) for name, share in shares.items()}
    each.clock_alone(_READINGS)
    clock_alone = sorted(each.ticks[:_READINGS])[_READINGS // 2]
    return {"messages": count, "clock": round(clock_alone * scale), **found}


if __name__ == "__main__":
    main()
