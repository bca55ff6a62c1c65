"""From the server's TCP connection through the real collector to the page's tables, and a command back."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.collector import Collector
from office.commands import CONTROL_FILE, CommandError, control_of, send
from office.dashboard.hub import Hub
from office.dashboard.pump import Pump
from office.dashboard.source import PREFIXED, Cutter, Raw, SourceError, journal_frames, watch
from protocols import management as m
from protocols import ouch50
from protocols.management_files import MAGIC

SESSION, JOURNAL, T0 = 0xA1, 0xB2, 1_700_000_000_000_000_000
HELLO = m.Hello(version=m.VERSION, session=SESSION, journal=JOURNAL, ticks_per_second=10**9, host="hft1", body=b"{}")


def enter(reference: int) -> m.JournalRecord:
    order = ouch50.EnterOrder(
        user_ref_num=reference, side="B", quantity=100, symbol="AAPL", price=100_0000, time_in_force="0", display="Y",
        capacity="P", inter_market_sweep_eligibility="N", cross_type="N", cl_ord_id="",
    )  # fmt: skip
    return m.JournalRecord(kind=m.OUT, venue=0, body=order.encode())


def encoded(raw: Raw) -> bytes:
    return PREFIXED.pack(raw.session, len(raw.message), raw.stream, raw.number, raw.time) + raw.message


RAWS = st.lists(
    st.builds(Raw, st.integers(0, 2**64 - 1), st.integers(0, 2), st.integers(0, 2**64 - 1),
              st.integers(-(2**63), 2**63 - 1), st.binary(max_size=50)), max_size=8
)  # fmt: skip


@given(RAWS, st.lists(st.integers(1, 60)))
def test_frames_are_cut_the_same_however_the_bytes_come(raws: list[Raw], cuts: list[int]) -> None:
    stream, cutter, found = b"".join(map(encoded, raws)), Cutter(), []
    for cut in cuts:
        found += cutter.feed(stream[:cut])
        stream = stream[cut:]
    assert found + cutter.feed(stream) == raws


@pytest.mark.parametrize("head", [(SESSION, m.FRAME_LIMIT + 1, m.LIVE, 1, 0), (SESSION, 5, 3, 1, 0)])
def test_bytes_that_start_no_frame_are_an_error_that_says_so(head: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="starts no frame"):
        Cutter().feed(PREFIXED.pack(*head))


def test_without_a_collector_the_source_says_where_it_looked(tmp_path: Path) -> None:
    async def look() -> None:
        async for _ in watch(tmp_path / "control"):
            pass

    with pytest.raises(SourceError, match="no collector answers at"):
        asyncio.run(look())


def test_a_journals_copy_is_read_behind_a_number_up_to_its_torn_end(tmp_path: Path) -> None:
    folder = tmp_path / f"{JOURNAL:016x}"
    folder.mkdir()
    frames = [m.Frame(m.JOURNAL, number, T0, enter(number)).encode() for number in range(1, 6)]
    hello = m.Frame(m.CONTROL, 0, T0, HELLO).encode()
    (folder / "journal.bin").write_bytes(MAGIC + hello + b"".join(frames)[:-3])
    found = [raw.number for batch in journal_frames(tmp_path, SESSION, JOURNAL, 2) for raw in batch]
    assert found == [3, 4]
    assert list(journal_frames(tmp_path, SESSION, 0xDEAD, 0)) == []
    (folder / "journal.bin").write_bytes(b"something else")
    assert list(journal_frames(tmp_path, SESSION, JOURNAL, 0)) == []


class Office:
    """The collector on real sockets, a server that is connected to it, and a hub that watches."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hub = folder, Hub()
        self.collector = Collector(folder)
        self.told = asyncio.Event()
        self.pause = asyncio.Event()

    async def begin(self) -> AsyncIterator[list[Raw]]:
        try:
            control = control_of(self.folder)
        except CommandError as error:
            raise SourceError(str(error)) from error
        async for batch in watch(control):
            yield batch
            self.told.set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        control = self.folder / "control"
        servers = await asyncio.start_server(self.collector.on_server, "127.0.0.1", 0)
        watchers = await asyncio.start_unix_server(self.collector.on_watcher, str(control))
        notice = {"pid": os.getpid(), "control": str(control), "bind": ""}
        (self.folder / CONTROL_FILE).write_text(json.dumps(notice))
        syncing = asyncio.ensure_future(self.collector.sync())
        yield servers.sockets[0].getsockname()[1]
        syncing.cancel()
        servers.close()
        watchers.close()
        await self.collector.close()
        (self.folder / CONTROL_FILE).unlink()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        pump = Pump(self.hub, self.begin, lambda: self.folder, lambda: T0, self.pause.wait)
        task = asyncio.ensure_future(pump.run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; every batch from the collector is a reason to look again."""
        async with asyncio.timeout(5):
            while not condition():
                self.told.clear()
                await self.told.wait()


async def connect(port: int, *frames: m.Frame) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for frame in (m.Frame(m.CONTROL, 0, T0, HELLO), *frames):
        writer.write(frame.encode())
    await writer.drain()
    return reader, writer


async def command(reader: asyncio.StreamReader) -> m.Command:
    """The next command that comes to the server; acknowledgements are skipped."""
    frames = m.Frames()
    async with asyncio.timeout(5):
        while True:
            for frame in frames.feed(await reader.read(4096)):
                if isinstance(frame.message, m.Command):
                    return frame.message


def test_what_a_server_says_is_in_the_tables_and_a_kill_comes_to_the_server_with_its_name(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path)
        async with office.serving() as port, office.watching():
            live = m.Frame(m.LIVE, 1, T0, m.State(body=b"trading"))
            records = [m.Frame(m.JOURNAL, number, T0, enter(number)) for number in (1, 2)]
            reader, writer = await connect(port, live, *records)
            office.pause.set()
            await office.until(lambda: len(office.hub.tables[3]) == 2 and office.hub.hosts() == ["hft1"])
            answer = await asyncio.to_thread(send, tmp_path, "kill", who="ann")
            assert answer["servers"] == 1
            found = await command(reader)
            assert (found.name, found.body) == ("kill", b"ann")
            writer.close()
            await office.until(lambda: office.hub.hosts() == [])

    asyncio.run(story())


def test_a_page_that_begins_late_has_the_whole_journal(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path)
        async with office.serving() as port:
            records = [m.Frame(m.JOURNAL, number, T0, enter(number)) for number in range(1, 21)]
            _, writer = await connect(port, *records)
            async with asyncio.timeout(5):
                path, size = tmp_path / f"{JOURNAL:016x}/journal.bin", sum(len(one.encode()) for one in records)
                while not path.exists() or path.stat().st_size < size:
                    await asyncio.sleep(0.01)  # a file has no event
            async with office.watching():
                await office.until(lambda: len(office.hub.tables[3]) == 20)
                writer.write(m.Frame(m.JOURNAL, 21, T0, enter(21)).encode())
                await office.until(lambda: len(office.hub.tables[3]) == 21)
            writer.close()

    asyncio.run(story())


def test_a_collector_that_goes_and_comes_back_is_found_again(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path)
        async with office.serving() as port:
            _, writer = await connect(port, m.Frame(m.JOURNAL, 1, T0, enter(1)))
            watching = office.watching()
            await watching.__aenter__()
            await office.until(lambda: len(office.hub.tables[3]) == 1)
            writer.close()
        async with asyncio.timeout(5):
            while office.hub.hosts():
                await asyncio.sleep(0.01)  # the hub has no event
        office.collector = Collector(tmp_path)
        async with office.serving() as port:
            _, writer = await connect(port, m.Frame(m.JOURNAL, 2, T0, enter(2)))
            office.pause.set()
            await office.until(lambda: len(office.hub.tables[3]) == 2 and office.hub.hosts() == ["hft1"])
            await watching.__aexit__(None, None, None)
            writer.close()

    asyncio.run(story())
