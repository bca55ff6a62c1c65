"""Gives the operations of a file to one engine and measures. Standard library only: it runs in the peers' environment.

    python -m benchmarks.replay benchmarks.peers.NAME FILE --cpu N --repeats N

Every engine is driven by the same loop from Python, pinned to one CPU, with the garbage collector as Python has it.
Twice over: once with the clock read around each operation, for the distribution, and once around the whole, for the
rate. The loop's own cost is that of the engine `benchmarks.peers.nothing`, which does nothing.
"""

from __future__ import annotations

import argparse
import array
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from benchmarks import operations
from benchmarks.operations import CANCEL, KINDS, REPLACE, Operations

PER_MILLE = {"p50": 500, "p99": 990, "p999": 999}


class Peer(Protocol):
    """A matching engine with the books of several symbols (numbered from 0), in the terms of the operations.

    An order's handle is whatever the engine needs to find it again. Prices are cents.
    """

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> Any:
        """Enter a limit order, match it, rest what is left; returns its handle."""

    def cancel(self, symbol: int, handle: Any) -> None:
        """Take an order off."""

    def replace(self, symbol: int, handle: Any, buy: bool, price: int, shares: int) -> Any:
        """Take an order off and enter another one in its place, at the back of its queue; returns the new handle."""

    def traded(self) -> int:
        """Shares traded so far; asked after the measurement."""


class Runner(Protocol):
    """Something that carries out rows by itself instead of being called for each: `benchmarks.engine_driver`."""

    def whole(self, first: int, last: int) -> int:
        """Carry out rows first to last; ns for all."""

    def each(self, first: int, last: int) -> array.array[int]:
        """Carry out rows first to last; ns for each."""

    def clock(self) -> int:
        """What two readings of its clock show when nothing lies between them: the median of many, ns."""

    def traded(self) -> int:
        """Shares traded so far."""


class PythonRunner:
    """Drives a peer from a Python loop."""

    def __init__(self, peer: Peer, made: Operations) -> None:
        self._peer = peer
        self._rows = list(made)
        self._handles: list[Any] = [None] * made.orders

    def whole(self, first: int, last: int) -> int:
        """Carry out rows first to last; ns for all."""
        add, cancel, replace, handles = self._peer.add, self._peer.cancel, self._peer.replace, self._handles
        started = time.perf_counter_ns()
        for kind, symbol, order, target, buy, price, shares in self._rows[first:last]:
            if kind == CANCEL:
                cancel(symbol, handles[target])
            elif kind == REPLACE:
                handles[order] = replace(symbol, handles[target], buy == 1, price, shares)
            else:
                handles[order] = add(symbol, buy == 1, price, shares)
        return time.perf_counter_ns() - started

    def each(self, first: int, last: int) -> array.array[int]:
        """Carry out rows first to last; ns for each."""
        add, cancel, replace, handles = self._peer.add, self._peer.cancel, self._peer.replace, self._handles
        took = array.array("q", bytes(8 * (last - first)))
        clock = time.perf_counter_ns
        for at, (kind, symbol, order, target, buy, price, shares) in enumerate(self._rows[first:last]):
            if kind == CANCEL:
                handle = handles[target]
                started = clock()
                cancel(symbol, handle)
                took[at] = clock() - started
            elif kind == REPLACE:
                handle = handles[target]
                started = clock()
                handle = replace(symbol, handle, buy == 1, price, shares)
                took[at] = clock() - started
                handles[order] = handle
            else:
                started = clock()
                handle = add(symbol, buy == 1, price, shares)
                took[at] = clock() - started
                handles[order] = handle
        return took

    def traded(self) -> int:
        """Shares traded so far."""
        return self._peer.traded()

    def clock(self) -> int:
        """What two readings of the clock show when nothing lies between them: the median of many, ns."""
        clock = time.perf_counter_ns
        return sorted(-(clock() - clock()) for _ in range(10_001))[5_000]


def measure(make: Callable[[Operations], Runner], made: Operations, repeats: int) -> dict[str, Any]:
    """Rate (operations a second: every run and the best one), latency in ns by kind, and whether all shares traded."""
    seconds = []
    traded = 0
    for _ in range(repeats):
        runner = make(made)
        runner.whole(0, made.warm_up)
        gc.collect()
        seconds.append(runner.whole(made.warm_up, len(made)) / 1e9)
        traded = runner.traded()
    runner = make(made)
    runner.whole(0, made.warm_up)
    gc.collect()
    took = runner.each(made.warm_up, len(made))
    count = len(made) - made.warm_up
    return {
        "operations": count,
        "rates": [round(count / s) for s in seconds],
        "rate": round(count / min(seconds)),
        "latency_ns": latencies(made, took),
        "clock_ns": runner.clock(),
        "traded": traded,
        "expected": made.traded,
    }


def latencies(made: Operations, took: Sequence[int]) -> dict[str, dict[str, int]]:
    """Percentiles by kind of operation, and of all; ns, with the cost of reading the clock in them."""
    kinds = made.rows[made.warm_up * len(operations.COLUMNS) :: len(operations.COLUMNS)]
    groups: dict[str, list[int]] = {name: [] for name in KINDS}
    for kind, duration in zip(kinds, took, strict=True):
        groups[KINDS[kind]].append(duration)
    groups["all"] = list(took)
    return {name: percentiles(values) for name, values in groups.items() if values}


def percentiles(values: Sequence[int]) -> dict[str, int]:
    """The values that the given part of all is not above (nearest rank), and the largest."""
    ordered = sorted(values)
    found = {name: ordered[max(0, -(-part * len(ordered) // 1000) - 1)] for name, part in PER_MILLE.items()}
    return {**found, "max": ordered[-1], "count": len(ordered)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one engine and print the result as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay")
    parser.add_argument("peer", help="module with a function `make(symbols)`, or `runner(operations)`")
    parser.add_argument("file", type=Path)
    parser.add_argument("--cpu", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    made = operations.read(options.file)
    module = importlib.import_module(options.peer)

    def python_runner(made: Operations) -> Runner:
        return PythonRunner(module.make(made.symbols), made)

    result = measure(getattr(module, "runner", python_runner), made, options.repeats)
    if hasattr(module, "written_in"):
        result["kind"] = module.written_in()
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
