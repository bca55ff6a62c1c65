"""The measuring loop: every engine gets every row, and the figures are those of the rows."""

from typing import Any

import pytest

from benchmarks import replay
from benchmarks.engine_driver import EngineDriver
from benchmarks.operations import ADD, CANCEL, REPLACE, TAKE, Operations
from benchmarks.order_flow import OrderFlow
from benchmarks.peers import nothing
from benchmarks.replay import PythonRunner


class Recorder:
    """A peer that writes down how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> str:
        self.calls.append(("add", symbol, buy, price, shares))
        return f"handle {len(self.calls)}"

    def cancel(self, symbol: int, handle: str) -> None:
        self.calls.append(("cancel", symbol, handle))

    def replace(self, symbol: int, handle: str, buy: bool, price: int, shares: int) -> str:
        self.calls.append(("replace", symbol, handle, buy, price, shares))
        return f"handle {len(self.calls)}"

    def traded(self) -> int:
        return 42


def small() -> Operations:
    made = Operations(symbols=2, warm_up=1, orders=3)
    made.append(ADD, 1, 0, 0, 1, 9_999, 100)
    made.append(REPLACE, 1, 1, 0, 1, 9_998, 200)
    made.append(TAKE, 0, 2, 0, 0, 9_998, 300)
    made.append(CANCEL, 1, 0, 1, 1, 9_998, 0)
    return made


CALLS = [
    ("add", 1, True, 9_999, 100),
    ("replace", 1, "handle 1", True, 9_998, 200),
    ("add", 0, False, 9_998, 300),
    ("cancel", 1, "handle 2"),
]


@pytest.mark.parametrize("timed", ["whole", "each"])
def test_a_peer_gets_every_row_with_its_own_handles(timed: str) -> None:
    peer = Recorder()
    runner = PythonRunner(peer, small())
    getattr(runner, timed)(0, 1)
    getattr(runner, timed)(1, 4)
    assert peer.calls == CALLS
    assert runner.traded() == 42


def test_the_engine_trades_what_the_operations_say_by_either_way() -> None:
    made = OrderFlow(symbols=2, seed=3).make(depth=30, count=1_000)
    result = replay.measure(EngineDriver, made, repeats=2)
    assert result["traded"] == result["expected"] == made.traded > 0
    assert result["operations"] == 1_000 and len(result["rates"]) == 2
    assert sum(result["latency_ns"][kind]["count"] for kind in ("add", "cancel", "replace", "marketable")) == 1_000

    idle = replay.measure(lambda rows: PythonRunner(nothing.make(rows.symbols), rows), made, repeats=1)
    assert idle["traded"] == 0 != idle["expected"]
    assert idle["rate"] > result["rate"]


def test_percentiles_are_by_nearest_rank() -> None:
    assert replay.percentiles(range(1, 1_001)) == {"p50": 500, "p99": 990, "p999": 999, "max": 1_000, "count": 1_000}
    assert replay.percentiles([7]) == {"p50": 7, "p99": 7, "p999": 7, "max": 7, "count": 1}


def test_latencies_are_grouped_by_kind_without_the_warm_up() -> None:
    found = replay.latencies(small(), [5, 6, 7])
    assert {kind: group["p50"] for kind, group in found.items()} == {
        "replace": 5,
        "marketable": 6,
        "cancel": 7,
        "all": 6,
    }
