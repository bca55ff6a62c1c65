"""Which wire the configuration gives, and why it cannot."""

import contextlib
import json
import os

import pytest

from hftapp import config, records
from hftapp.clock import Clock, manual
from hftapp.nic.memory import MemoryPort
from hftapp.nic.port import Port, PortError
from hftapp.records import Rings
from hftapp.socket_wire import SocketWire
from hftapp.trader import assembly, process
from hftapp.trader.loop import Trader
from hftapp.trader.process import open_wire, recorder, settle
from hftapp.wire import NicWire, Wire


def settings(nic: str, more: str = "") -> config.Config:
    return config.parse(f'[nic]\n{nic}\n[management]\nmac = ""\n[feed]\na = "239.20.9.1:45671"\n{more}')


def opened(nic: str) -> tuple[Wire, Port | None]:
    return open_wire(settings(nic), Clock(), b"seed")


def test_kernel_sockets() -> None:
    wire, port = opened('port = "socket"\naddress = "127.0.0.1/8"')
    assert isinstance(wire, SocketWire)
    assert port is None
    wire.close(0)


def test_a_missing_card_is_named_with_those_there_are() -> None:
    with pytest.raises(PortError, match="02:00:00:00:00:99"):
        opened('port = "af_packet"\nmac = "02:00:00:00:00:99"')


def test_a_memory_port_needs_somebody_at_its_other_end() -> None:
    with pytest.raises(config.ConfigError, match="only a test can connect a memory port"):
        opened('port = "memory"')


@pytest.mark.parametrize(
    ("nic", "more", "said"),
    [
        ('port = "socket"', "", 'not silent: port "socket" is served by the kernel'),
        ('port = "af_packet"', "", "not silent: the trader runs interpreted"),
        ('port = "af_packet"', "[cpu]\nsilence = false\n", "not silent: cpu.silence is off"),
    ],
)
def test_a_trader_that_cannot_be_silent_says_why(nic: str, more: str, said: str) -> None:
    rings = Rings()
    pid = os.fork()  # what it does to the garbage collector is for its own process
    if pid == 0:
        os._exit(settle(settings(nic, more), rings, Clock()) != said)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_recording_begins_with_what_a_replay_needs() -> None:
    port, rings = MemoryPort(b"\2\0\0\0\0\1"), Rings(recording=1 << 16)
    assert recorder(settings('port = "af_packet"'), rings, port, b"seed", manual(77)) is not None
    assert rings.recording is not None
    (header,) = rings.recording.drain()
    facts = json.loads(header.payload)
    assert (header.kind, facts["seed"], facts["mac"], facts["start"]) == (
        records.HEADER,
        b"seed".hex(),
        "02:00:00:00:00:01",
        77,
    )
    assert recorder(settings('port = "socket"'), rings, None, b"seed", manual(77)) is None
    assert recorder(settings('port = "af_packet"'), Rings(), port, b"seed", manual(77)) is None


@pytest.mark.parametrize("fails", [False, True])
def test_only_a_trader_that_comes_to_its_end_writes_that_into_the_recording(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    chosen = settings('port = "af_packet"\naddress = "10.20.0.10/24"', "[cpu]\nlock_memory = false\n")
    rings = Rings(recording=1 << 16)

    def memory(_settings: config.Config, clock: Clock, seed: bytes) -> tuple[Wire, Port]:
        port = MemoryPort(b"\2\0\0\0\0\1")
        return NicWire(port, assembly.stack(chosen, port, seed), assembly.lines(chosen), clock), port

    def broken(_trader: Trader) -> None:
        raise RuntimeError("the book is upside down")

    monkeypatch.setattr(process, "open_wire", memory)
    if fails:
        monkeypatch.setattr(Trader, "run", broken)
    rings.control.push(records.STOP, 0, b"")
    pid = os.fork()  # what it does to the garbage collector is for its own process
    if pid == 0:
        with contextlib.suppress(RuntimeError):
            process.run(chosen, rings, None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert rings.recording is not None
    kinds = [record.kind for record in rings.recording.drain()]
    assert kinds[0] == records.HEADER
    assert (kinds[-1] == records.END) is not fails
    assert kinds.count(records.END) == (not fails)
