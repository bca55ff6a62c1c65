"""The management stream against a real office socket on loopback: greetings, acknowledgements, commands, hostility."""

import select
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hftapp import records
from hftapp.journal import Journal, read
from hftapp.telemetry import client as telemetry
from hftapp.telemetry import link
from hftapp.telemetry.backlog import Backlog
from hftapp.telemetry.client import Telemetry, who
from hftapp.telemetry.journal_source import encoded
from protocols.management import (
    CONTROL,
    JOURNAL,
    LIVE,
    VERSION,
    Ack,
    Command,
    Exit,
    Frame,
    Frames,
    Hello,
    ManagementMessage,
    Recording,
    State,
)

SESSION = 77
STEP_S = 5


class Office:
    """A collector that a test plays."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(5)
        self.address: tuple[str, int] = self.listener.getsockname()
        self.peer: socket.socket | None = None
        self.reader = Frames()
        self.got: list[Frame] = []

    def accept(self) -> None:
        if self.peer is not None:
            self.peer.close()
        self.peer, _ = self.listener.accept()
        self.peer.setblocking(False)
        self.reader, self.got = Frames(), []

    def send(self, *messages: ManagementMessage | bytes) -> None:
        assert self.peer is not None
        for message in messages:
            self.peer.sendall(message if isinstance(message, bytes) else Frame(CONTROL, 0, 0, message).encode())

    def read(self) -> None:
        assert self.peer is not None
        try:
            self.got += self.reader.feed(self.peer.recv(1 << 20))
        except BlockingIOError:
            pass

    def numbers(self, stream: int) -> list[int]:
        return [found.number for found in self.got if found.stream == stream]

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

    def __init__(self, office: Office, path: Path, backlog: Backlog | None = None) -> None:
        self.office = office
        self.commands: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.ticks = 10**9
        self.journal = Journal(path / "orders.journal")
        self._hello: Hello | None = None
        self.telemetry = Telemetry(
            office.address,
            self.journal,
            greeting=self.greeting,
            on_command=lambda name, by: self.commands.append((name, by)),
            say=self.said.append,
            backlog=backlog,
        )

    def greeting(self) -> Hello:
        now = Hello(
            version=VERSION, session=SESSION, journal=self.journal.identity, ticks_per_second=self.ticks, host="h"
        )
        if now != self._hello:
            self._hello = now
        return self._hello

    def until(self, wanted: Callable[[], bool]) -> None:
        """Step, both ends, until something is so."""
        end = time.monotonic() + STEP_S
        while not wanted():
            assert time.monotonic() < end, (self.said, self.office.got[-3:])
            self.telemetry.step(time.monotonic_ns())
            if self.office.peer is not None:
                self.office.read()
            descriptors = [fd for fd in (self.telemetry.fileno(), self.office.peer and self.office.peer.fileno()) if fd]
            select.select(descriptors, [], [], 0.002)

    def connect(self) -> None:
        """As far as the greeting."""
        self.until(lambda: self.telemetry.fileno() is not None)
        self.office.accept()
        self.until(lambda: bool(self.office.got))

    def acks(self, live: int = 0, journal: int = 0) -> list[ManagementMessage]:
        """What an office says that has so much."""
        check = 0
        for entry in read(self.journal.path):
            if entry.number == journal:
                check = zlib.crc32(encoded(entry))
        return [
            Ack(stream=LIVE, of=SESSION, number=live, check=0),
            Ack(stream=JOURNAL, of=self.journal.identity, number=journal, check=check),
        ]

    def go(self, live: int = 0, journal: int = 0) -> None:
        self.connect()
        self.office.send(*self.acks(live, journal))

    def state(self, text: str = "x") -> None:
        self.telemetry.offer(State(body=text.encode()), 5)

    def lost(self) -> bool:
        return not self.telemetry.link.connected

    def close(self) -> None:
        self.telemetry.close()
        self.journal.close()


@pytest.fixture
def client(office: Office, tmp_path: Path) -> Iterator[Client]:
    made = Client(office, tmp_path)
    yield made
    made.close()


def test_it_greets_and_waits_to_hear_what_the_office_has(office: Office, client: Client) -> None:
    client.journal.append([(records.OUT, 7, b"\x4f")])
    client.state()
    client.connect()
    for _ in range(20):
        client.telemetry.step(time.monotonic_ns())
        office.read()
    assert [type(found.message) for found in office.got] == [Hello]
    assert not client.telemetry.wants_write()
    office.send(*client.acks())
    client.until(lambda: len(office.got) == 3)
    assert (office.numbers(JOURNAL), office.numbers(LIVE)) == ([1], [1])
    assert office.got[1].time == 7


def test_it_goes_on_behind_what_the_office_has(office: Office, client: Client) -> None:
    client.journal.append([(records.OUT, n, b"%d" % n) for n in range(5)])
    for _ in range(4):
        client.state()
    client.go(live=3, journal=2)
    client.until(lambda: len(office.got) == 5)
    assert (office.numbers(JOURNAL), office.numbers(LIVE)) == ([3, 4, 5], [4])


def test_after_a_loss_nothing_is_missing_and_nothing_stored_comes_again(office: Office, client: Client) -> None:
    client.journal.append([(records.OUT, n, b"%d" % n) for n in range(5)])
    client.go()
    client.until(lambda: office.numbers(JOURNAL) == [1, 2, 3, 4, 5])
    assert office.peer is not None
    office.peer.close()
    office.peer = None
    client.until(client.lost)
    client.journal.append([(records.IN, 2, b"b")])
    client.go(journal=3)
    client.until(lambda: office.numbers(JOURNAL) == [4, 5, 6])
    assert client.telemetry.link.connects == 2


def test_a_new_office_gets_everything(office: Office, client: Client) -> None:
    client.journal.append([(records.OUT, n, b"%d" % n) for n in range(5)])
    client.state()
    client.go(live=1, journal=5)
    client.until(lambda: client.telemetry.delivered)
    assert office.peer is not None
    office.peer.close()
    office.peer = None
    client.until(client.lost)
    client.go()
    client.until(lambda: len(office.got) == 7)
    assert (office.numbers(JOURNAL), office.numbers(LIVE)) == ([1, 2, 3, 4, 5], [1])


def test_an_office_that_has_another_end_of_the_journal_gets_all_of_it_under_a_new_name(
    office: Office, client: Client
) -> None:
    """A crash took the journal's end after it was sent; the numbers were used again."""
    client.journal.append([(records.OUT, n, b"%d" % n) for n in range(5)])
    before = client.journal.identity
    client.connect()
    office.send(Ack(stream=LIVE, of=SESSION, number=0, check=0), Ack(stream=JOURNAL, of=before, number=4, check=0xBAD))
    client.until(client.lost)
    assert client.journal.identity != before
    assert "the office has another record 4 of the journal" in client.said[-2]
    client.go()
    client.until(lambda: office.numbers(JOURNAL) == [1, 2, 3, 4, 5])
    assert isinstance(office.got[0].message, Hello)
    assert office.got[0].message.journal == client.journal.identity


def test_a_greeting_that_changes_is_said_again_before_anything_else(office: Office, client: Client) -> None:
    client.go()
    client.ticks = 3_000_000_000
    client.state()
    client.until(lambda: len(office.got) == 3)
    again = office.got[1].message
    assert isinstance(again, Hello)
    assert again.ticks_per_second == 3_000_000_000


def test_commands_come_with_who_gave_them(office: Office, client: Client) -> None:
    client.go()
    office.send(Command(name="kill", body=b"Ada"), Command(name="stop", body=b"Grace\n\x1b[0m"))
    client.until(lambda: len(client.commands) == 2)
    assert client.commands == [("kill", "Ada"), ("stop", "Grace??[0m")]


def test_who_is_short_and_printable() -> None:
    assert who(b"") == "unknown"
    assert who(b"\xff\xfe") == "\ufffd\ufffd"
    assert len(who("ü".encode() * 5000)) == telemetry.WHO_LIMIT


def test_thousands_of_commands_are_one_until_time_has_passed(office: Office, client: Client) -> None:
    client.go()
    office.send(
        Command(name="kill", body=b"x").encode()
        and b"".join(Frame(CONTROL, 0, 0, Command(name="kill", body=b"%d" % n)).encode() for n in range(3000))
    )
    client.until(lambda: client.telemetry.repeated + len(client.commands) == 3000)
    assert len(client.commands) < 20
    assert client.commands[0] == ("kill", "0")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n" + bytes(100),
        b"\xff" * 21,
        (1 << 22).to_bytes(4, "big") + bytes(17),
        Frame(CONTROL, 0, 0, Command(name="reboot")).encode(),
        Frame(CONTROL, 0, 0, State(body=b"x")).encode(),
        Frame(CONTROL, 0, 0, Ack(stream=LIVE, of=SESSION, number=99, check=0)).encode(),
        Frame(CONTROL, 0, 0, Ack(stream=CONTROL, of=SESSION, number=0, check=0)).encode(),
        Frame(CONTROL, 0, 0, Ack(stream=JOURNAL, of=3, number=0, check=0)).encode(),
    ],
)
def test_an_office_that_makes_no_sense_loses_the_connection_and_nothing_else(
    office: Office, client: Client, data: bytes
) -> None:
    client.connect()
    office.send(data)
    client.until(client.lost)
    assert (client.telemetry.nonsense, client.telemetry.faults, client.commands) == (1, 0, [])
    assert "makes no sense" in client.said[-1]
    client.telemetry.step(time.monotonic_ns() + link.BACKOFF_NS[1])
    office.accept()
    client.until(lambda: bool(office.got))


def test_a_record_that_was_never_sent_cannot_be_acknowledged(office: Office, client: Client) -> None:
    client.go()
    client.until(lambda: client.telemetry.delivered)
    office.send(Ack(stream=JOURNAL, of=client.journal.identity, number=1, check=0))
    client.until(client.lost)
    assert client.telemetry.nonsense == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=200))
def test_whatever_the_office_sends_nothing_is_raised(
    office: Office, tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    made = Client(office, tmp_path_factory.mktemp("fuzz"))
    made.connect()
    office.send(data)
    assert office.peer is not None
    office.peer.shutdown(socket.SHUT_WR)
    made.until(made.lost)
    assert made.telemetry.faults == 0
    made.close()


def test_an_office_that_never_says_what_it_has_is_given_up(office: Office, client: Client) -> None:
    client.connect()
    client.telemetry.step(time.monotonic_ns() + 1_000_000 * link.SILENCE_MS + 1)
    assert client.lost()
    assert client.said[-1] == "connection to the office lost: it did not say what it has"


def test_an_office_that_never_reads_costs_bounded_memory(office: Office, tmp_path: Path) -> None:
    client = Client(office, tmp_path, Backlog(limit=1 << 20))
    client.go()
    for _ in range(4000):
        client.state("x" * 2000)
        client.telemetry.step(time.monotonic_ns())
    assert client.telemetry.backlog.size <= 1 << 20
    assert client.telemetry.backlog.dropped > 0
    client.close()


def test_a_fault_costs_the_connection_and_nothing_else(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.go()
    nothing: dict[str, bytes] = {}
    with monkeypatch.context() as patch:
        patch.setattr(client.telemetry, "_next_chunk", lambda: nothing["gone"])
        client.telemetry.step(time.monotonic_ns())
    assert client.lost()
    assert client.telemetry.faults == 1
    assert client.said[-1] == "connection to the office lost: KeyError: 'gone'"
    client.telemetry.step(time.monotonic_ns() + link.BACKOFF_NS[1])
    office.accept()
    client.until(lambda: bool(office.got))


def test_a_step_sends_one_chunk_however_much_the_socket_takes(office: Office, client: Client) -> None:
    """Between two chunks the supervisor looks after the journal ring."""
    for _ in range(20):
        client.state("x" * (telemetry.CHUNK_BYTES // 4))
    client.go()
    client.until(lambda: client.telemetry._going())
    before = client.telemetry._sent
    client.telemetry.step(time.monotonic_ns())
    assert client.telemetry._sent - before <= 4
    assert client.telemetry.wants_write()
    client.until(lambda: len(office.numbers(LIVE)) == 20)


def test_without_an_office_nothing_waits(tmp_path: Path) -> None:
    nobody = Office()
    nobody.close()
    client = Client(nobody, tmp_path)
    for _ in range(10):
        client.telemetry.step(time.monotonic_ns())
        client.state()
    assert client.lost()
    assert not client.telemetry.flush(20_000_000)
    client.close()


def test_flush_waits_until_the_office_has_stored_everything(office: Office, client: Client) -> None:
    """The office is a thread: it acknowledges what it has read."""

    def store() -> None:
        office.accept()
        assert office.peer is not None
        office.peer.setblocking(True)
        office.peer.settimeout(STEP_S)
        office.read()
        office.send(*client.acks())
        while not any(isinstance(found.message, Exit) for found in office.got):
            office.read()
            office.send(Ack(stream=LIVE, of=SESSION, number=max([0, *office.numbers(LIVE)]), check=0))

    storing = threading.Thread(target=store)
    storing.start()
    pieces = (Recording(offset=n, body=b"x" * 100_000) for n in range(300))
    beats: list[int] = []
    assert client.telemetry.flush(5_000_000_000, iter([*pieces, Exit(status=0, body=b"end")]), beats.append)
    assert len(beats) > 30  # the watchdog is fed before each step, and a step sends one chunk
    assert beats == sorted(beats)
    assert client.telemetry.delivered
    assert client.telemetry.backlog.last == 301
    storing.join()


def test_a_large_backlog_goes_out_in_pieces(office: Office, client: Client) -> None:
    client.journal.append([(records.OUT, number, b"x" * 200) for number in range(5000)])
    client.go()
    client.until(lambda: office.numbers(JOURNAL) == list(range(1, 5001)))
