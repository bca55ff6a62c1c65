"""Many order-entry clients over loopback: is every order answered, how fast, and does the exchange's memory stay flat?

The exchange runs on one core, the clients on another one. Orders come in pairs that trade with each other, so that the
books stay empty and memory has no reason to grow.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.load_client import LoadClient

CLIENTS = 200
RATE = 52_000
"""Orders a second, over all clients: a little above the 50,000 that are to be shown, waiting for answers included."""
SECONDS = 60
TICKS = 5
"""Batches a second and client."""
SYMBOLS = ("AAPL", "MSFT", "AMZN", "FB", "GOOGL", "TSLA", "NVDA", "INTC", "CSCO", "AMD")
PRICE = 1_000_000
DRAIN_SECONDS = 10


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """The figures of one run; ``quick`` is a tenth of its length."""
    seconds = SECONDS // 10 if quick else SECONDS
    with tempfile.TemporaryDirectory() as folder, _exchange(Path(folder)) as (ready, pid):
        address = (ready["ouch"]["host"], ready["ouch"]["port"])
        clients = [
            LoadClient(address, f"L{number:03}", "secret", SYMBOLS[number % len(SYMBOLS)], PRICE)
            for number in range(CLIENTS)
        ]
        load = _Load(clients, seconds, pid, progress)
        load.run()
        for client in clients:
            client.socket.close()
    return load.figures()


class _Load:
    """Drives the clients for some seconds and samples the exchange's memory."""

    def __init__(self, clients: list[LoadClient], seconds: int, pid: int, progress: Callable[[str], None]) -> None:
        self.clients = clients
        self.seconds = seconds
        self.pid = pid
        self.progress = progress
        self.memory: list[int] = []
        self.took = 0.0
        self.batch = RATE // TICKS // len(clients) // 2 * 2
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Send everything on schedule, then wait for the last replies."""
        for client in self.clients:
            self._selector.register(client, selectors.EVENT_READ, client)
        begin = time.perf_counter_ns()
        gap = 1_000_000_000 // TICKS // len(self.clients)
        turns = self.seconds * TICKS * len(self.clients)
        for turn in range(turns):
            self._serve(begin + turn * gap)
            self.clients[turn % len(self.clients)].send_batch(self.batch, time.perf_counter_ns())
            if turn % (TICKS * len(self.clients)) == 0:
                self._sample(turn // (TICKS * len(self.clients)))
        deadline = time.perf_counter_ns() + DRAIN_SECONDS * 1_000_000_000
        while self._unanswered() and time.perf_counter_ns() < deadline:
            self._serve(time.perf_counter_ns() + 1_000_000)
        self.took = (time.perf_counter_ns() - begin) / 1e9
        self._sample(self.seconds)

    def figures(self) -> dict[str, Any]:
        """What it came to."""
        replies = [client.replies for client in self.clients]
        latencies = sorted(latency for client in self.clients for latency in client.latencies)
        sent = sum(client.sent for client in self.clients)
        accepted = sum(reply.accepted for reply in replies)
        return {
            "clients": len(self.clients),
            "seconds": round(self.took, 2),
            "orders": sent,
            "orders_per_second": round(sent / self.took),
            "accepted": accepted,
            "unanswered": sent - accepted,
            "out_of_order": sum(reply.lost for reply in replies),
            "executions": sum(reply.executions for reply in replies),
            "executed_shares": sum(reply.executed_shares for reply in replies),
            "rejected": sum(reply.rejected for reply in replies),
            "other": sum(reply.other + reply.canceled for reply in replies),
            "errors": [error for reply in replies for error in reply.errors],
            "batch_ms": {name: round(_quantile(latencies, q) / 1e6, 2) for name, q in _QUANTILES},
            "exchange_rss_mib": [round(kib / 1024, 1) for kib in self.memory],
        }

    def _serve(self, until: int) -> None:
        """Read and write until a moment, at least once."""
        while True:
            now = time.perf_counter_ns()
            for key, _ in self._selector.select(max(0.0, (until - now) / 1e9)):
                client: LoadClient = key.data
                client.receive(time.perf_counter_ns())
                if client.closed:
                    self._selector.unregister(client)
                elif client.pending:
                    client.flush()
            if time.perf_counter_ns() >= until:
                return

    def _unanswered(self) -> bool:
        return any(client.replies.accepted < client.sent and not client.closed for client in self.clients)

    def _sample(self, second: int) -> None:
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.memory.append(int(status.partition("VmRSS:")[2].split()[0]))
        sent = sum(client.sent for client in self.clients)
        self.progress(f"{second} of {self.seconds} s, {sent:,} orders, exchange {self.memory[-1] // 1024} MiB")


_QUANTILES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))


def _quantile(values: list[int], q: float) -> int:
    return values[min(len(values) - 1, int(q * len(values)))] if values else 0


@contextmanager
def _exchange(folder: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """An exchange on its own core, and this process on another one where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    ready = folder / "ready"
    os.mkfifo(ready)
    logins = [part for number in range(CLIENTS) for part in ("--login", f"L{number:03}:secret:F{number % 10:03}")]
    command = [
        *(sys.executable, "-m", "hftos.cli", "exchange", "--no-flow", "--symbols", ",".join(SYMBOLS)),
        *("--ready-file", str(ready), "--journal", str(folder / "journal"), *logins),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {cores[0]}))
    try:
        told = json.loads(ready.read_text())
        os.sched_setaffinity(0, {cores[-1]})
        yield told, process.pid
    finally:
        os.sched_setaffinity(0, cores)
        process.terminate()
        process.communicate(timeout=30)


def tables(results: dict[str, Any]) -> list[Table]:
    """What was asked and what came back."""
    table = Table(title=f"{results['clients']} clients over loopback for {results['seconds']} s", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name in ("orders", "orders_per_second", "accepted", "unanswered", "out_of_order", "executions", "rejected"):
        table.add_row(name.replace("_", " "), f"{results[name]:,}")
    table.add_row("errors", ", ".join(sorted(set(results["errors"]))) or "none")
    for name, value in results["batch_ms"].items():
        table.add_row(f"batch to its last answer, {name}", f"{value} ms")
    memory = results["exchange_rss_mib"]
    table.add_row("memory of the exchange, first, most, last", f"{memory[0]}, {max(memory)}, {memory[-1]} MiB")
    return [table]
