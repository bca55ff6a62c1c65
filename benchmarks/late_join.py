"""Late join: how long a client that knows nothing needs until it has the books of 9,000 symbols, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

SYMBOLS = 9_000
DEPTHS = (20, 40)
"""Resting orders of each symbol."""
REPEATS = 3
TIMEOUT = 60


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Seconds from joining the lines to all books, for several depths; ``quick``: once each."""
    rows = []
    for depth in DEPTHS[:1] if quick else DEPTHS:
        progress(f"{SYMBOLS:,} symbols, {depth} orders each")
        with tempfile.TemporaryDirectory() as folder:
            times = [_join(Path(folder), depth) for _ in range(1 if quick else REPEATS)]
        rows.append({"orders_per_symbol": depth, "orders": depth * SYMBOLS, "seconds": times, "best": min(times)})
    return {"symbols": SYMBOLS, "rows": rows}


def _join(folder: Path, depth: int) -> float:
    ready = folder / f"ready-{time.monotonic_ns()}"
    os.mkfifo(ready)
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.late_join_server", str(depth), str(ready)])
    try:
        venue = json.loads(ready.read_text())
        return asyncio.run(_measure(venue, depth))
    finally:
        server.terminate()
        server.wait()


async def _measure(venue: dict[str, Any], depth: int) -> float:
    from exchange.feed_reader import FeedReader

    reader = FeedReader(venue, time.monotonic_ns)
    # As any client that builds half a million objects at once: nothing of it is garbage.
    gc.disable()
    try:
        begin = time.perf_counter()
        await reader.start()
        await asyncio.wait_for(reader.synchronised.wait(), TIMEOUT)
        took = time.perf_counter() - begin
    finally:
        gc.enable()
        reader.close()
    books = reader.books
    assert len(books.symbols()) == SYMBOLS, f"{len(books.symbols())} symbols arrived"
    assert books.open_orders >= depth * SYMBOLS, f"{books.open_orders} orders arrived"
    return round(took, 3)


def tables(results: dict[str, Any]) -> list[Table]:
    """One row a depth."""
    table = Table(title=f"Late join to {results['symbols']:,} symbols", title_justify="left")
    for title in ("orders a symbol", "orders", "seconds, best", "all runs"):
        table.add_column(title, justify="right")
    for row in results["rows"]:
        runs = ", ".join(f"{seconds:.2f}" for seconds in row["seconds"])
        table.add_row(str(row["orders_per_symbol"]), f"{row['orders']:,}", f"{row['best']:.2f}", runs)
    return [table]
