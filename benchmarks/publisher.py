"""The market data publisher: ITCH messages a second into memory, packets for both lines included."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.table import Table

MESSAGES = 2_000_000
REPEATS = 3
TIME = 34_200_000_000_000
STOCK = b"AAPL    "


class MemoryLine:
    """A line that takes packets and counts them."""

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0

    def send(self, packet: bytes) -> None:
        """Count a packet."""
        self.packets += 1
        self.bytes += len(packet)

    def close(self) -> None:
        """Nothing is open."""


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Messages a second of each kind, called from Python; the best of three runs. ``quick``: a tenth, once."""
    count = MESSAGES // 10 if quick else MESSAGES
    rows = []
    for name, write in KINDS.items():
        progress(name)
        rates = [_rate(write, count) for _ in range(1 if quick else REPEATS)]
        rows.append({"name": name, "messages": count, "rates": rates, "rate": max(rates)})
    return {"lines": 2, "max_payload": 1400, "kinds": rows}


def _rate(write: Callable[[Any, int], None], count: int) -> int:
    from exchange.market_data import Publisher  # after the compiled modules are in place

    lines = [MemoryLine(), MemoryLine()]
    publisher = Publisher("BENCH", lines)
    begin = time.perf_counter_ns()
    write(publisher, count)
    publisher.flush(0)
    took = time.perf_counter_ns() - begin
    assert len(publisher) == count, f"{len(publisher)} of {count} messages are in the store"
    assert lines[0].packets == lines[1].packets > count // 80, "both lines carried everything"
    publisher.close()
    return round(count * 1_000_000_000 / took)


def _adds(publisher: Any, count: int) -> None:
    add = publisher.add_order
    for ref in range(count):
        add(1, TIME, ref, True, 100, STOCK, 2_894_600)


def _deletes(publisher: Any, count: int) -> None:
    delete = publisher.deleted
    for ref in range(count):
        delete(1, TIME, ref)


def _mix(publisher: Any, count: int) -> None:
    """Ten messages as a real feed has them: 5 adds, 4 deletes, and in turns a replace and an execution."""
    add, delete, replace, execute = publisher.add_order, publisher.deleted, publisher.replaced, publisher.executed
    for ref in range(0, count, 10):
        for offset in range(5):
            add(1, TIME, ref + offset, True, 100, STOCK, 2_894_600)
        for offset in range(4):
            delete(1, TIME, ref + offset)
        if ref % 20:
            replace(1, TIME, ref + 4, ref + 5, 100, 2_894_500)
        else:
            execute(1, TIME, ref + 4, 100, ref)


def _bytes(publisher: Any, count: int) -> None:
    publish, message = publisher.publish, b"A" + bytes(35)
    for _ in range(count):
        publish(message)


KINDS: dict[str, Callable[[Any, int], None]] = {
    "adds": _adds,
    "deletes": _deletes,
    "mix of a feed": _mix,
    "ready-made messages": _bytes,
}


def tables(results: dict[str, Any]) -> list[Table]:
    """One row a kind."""
    table = Table(title="Publisher into memory, two lines, called from Python", title_justify="left")
    table.add_column("messages")
    table.add_column("a second", justify="right")
    for row in results["kinds"]:
        table.add_row(row["name"], f"{row['rate']:,}")
    return [table]
