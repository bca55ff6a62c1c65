"""kill -9 at random points: the exchange comes back with the same state, and nobody who was told anything was lied to.

`HFTOS_KILLS=200` runs the full number; every day a few points do.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exchange.control import send_command
from tests.exchange.crash_client import Listener, Trader

if TYPE_CHECKING:
    from tests.conftest import ReadyFifo

MakeFifo = Callable[[Path], "ReadyFifo"]
KILLS = int(os.environ.get("HFTOS_KILLS", "6"))
# Every journal gets so many crashes: a day with more than a few restarts is not a day.
KILLS_A_DAY = 6
SYMBOLS = {"AAPL": 2_894_600, "MSFT": 1_590_000}
PATIENCE = 100


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Day:
    """One journal and the exchanges that live and die on it."""

    def __init__(self, folder: Path, seed: int, ports: tuple[int, int], make_ready_fifo: MakeFifo) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.trader = Trader("HFT1", "secret1", seed)
        self.listener = Listener("239.20.0.9", ports[0])
        self.ready: dict[str, Any] = {}
        self.process: subprocess.Popen[str] | None = None
        self._make_ready_fifo = make_ready_fifo
        self._lives = 0
        self._command = [
            *(sys.executable, "-m", "hftos.cli", "exchange", "--symbols", ",".join(SYMBOLS), "--rate", "3000"),
            *("--seed", str(seed), "--cancel-on-disconnect", "off", "--ouch-port", str(free_port())),
            *("--feed-a", f"239.20.0.9:{ports[0]}", "--feed-b", f"239.20.0.9:{ports[1]}"),
            *("--journal", str(folder / "journal"), "--journal-checks", "200"),
        ]

    def start(self) -> None:
        """Start the exchange; it serves when this returns."""
        self._lives += 1
        fifo = self._make_ready_fifo(self.folder / f"ready{self._lives}")
        command = [*self._command, "--ready-file", str(fifo.path)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.ready = fifo.wait(self.process)
        self.trader.connect((self.ready["ouch"]["host"], self.ready["ouch"]["port"]))

    def trade_and_kill(self) -> None:
        """Trade, and kill the exchange after a random request, without waiting for its answer."""
        assert self.process is not None, "not started"
        for _ in range(self.rng.randint(0, 80)):
            symbol = self.rng.choice(list(SYMBOLS))
            self.trader.order(symbol, SYMBOLS[symbol])
            self.listener.read()
            if self.rng.random() < 0.1:
                self.trader.query()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stderr is not None, "its log is read"
        self.process.stderr.close()
        self.trader.read_what_is_there()
        self.trader.close()
        self.listener.read()

    def status(self) -> dict[str, Any]:
        return send_command(self.ready["control"]["port"], {"do": "status"})

    def feed_again(self, count: int) -> None:
        """Ask the re-request server for everything, and hear it as if it came on the line."""
        server = self.ready["rerequest"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            # The server limits the rate: what it drops is asked for again, as any client does.
            asker.settimeout(0.05)
            asker.connect((server["host"], server["port"]))
            number, tries = 1, 0
            while number <= count:
                asker.send(self.ready["session"].encode().ljust(10) + struct.pack(">QH", number, 60_000))
                with contextlib.suppress(TimeoutError):
                    packet = asker.recv(65_536)
                    self.listener.take(packet)
                    first, taken = struct.unpack_from(">QH", packet, 10)
                    number = max(number, first + taken)
                    tries = 0
                tries += 1
                assert tries < PATIENCE, f"no answer for message {number}"

    def close(self) -> None:
        self.trader.close()
        self.listener.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=30)


def replayed_hash(journal: Path, inputs: int, folder: Path) -> str:
    """The state after so many inputs of a journal, as another process computes it, interpreted."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(journal, copy)
    done = subprocess.run(
        [sys.executable, "-m", "tests.exchange.replay_journal", str(copy), str(inputs)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def executions(told: dict[int, bytes]) -> list[tuple[int, int]]:
    """(match number, UserRefNum) of every execution in a stream."""
    return [
        (int.from_bytes(message[26:34], "big"), int.from_bytes(message[9:13], "big"))
        for message in told.values()
        if message[:1] == b"E"
    ]


@pytest.mark.parametrize("number", range((KILLS + KILLS_A_DAY - 1) // KILLS_A_DAY))
def test_a_killed_exchange_comes_back_as_it_was(
    tmp_path: Path, feed_ports: tuple[int, int], make_ready_fifo: MakeFifo, number: int
) -> None:
    day = Day(tmp_path, number + 1, feed_ports, make_ready_fifo)
    kills = min(KILLS_A_DAY, KILLS - number * KILLS_A_DAY)
    try:
        for life in range(kills):
            day.start()
            if life:
                check_resumed(day, tmp_path)
            day.trade_and_kill()
        day.start()
        check_resumed(day, tmp_path)
        check_everything_told(day)
    finally:
        day.close()


def check_resumed(day: Day, folder: Path) -> None:
    """The state after the restart is that of the inputs, and the client's numbers go on."""
    resumed = day.status()["resumed"]
    assert resumed["inputs"] > 0
    assert replayed_hash(folder / "journal", resumed["inputs"], folder) == resumed["state_hash"]
    following = day.trader.query()
    # What was sent into the dying connection may be lost, but never taken twice.
    assert following <= day.trader.last_ref + 1
    day.trader.last_ref = following - 1


def check_everything_told(day: Day) -> None:
    """From its first message to its last, the stream and the feed are what was told in all lives."""
    before = dict(day.trader.told)
    day.trader.close()
    day.trader.connect((day.ready["ouch"]["host"], day.ready["ouch"]["port"]), first=1)
    day.trader.read_until(max(before))
    assert day.trader.conflicts == []
    counts = Counter(executions(day.trader.told))
    assert counts, "nothing traded: the test shows nothing"
    assert set(counts.values()) == {1}
    day.listener.read()
    last = max(day.listener.messages)
    day.feed_again(last)
    day.listener.read()
    assert day.listener.conflicts == []
    assert set(range(1, last + 1)) <= set(day.listener.messages)
    messages = day.listener.messages.values()
    traded = {int.from_bytes(message[23:31], "big") for message in messages if message[:1] == b"E"}
    hidden = {int.from_bytes(message[36:44], "big") for message in messages if message[:1] == b"P"}
    # The feed that was heard may end before the last executions that the client was told of.
    assert {match for match, _ in counts if match <= max(traded | hidden)} <= traded | hidden
