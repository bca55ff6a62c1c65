"""Runs one contestant on one file and prints JSON: `python -m benchmarks.native.runner MODULE CONTEST FILE`.

It runs in the contestant's own environment, pinned to one CPU, with the garbage collector off while it is timed. The
rate is that of the best of several runs, each on an object of its own.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import time
from pathlib import Path
from typing import Any

from benchmarks.native.contest import Contest, head


def measure(module: str, contest: str, data: bytes, repeats: int) -> dict[str, Any]:
    """Seconds of each run, messages, rate, and what came of the last one."""
    make = getattr(importlib.import_module(module), contest)
    seconds: list[float] = []
    count = 0
    facts: dict[str, int] = {}
    for _ in range(repeats):
        entry: Contest = make(data)
        gc.collect()
        gc.disable()
        began = time.perf_counter_ns()
        count = entry.run()
        seconds.append((time.perf_counter_ns() - began) / 1e9)
        gc.enable()
        facts = entry.facts()
    return {"messages": count, "seconds": seconds, "rate": round(count / min(seconds)), "facts": facts}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("contest")
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, default=0, help="messages, 0 for all")
    parser.add_argument("--cpu", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.cpu})
    ours = options.module.startswith("benchmarks.peers.hftos")
    if ours:
        from hftos.compiling import finder

        finder.install()
    data = options.file.read_bytes()
    if options.limit:
        data = head(data, options.limit)
    found = measure(options.module, options.contest, data, options.repeats)
    if ours:
        found["kind"] = finder.kind("hftapp.book.books")  # a figure must say so when nothing could be compiled
    print(json.dumps(found))


if __name__ == "__main__":
    main()
