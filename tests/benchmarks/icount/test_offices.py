"""The offices on their network, with the telemetry client of a trading server in front of them; no machine.

The client runs in the office's own namespace, so that nothing is between the two but the kernel's loopback.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.icount.office_network import ManagementNetwork, Program
from benchmarks.icount.offices import Babbling, Collecting, Silent, Stalled
from hftapp.journal import Journal
from hftapp.ring import Record
from hftapp.telemetry.client import Telemetry
from lab.lockstep.exchange import HarnessError
from office import files
from protocols.management import OUT, VERSION, Hello, State
from qemu import plan

SECONDS = 30


@pytest.fixture
def network(tmp_path: Path) -> Iterator[ManagementNetwork]:
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    with ManagementNetwork(sockets, tmp_path / "switch.log") as network:
        yield network


class Server:
    """The client with a journal of one record."""

    def __init__(self, network: ManagementNetwork, folder: Path) -> None:
        self.said: list[str] = []
        self.journal = Journal(folder / "orders.journal")
        self.journal.append([Record(OUT, 1, b"order")])
        hello = Hello(version=VERSION, session=7, journal=self.journal.identity, ticks_per_second=1, host="h")
        address = (str(plan.OFFICE_ADDRESS.ip), plan.OFFICE_PORT)
        self.telemetry = Telemetry(
            address, self.journal, greeting=lambda: hello, on_command=self._never, say=self.said.append
        )
        self._network = network

    def step_until(self, done: Callable[[], bool]) -> bool:
        """Step until something is so, at most `SECONDS`; whether it is."""
        end = time.monotonic() + SECONDS
        while not done() and time.monotonic() < end:
            self._network.call(lambda: self.telemetry.step(time.monotonic_ns()))
        return done()

    def close(self) -> None:
        self.telemetry.close()
        self.journal.close()

    @staticmethod
    def _never(name: str, who: str) -> None:
        raise AssertionError(f"nobody gave the command {name}, {who}")


@pytest.fixture
def server(network: ManagementNetwork, tmp_path: Path) -> Iterator[Server]:
    with closing(Server(network, tmp_path)) as server:
        yield server


def test_the_collector_can_be_killed_and_has_everything_when_it_is_back(
    network: ManagementNetwork, server: Server, tmp_path: Path
) -> None:
    with closing(Collecting(network, tmp_path)) as office:
        assert server.step_until(lambda: server.telemetry.delivered)
        before = office.reached()
        assert before > 0
        office.kill()
        assert server.step_until(lambda: "connection to the office lost: closed by the office" in server.said)
        server.journal.append([Record(OUT, 2, b"another")])
        office.back()
        assert server.step_until(lambda: server.telemetry.delivered)
        assert office.reached() > before
    assert [entry.payload for entry in files.journal(tmp_path)] == [b"order", b"another"]


def test_a_silent_office_is_given_up_and_tried_again(
    network: ManagementNetwork, server: Server, tmp_path: Path
) -> None:
    with closing(Silent(network, tmp_path)) as office:
        assert server.step_until(lambda: "connection to the office lost: it did not say what it has" in server.said)
        assert server.step_until(lambda: office.reached() == 2)
    assert not server.telemetry.delivered


def test_a_stalled_office_asks_for_everything_and_reads_none_of_it(
    network: ManagementNetwork, server: Server, tmp_path: Path
) -> None:
    with closing(Stalled(network, tmp_path)) as office:
        for number in range(100):
            server.telemetry.offer(State(body=bytes(10_000)), number)
        started = server.telemetry.backlog.last
        assert server.step_until(lambda: server.telemetry.link.connected and server.telemetry.wants_write())
        assert office.reached() == 1
    assert server.telemetry.backlog.unacknowledged == started
    assert not server.telemetry.delivered


def test_what_a_babbling_office_says_is_nonsense(network: ManagementNetwork, server: Server, tmp_path: Path) -> None:
    with closing(Babbling(network, tmp_path)) as office:
        assert server.step_until(lambda: server.telemetry.nonsense == 2)
        assert office.reached() >= 2


def test_a_network_is_cut_and_mended_by_another_switch(tmp_path: Path) -> None:
    with ManagementNetwork(tmp_path, tmp_path / "switch.log") as network:
        network.cut()
        network.mend()
    assert set(network.applied) == {"down"}


def test_a_program_that_does_not_get_ready_is_named_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"-m qemu\.switch did not get ready; it said .* No such file"):
        Program(["-m", "qemu.switch", str(tmp_path / "nothing.json")], tmp_path / "log")
