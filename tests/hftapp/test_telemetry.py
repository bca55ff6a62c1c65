"""The management stream against a real office socket on loopback: reconnects, the journal without holes, commands."""

import json
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hftapp import records, telemetry
from hftapp.journal import Journal
from hftapp.telemetry import Telemetry


class Office:
    """A collector that a test reads line by line."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(5)
        self.address: tuple[str, int] = self.listener.getsockname()
        self.peer: socket.socket | None = None
        self.data = b""

    def accept(self) -> None:
        if self.peer is not None:
            self.peer.close()
        self.peer, _ = self.listener.accept()
        self.peer.setblocking(False)
        self.data = b""

    def lines(self, client: Telemetry, count: int) -> list[dict[str, Any]]:
        assert self.peer is not None
        end = time.monotonic() + 5
        while self.data.count(b"\n") < count:
            assert time.monotonic() < end, self.data
            client.step(time.monotonic_ns())
            try:
                self.data += self.peer.recv(1 << 20)
            except BlockingIOError:
                self._wait(client)
        return [json.loads(line) for line in self.data.split(b"\n")[:-1]]

    def _wait(self, client: Telemetry) -> None:
        """Wait until one of the two ends has something to do."""
        descriptor = client.fileno()
        assert self.peer is not None
        assert descriptor is not None, "the client lost the connection"
        writers = [descriptor] if client.wants_write() else []
        readable, writable, _ = select.select([self.peer.fileno(), descriptor], writers, [], 5)
        assert readable or writable, self.data

    def close(self) -> None:
        if self.peer is not None:
            self.peer.close()
        self.listener.close()


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    yield made
    made.close()


class Client:
    """A telemetry client with its journal and what it said and was told."""

    def __init__(self, address: tuple[str, int], path: Path) -> None:
        self.commands: list[str] = []
        self.said: list[str] = []
        self.journal = Journal(path / "orders.journal")
        self.telemetry = Telemetry(address, self.journal.path, on_command=self.commands.append, say=self.said.append)

    def connect(self, office: Office) -> None:
        end = time.monotonic() + 5
        self.telemetry.step(time.monotonic_ns())
        office.accept()
        while not self.telemetry.connected:
            assert time.monotonic() < end
            self.telemetry.step(time.monotonic_ns())

    def close(self) -> None:
        self.telemetry.close()
        self.journal.close()


@pytest.fixture
def client(office: Office, tmp_path: Path) -> Iterator[Client]:
    made = Client(office.address, tmp_path)
    yield made
    made.close()


def test_hello_then_journal_then_the_queue(office: Office, client: Client) -> None:
    client.telemetry.hello({"kind": "boot"})
    client.journal.append([(records.OUT, 7, b"\x4f"), (records.IN, 8, b"\x41")])
    client.telemetry.offer({"kind": "state", "state": "trading"})
    client.connect(office)
    assert office.lines(client.telemetry, 4) == [
        {"kind": "boot"},
        {"kind": "journal", "n": 1, "t": 7, "dir": "out", "hex": "4f"},
        {"kind": "journal", "n": 2, "t": 8, "dir": "in", "hex": "41"},
        {"kind": "state", "state": "trading"},
    ]


def test_a_journal_line_names_the_venue_unless_it_is_the_first(office: Office, client: Client) -> None:
    client.telemetry.hello({"kind": "boot"})
    client.journal.append([(records.at_venue(records.OUT, venue), 7, b"\x4f") for venue in (0, 1, 3)])
    client.connect(office)
    assert office.lines(client.telemetry, 4)[1:] == [
        {"kind": "journal", "n": 1, "t": 7, "dir": "out", "hex": "4f"},
        {"kind": "journal", "n": 2, "t": 7, "dir": "out", "venue": 1, "hex": "4f"},
        {"kind": "journal", "n": 3, "t": 7, "dir": "out", "venue": 3, "hex": "4f"},
    ]


def test_after_a_reconnect_the_journal_comes_again_from_its_start(office: Office, client: Client) -> None:
    client.telemetry.hello({"kind": "boot"})
    client.journal.append([(records.OUT, 1, b"a")])
    client.connect(office)
    assert len(office.lines(client.telemetry, 2)) == 2
    assert office.peer is not None
    office.peer.close()
    end = time.monotonic() + 5
    while client.telemetry.connected:
        assert time.monotonic() < end
        client.telemetry.step(time.monotonic_ns())
    client.journal.append([(records.IN, 2, b"b")])
    client.telemetry.journal_grew()
    while client.telemetry.fileno() is None:
        assert time.monotonic() < end
        client.telemetry.step(time.monotonic_ns())
    client.connect(office)
    assert [line.get("n") for line in office.lines(client.telemetry, 3)] == [None, 1, 2]
    assert client.telemetry.connects == 2


def test_commands_are_taken_and_rubbish_is_counted(office: Office, client: Client) -> None:
    client.connect(office)
    assert office.peer is not None
    office.peer.sendall(b'{"command":"kill"}\nrubbish\n{"command":"fly"}\n[]\n"\xff"\n3\nnull\n')
    for wrong in (b'["stop"]', b'{"stop":1}', b"null", b"7", b"[" * 50_000):
        office.peer.setblocking(True)
        office.peer.sendall(b'{"command":' + wrong + b"}\n")
    office.peer.sendall(b'{"command":"st')
    office.peer.setblocking(False)
    end = time.monotonic() + 5
    while client.telemetry.bad_commands < 11:
        assert time.monotonic() < end
        client.telemetry.step(time.monotonic_ns())
    office.peer.sendall(b'op"}\n')
    while len(client.commands) < 2:
        assert time.monotonic() < end
        client.telemetry.step(time.monotonic_ns())
    assert client.commands == ["kill", "stop"]
    assert (client.telemetry.faults, client.telemetry.connects) == (0, 1)


def test_the_end_of_a_line_too_long_is_no_command(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "LINE_LIMIT", 40)
    client.connect(office)
    assert office.peer is not None
    office.peer.sendall(b"x" * 200 + b'{"command":"kill"}\n{"command":"stop"}\n')
    end = time.monotonic() + 5
    while not client.commands:
        assert time.monotonic() < end
        client.telemetry.step(time.monotonic_ns())
    assert client.commands == ["stop"]
    assert client.telemetry.bad_commands == 1


def test_a_fault_costs_the_connection_and_nothing_else(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.connect(office)
    nothing: dict[str, bytes] = {}
    with monkeypatch.context() as patch:
        patch.setattr(client.telemetry, "_next_chunk", lambda: nothing["gone"])
        client.telemetry.step(time.monotonic_ns())
    assert not client.telemetry.connected
    assert client.telemetry.faults == 1
    assert client.said[-1] == "connection to the office lost: KeyError: 'gone'"
    later = time.monotonic_ns() + telemetry.BACKOFF_NS[1]
    client.telemetry.step(later)
    office.accept()
    end = time.monotonic() + 5
    while not client.telemetry.connected:
        assert time.monotonic() < end
        client.telemetry.step(later)


def test_a_step_sends_one_chunk_however_much_the_socket_takes(office: Office, client: Client) -> None:
    """Between two chunks the supervisor looks after the journal ring."""
    client.connect(office)
    for _ in range(20):
        client.telemetry.offer({"kind": "stats", "filler": "x" * (telemetry.CHUNK_BYTES // 4)})
    queued = client.telemetry._queued
    client.telemetry.step(time.monotonic_ns())
    assert 0 < queued - client.telemetry._queued < 2 * telemetry.CHUNK_BYTES
    assert client.telemetry.wants_write()
    assert len(office.lines(client.telemetry, 20)) == 20


def test_without_an_office_nothing_waits_and_the_queue_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = unused.getsockname()
    monkeypatch.setattr(telemetry, "QUEUE_BYTES", 100)
    client = Client(address, tmp_path)
    for _ in range(10):
        client.telemetry.step(time.monotonic_ns())
        client.telemetry.offer({"kind": "stats", "filler": "x" * 20})
    assert not client.telemetry.connected
    assert client.telemetry.dropped == 8
    assert not client.telemetry.flush(20_000_000)
    client.close()


def test_flush_waits_until_everything_is_acknowledged(office: Office, client: Client) -> None:
    client.connect(office)
    client.telemetry.offer({"kind": "exit", "status": 0, "reason": "end"})
    assert client.telemetry.flush(5_000_000_000)
    assert office.lines(client.telemetry, 1) == [{"kind": "exit", "status": 0, "reason": "end"}]


def test_a_large_backlog_goes_out_in_pieces(office: Office, client: Client) -> None:
    client.journal.append([(records.OUT, number, b"x" * 200) for number in range(5000)])
    client.connect(office)
    lines = office.lines(client.telemetry, 5000)
    assert [line["n"] for line in lines] == list(range(1, 5001))
