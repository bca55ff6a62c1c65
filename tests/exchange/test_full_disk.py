"""A journal that cannot be written: nobody is told what it does not hold, the exchange stops, and goes on from it."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exchange.journal import FILE, Journal, JournalWriteError
from tests.exchange.entry_server import EntryServer, scenario
from tests.exchange.ouch_wire import WireClient, enter, login, query, read

if TYPE_CHECKING:
    from tests.conftest import ReadyFifo

MakeFifo = Callable[[Path], "ReadyFifo"]
SELLER, BUYER = ("A", "pa"), ("B", "pb")


def test_the_answers_of_a_batch_that_was_not_journalled_reach_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    file = os.open(tmp_path / FILE, os.O_RDWR | os.O_CREAT)
    journal = Journal(file)

    async def test(server: EntryServer) -> None:
        failures: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
        buyer, seller, copy = await server.log_in(), await server.log_in("HFT2"), await server.copy_of("HFTX")
        await buyer.ask(enter(1), "SA")
        await copy.packet()
        await seller.take("S")
        with Path("/dev/full").open("wb") as full:
            os.dup2(full.fileno(), file)
        seller.write(enter(1, "S"))
        assert [await client.closed() for client in (seller, buyer, copy)] == [b"", b"", b""]
        assert [type(failure) for failure in failures] == [JournalWriteError], "the loop is told, so the exchange stops"
        again = await server.connect(login("HFT1", "secret1"))
        assert await again.closed() == b"", "nor is anybody who comes later"

    scenario(test, journal=journal)
    os.close(file)
    assert caplog.text.count("the exchange stops: its journal cannot be written") >= 2


class Life:
    """An exchange with a journal, from one start to its end."""

    def __init__(self, folder: Path, fifo: ReadyFifo, ports: tuple[int, int]) -> None:
        feeds = [f"--feed-{line}=239.20.9.1:{port}" for line, port in zip("ab", ports, strict=True)]
        logins = [f"--login={user}:{password}:F{user}" for user, password in (SELLER, BUYER)]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hftos.cli", "exchange", "--no-flow", "--symbols=AAPL", *feeds, *logins),
                *(f"--journal={folder / 'journal'}", f"--ready-file={fifo.path}", "--cancel-on-disconnect=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ready = fifo.wait(self.process)

    def ends(self) -> str:
        """Wait for its end; returns what it said."""
        return self.process.communicate(timeout=20)[1]

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def test_a_full_disk_stops_the_exchange_and_the_session_goes_on_without_what_nobody_was_told(
    tmp_path: Path, make_ready_fifo: MakeFifo, feed_ports: tuple[int, int]
) -> None:
    async def trade(life: Life) -> None:
        port = life.ready["ouch"]["port"]
        seller, buyer = await WireClient.open(port), await WireClient.open(port)
        await seller.log_in(*SELLER)
        await buyer.log_in(*BUYER)
        await seller.take("S")
        await buyer.ask(enter(1), "SA")
        # As if the disk were full: the exchange cannot make any file longer than its journal is now.
        size = (tmp_path / "journal" / FILE).stat().st_size
        resource.prlimit(life.process.pid, resource.RLIMIT_FSIZE, (size, size))
        began = time.monotonic()
        seller.write(enter(1, "S"))
        assert [await client.closed() for client in (seller, buyer)] == [b"", b""]
        assert time.monotonic() - began < 5
        await seller.close()
        await buyer.close()

    async def look(life: Life) -> None:
        port = life.ready["ouch"]["port"]
        buyer, seller = await WireClient.open(port), await WireClient.open(port)
        await buyer.log_in(*BUYER)
        await seller.log_in(*SELLER)
        assert [read(payload)["kind"] for payload in [(await buyer.packet())[1] for _ in range(2)]] == ["S", "A"]
        await seller.take("S")
        assert (await seller.ask(query(), "Q"))[0]["next"] == 1, "its order was never there"
        await seller.ask(enter(1, "S"), "AE")
        await buyer.take("E")
        await seller.close()
        await buyer.close()

    first = Life(tmp_path, make_ready_fifo(tmp_path / "first"), feed_ports)
    try:
        asyncio.run(trade(first))
        said = first.ends()
        assert first.process.returncode not in (0, None)
        assert "the journal cannot be written: File too large; make room and start again with it" in said
        second = Life(tmp_path, make_ready_fifo(tmp_path / "second"), feed_ports)
        try:
            asyncio.run(look(second))
        finally:
            second.kill()
    finally:
        first.kill()
