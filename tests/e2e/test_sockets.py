"""A server with two sockets: what trades is at the socket of the trading card, and so is its memory."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from image import build as builder
from qemu.accel import Accelerator
from tests.e2e import own_program

pytestmark = pytest.mark.e2e

# Memory of the kinds that a trader takes, and on which nodes its pages are (proc_pid_numa_maps(5)). The program stays
# on the housekeeping CPU, which is on node 0.
WHERE_MEMORY_IS = """
import ctypes
import mmap
import os

from hftapp.book import memory

SUPERVISES = True
SIZE = 24 << 20


def pages(maps, address):
    start = max(start for start in maps if start <= address)
    counts = (field.partition("=") for field in maps[start] if field.startswith("N"))
    return {node: int(count) for node, _, count in counts}


def run(settings, arguments, cpu):
    os.sched_setaffinity(0, {0})
    huge = memory.words(SIZE // 8)
    own = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    own.write(bytes(SIZE))
    with open("/proc/self/numa_maps") as file:
        lines = [line.split() for line in file]
    maps = {int(line[0], 16): line[1:] for line in lines}
    at = [ctypes.addressof(ctypes.c_char.from_buffer(area)) for area in (huge.cast("B"), own)]
    return {"cpu": cpu, "huge": pages(maps, at[0]), "own": pages(maps, at[1])}
"""


@pytest.mark.usefixtures("colo")
def test_the_trader_takes_a_cpu_and_memory_beside_its_card(boot: Callable[..., Any]) -> None:
    run = boot("--profile", "colo", "--sockets", "2", "--seconds", "5", "--patience", "2")
    assert run.report["ok"], run.explain()
    knobs = {row["name"]: row for row in run.report["knobs"]}
    assert (knobs["hugepages.node"]["effective"], knobs["memory.node"]["effective"]) == ("1", "1")
    console = (run.directory / "console.log").read_text(errors="replace")
    assert "2 memory nodes: the trader's CPU is on node 1, its card on node 1" in console
    assert re.search(r"trader started as process \d+, on CPU 2", console)


@pytest.mark.usefixtures("colo")
def test_a_trader_that_was_put_elsewhere_trades_and_says_so(boot: Callable[..., Any], tmp_path: Path) -> None:
    """DPDK has to take its memory from another node than the card's."""
    config = tmp_path / "hftos.toml"
    config.write_text((builder.REPOSITORY / "hftos.toml").read_text().replace("trader = -1\n", "trader = 1\n"))
    run = boot("--profile", "colo", "--sockets", "2", "--seconds", "5", "--patience", "2", "--config", str(config))
    assert run.report["ok"], run.explain()
    assert run.report["port"].startswith("dpdk net_virtio")
    knobs = {row["name"]: row for row in run.report["knobs"]}
    assert (knobs["hugepages.node"]["effective"], knobs["memory.node"]["effective"]) == ("0", "0")
    console = (run.directory / "console.log").read_text(errors="replace")
    assert "every frame crosses between them; set cpu.trader to one of 2-3, or leave it out" in console


@pytest.mark.parametrize("node", [0, 1])
def test_all_memory_is_on_the_node_of_the_traders_cpu(
    node: int, colo: builder.Built, accelerator: Accelerator, tmp_path: Path
) -> None:
    """CPUs 0 and 1 are on node 0, of which 1 is isolated; 2 and 3 on node 1. Each gets eight huge pages at first."""
    console = own_program.boot(
        colo,
        accelerator,
        tmp_path,
        WHERE_MEMORY_IS,
        parameters="hugepages=16",
        configuration=f"{own_program.ALONE}[cpu]\ntrader = {1 + node}\n",
        cpus=4,
        sockets=2,
    )
    line = next(line for line in console.splitlines() if "hftos: result " in line)
    found = json.loads(line.partition("result ")[2])
    assert found["cpu"] == 1 + node
    assert found["huge"] == {f"N{node}": 12}
    assert found["own"].keys() == {f"N{node}"}
    expected = {"cpus": {"0": "0-1", "1": "2-3"}, "trader": node, "card": None, "memory": node}
    assert found["boot"]["nodes"] == expected
