"""The collector program on real sockets: servers that come, go and come again, watchers, commands, a sudden death."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from office.collector import Collector
from office.files import journal
from office.files import live as live_streams
from office.live import PREFIX, watch
from protocols.management import (
    CONTROL,
    FRAME,
    JOURNAL,
    LIVE,
    Ack,
    Answer,
    Command,
    Connection,
    Counters,
    Frame,
    Hello,
    ManagementMessage,
    State,
    decode,
)
from tests.office.scripted_server import SESSION, Server, hello, live, record, state

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


class Watcher:
    """A connection to the control socket."""

    def __init__(self, control: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(control))
        self._stream = self.socket.makefile("rb")

    def hear(self) -> tuple[int, ManagementMessage]:
        """(session, message): what it gets next."""
        head = self._stream.read(PREFIX.size + FRAME.size)
        length = FRAME.unpack_from(head, PREFIX.size)[0]
        return PREFIX.unpack_from(head)[0], decode(self._stream.read(length))

    def until(self, kind: type[ManagementMessage]) -> ManagementMessage:
        while True:
            _, message = self.hear()
            if isinstance(message, kind):
                return message

    def order(self, name: str, who: str = "Ada") -> Answer:
        self.socket.sendall(Frame(CONTROL, 0, 0, Command(name=name, body=who.encode())).encode())
        answer = self.until(Answer)
        assert isinstance(answer, Answer)
        return answer

    def close(self) -> None:
        self._stream.close()
        self.socket.close()


class Office:
    """A collector that may be killed and started again in the same folder, at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.control = folder / "office", folder / "control"
        self.bind = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "office.collector", "--bind", self.bind]
        self.process = subprocess.Popen(
            [*command, "--dir", str(self.folder), "--control", str(self.control)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        ready = json.loads(line)
        self.address = (ready["host"], ready["port"])
        self.bind = f"{self.address[0]}:{self.address[1]}"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> tuple[dict[str, Any], str]:
        """Stop it; gives the summary and what it complained about."""
        self.process.send_signal(signal.SIGTERM)
        out, errors = self.process.communicate(timeout=20)
        return json.loads(out), errors


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    if office.process.poll() is None:
        office.kill()


@pytest.fixture
def watcher(office: Office) -> Iterator[Watcher]:
    made = Watcher(office.control)
    yield made
    made.close()


def test_a_stream_in_pieces_is_stored_acknowledged_and_published(office: Office, watcher: Watcher) -> None:
    with Server(office.address) as server:
        stream = record(1) + state(1)
        for start in range(0, len(stream), 7):
            server.send(stream[start : start + 7])
        server.acknowledged(LIVE, 1)
        server.acknowledged(JOURNAL, 1)
        assert watcher.hear() == (SESSION, Connection(open=1))
        assert isinstance(watcher.hear()[1], Hello)
        assert [watcher.hear()[1].body for _ in range(2)] == [b"\x4f", b"trading"]
    assert watcher.hear() == (SESSION, Connection(open=0))
    summary, errors = office.end()
    assert (errors, summary["connections"], summary["faults"]) == ("", 1, 0)
    assert [entry.number for entry in journal(office.folder)] == [1]
    assert json.loads((office.folder / "summary.json").read_text()) == summary


def test_a_collector_that_dies_at_any_moment_loses_and_doubles_nothing(office: Office) -> None:
    """What was acknowledged is there; the server sends the rest again, and it is there once."""
    numbers = range(1, 301)
    stored = 0
    for round_number in range(4):
        with Server(office.address) as server:
            ack = server.hear(lambda m: isinstance(m, Ack) and m.stream == JOURNAL)
            assert isinstance(ack, Ack)
            assert ack.number >= stored
            upto = 75 * (round_number + 1)
            server.send(*(record(n, b"%d" % n) for n in numbers[ack.number : upto]))
            half = upto - 40
            found = server.hear(lambda m, half=half: isinstance(m, Ack) and m.stream == JOURNAL and m.number >= half)  # type: ignore[misc]
            assert isinstance(found, Ack)
            stored = found.number
            office.kill()
        assert [entry.number for entry in journal(office.folder)][:stored] == list(numbers[:stored])
        office.start()
    with Server(office.address) as server:
        ack = server.hear(lambda m: isinstance(m, Ack) and m.stream == JOURNAL)
        assert isinstance(ack, Ack)
        server.send(*(record(n, b"%d" % n) for n in numbers[ack.number :]))
        server.acknowledged(JOURNAL, 300)
    summary, _ = office.end()
    assert [(entry.number, entry.payload) for entry in journal(office.folder)] == [(n, b"%d" % n) for n in numbers]
    assert (summary["duplicates"], summary["conflicts"], summary["starts"]) == (0, 0, 5)


def test_several_servers_have_a_file_each(office: Office) -> None:
    with Server(office.address) as one, Server(office.address, hello(session=7, journal=8)) as two:
        for server, text in ((one, "one"), (two, "two")):
            server.send(state(1, text), record(1, text.encode()))
            server.acknowledged(JOURNAL, 1)
    office.end()
    states = {session: frame.message.body for session, frame in live_streams(office.folder) if frame.stream == LIVE}
    assert states == {SESSION: b"one", 7: b"two"}
    assert {entry.payload for entry in journal(office.folder)} == {b"one", b"two"}


def test_a_server_that_connects_again_replaces_its_dead_connection(office: Office, watcher: Watcher) -> None:
    with Server(office.address) as old, Server(office.address) as new:
        assert old.closed()
        new.send(state(1))
        new.acknowledged(LIVE, 1)
        assert watcher.order("stop").servers == 1
    said = watcher.until(Connection)
    assert said == Connection(open=0)


def test_commands_go_to_every_server_and_wrong_ones_are_refused(office: Office, watcher: Watcher) -> None:
    with Server(office.address) as first, Server(office.address, hello(session=7)) as second:
        for server in (first, second):
            server.acknowledged(LIVE, 0)
        assert "is no command: must be one of stop, kill" in watcher.order("reboot").body.decode()
        assert watcher.order("kill", "Grace") == Answer(servers=2)
        for server in (first, second):
            assert server.hear(lambda m: isinstance(m, Command)) == Command(name="kill", body=b"Grace")


def test_a_late_watcher_gets_the_latest_state(office: Office) -> None:
    with Server(office.address) as server:
        server.send(state(1, "connecting"), state(2, "trading"))
        server.acknowledged(LIVE, 2)

        async def look() -> bytes:
            async for _, frame in watch(office.control):
                if isinstance(frame.message, State):
                    return frame.message.body
            return b""

        assert asyncio.run(look()) == b"trading"


def test_hostile_servers_and_watchers_cost_themselves_only(office: Office, watcher: Watcher) -> None:
    with Server(office.address) as good:
        for greeting in (b"GET / HTTP/1.1\r\n\r\n" * 9, state(1), hello() + b"\xff" * 40, hello()[:-1] + bytes(30)):
            with Server(office.address, greeting) as hostile:
                assert hostile.closed()
        bad = Watcher(office.control)
        bad.socket.sendall(b"\xff" * 100)
        bad.close()
        silent = [Server(office.address, b"") for _ in range(3)]
        with Server(office.address) as again:
            assert good.closed()  # `again` says that it is the same server
            again.send(state(1))
            again.acknowledged(LIVE, 1)
        for server in silent:
            server.socket.close()
    summary, errors = office.end()
    assert summary["faults"] >= 3
    assert errors.count("connection of") == summary["faults"]
    assert "Traceback" not in errors


def test_a_watcher_that_does_not_read_is_dropped_and_the_office_goes_on(office: Office) -> None:
    deaf = Watcher(office.control)
    with Server(office.address) as server:
        for number in range(1, 40):
            server.send(state(number, "x" * (1 << 20)))
        server.acknowledged(LIVE, 39)
    received = 0
    with pytest.raises((ConnectionError, AssertionError)):
        while True:
            data = deaf.socket.recv(1 << 20)
            assert data
            received += len(data)
    assert received < 20 << 20
    deaf.close()
    assert office.process.poll() is None


async def connected(folder: Path, talk: Callable[[tuple[str, int]], Awaitable[None]]) -> dict[str, Any]:
    """Talk to a collector in this process; gives its summary."""
    collector = Collector(folder)
    listening = await asyncio.start_server(collector.on_server, "127.0.0.1", 0)
    syncing = asyncio.create_task(collector.sync())
    try:
        await asyncio.wait_for(talk(listening.sockets[0].getsockname()[:2]), 20)
    finally:
        syncing.cancel()
        listening.close()
        summary = await collector.close()
    return summary


def test_a_server_that_has_gone_silent_loses_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("office.collector._SILENCE_SECONDS", 0.3)

    async def talk(address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(hello())
        for number in range(1, 6):
            await asyncio.sleep(0.1)
            writer.write(state(number))
        began = asyncio.get_running_loop().time()
        while await reader.read(1 << 16):
            pass
        assert asyncio.get_running_loop().time() - began >= 0.25
        writer.close()

    summary = asyncio.run(connected(tmp_path, talk))
    (figures,) = summary["live"].values()
    assert (figures["count"], summary["faults"]) == (5, 0)


def test_one_machine_cannot_take_all_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("office.collector._SERVERS_OF_ADDRESS", 3)

    async def talk(address: tuple[str, int]) -> None:
        open_ = [await asyncio.open_connection(*address) for _ in range(5)]
        refused = [reader for reader, _ in open_[3:]]
        assert [await reader.read() for reader in refused] == [b"", b""]
        other, writer = await asyncio.open_connection(*address, local_addr=("127.0.0.2", 0))
        writer.write(hello())
        assert await other.read(1)
        for _, one in (*open_, (other, writer)):
            one.close()

    summary = asyncio.run(connected(tmp_path, talk))
    assert (summary["connections"], summary["refused"]) == (4, 2)


def test_a_command_is_obeyed_while_the_latest_is_still_handed_out(office: Office) -> None:
    """A watcher that has not read what there is may still pull the kill switch."""
    with Server(office.address) as server:
        for number in range(1, 30):
            server.send(live(number, Counters(group=f"g{number}", body=bytes(1 << 20))))
        server.acknowledged(LIVE, 29)
        impatient = Watcher(office.control)
        impatient.socket.sendall(Frame(CONTROL, 0, 0, Command(name="kill", body=b"Ada")).encode())
        assert server.hear(lambda m: isinstance(m, Command)) == Command(name="kill", body=b"Ada")
        groups: set[str] = set()
        while len(groups) < 29:
            _, message = impatient.hear()
            groups |= {message.group} if isinstance(message, Counters) else set()
        impatient.close()


def test_it_ends_properly_while_a_server_is_connected(office: Office) -> None:
    with Server(office.address) as server:
        server.send(state(1), state(2)[:10])
        server.acknowledged(LIVE, 1)
        summary, errors = office.end()
    (figures,) = summary["live"].values()
    assert (figures["count"], office.process.returncode, errors) == (1, 0, "")


@pytest.mark.parametrize("bind", ["nowhere:9300", "127.0.0.1", "127.0.0.1:x"])
def test_a_wrong_address_is_explained(tmp_path: Path, bind: str) -> None:
    command = [sys.executable, "-m", "office.collector", "--bind", bind, "--dir", str(tmp_path)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "must be an IPv4 address and a port" in done.stderr
