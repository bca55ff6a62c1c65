"""The supervisor with trader processes that behave, misbehave and die."""

import json
import marshal
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hftapp import config, journal, records
from hftapp.boot import Boot
from hftapp.config import Config
from hftapp.nic.port import PortError
from hftapp.records import Rings
from hftapp.reporter import Outcome
from hftapp.silence import calls, counted, seccomp
from hftapp.spawn import trader_cpu
from hftapp.supervisor import Supervisor
from hftapp.telemetry.client import Telemetry
from hftapp.trader.board import Board
from hftapp.trader.figures_table import LOOP
from hftapp.trader.instrument import Instrument
from hftapp.units import Price, Shares
from hftapp.watchdog import Watchdog
from office.files import hellos, live
from office.files import journal as copy
from protocols.management import (
    LIVE,
    Book,
    Counters,
    Decision,
    Exit,
    Frame,
    Gap,
    Latency,
    ManagementMessage,
    Position,
    State,
    Stats,
    TopOfBook,
)

BASE = '[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\naddress = ""\noffice = ""\n'
TraderFunction = Callable[[Config, Rings, int | None, int], None]
KILL_SWITCH = 1


def emit(rings: Rings, kind: int, payload: Any) -> None:
    assert rings.telemetry.push(kind, time.time_ns(), marshal.dumps(payload))


def decision(code: int) -> bytes:
    """A decision of the risk gate, as the trader writes it."""
    numbers = ("strategy", "venue", "feed_venue", "reference", "replaces", "shares", "price", "sequence", "value")
    stages = ("limit", "burst", "parsed", "booked", "decided", "passed", "rung")
    nothing: dict[str, Any] = dict.fromkeys((*numbers, *stages), 0)
    return Decision(code=code, cause="B", side="B", symbol="A", **nothing).encode()


class Ringing(Supervisor):
    """A supervisor that also rings a bell after each command: a control ring is no event that a test can wait for."""

    def __init__(self, settings: Config, trader: TraderFunction, **more: Any) -> None:
        self.bell = os.eventfd(0)
        super().__init__(settings, trader=lambda own, rings, cpu: trader(own, rings, cpu, self.bell), **more)

    def command(self, name: str, who: str = "") -> None:
        super().command(name, who)
        os.eventfd_write(self.bell, 1)

    def run(self) -> Outcome:
        try:
            return super().run()
        finally:
            os.close(self.bell)


def run(tmp_path: Path, trader: TraderFunction, toml: str = BASE, **more: Any) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    supervisor = Ringing(config.parse(toml), trader, journal_dir=tmp_path, say=said.append, **more)
    return supervisor.run(), said


def show(rings: Rings, shares: int) -> None:
    """A book and a position, as the trader shows them."""
    held = Instrument("A", 0)
    held.position, held.bid, held.bid_shares, held.updates = Shares(shares), Price(99_0000), Shares(5), shares
    Board(rings.figures).show(held)


def obedient(_settings: Config, rings: Rings, _cpu: int | None, bell: int) -> None:
    """Journals two messages, then waits for a stop command."""
    rings.journal.push(records.OUT, 1, b"\x4f")
    rings.journal.push(records.IN, 2, b"\x41")
    emit(rings, records.STATE, {"state": "trading"})
    assert select.select([bell], [], [], 30)[0], "no command within 30 s"
    assert [record.kind for record in rings.control.drain()] == [records.STOP]
    emit(rings, records.BOOK, {"symbol": "A", "sequence": 3, "bids": [], "asks": []})
    show(rings, 100)
    rings.journal.push(records.DECISION, 5, decision(KILL_SWITCH))
    rings.journal.push(records.DECISION, 6, decision(0))
    emit(rings, records.GAP, {"from": 1, "to": 2})
    rings.figures.histogram("tick_to_trade").record(1234)
    rings.figures.words("loop")[LOOP.index("final")] = 1
    emit(rings, records.EXIT, (0, "stop command"))


def test_a_run_from_start_to_stop(tmp_path: Path) -> None:
    outcome, said = run(tmp_path, obedient, seconds=0.05)
    assert (outcome.status, outcome.reason) == (0, "stop command")
    assert outcome.books == {"A": {"symbol": "A", "sequence": 3, "bids": [], "asks": []}}
    assert outcome.gaps == [{"from": 1, "to": 2}]
    assert outcome.stats["final"] is True
    assert outcome.stats["tick_to_trade"]["max"] == 1234
    assert outcome.stats["silence"]["filter"] is False
    assert outcome.stats["silence"]["voluntary_switches"] >= 0
    assert (outcome.journal_records, outcome.decisions, outcome.refusals) == (4, 2, 1)
    assert outcome.journal is not None
    assert [(e.number, e.kind, e.payload) for e in journal.read(outcome.journal)] == [
        (1, records.OUT, b"\x4f"),
        (2, records.IN, b"\x41"),
        (3, records.DECISION, decision(KILL_SWITCH)),
        (4, records.DECISION, decision(0)),
    ]
    assert "trader: trading" in said
    assert "no [[strategy]] is configured: it will keep books and trade nothing" in said


def test_the_watchdog_is_fed_as_long_as_the_supervisor_goes_round(tmp_path: Path) -> None:
    fed: list[int] = []

    class Fed(Watchdog):
        def feed(self, now: int) -> None:
            fed.append(now)

    before = time.monotonic_ns()
    run(tmp_path, obedient, seconds=1.2, watchdog=Fed())
    assert len(fed) >= 2
    assert before <= fed[0] <= fed[-1] <= time.monotonic_ns()
    assert all(later - earlier >= 1_000_000_000 for earlier, later in pairwise(fed))


def test_a_trader_that_fails_leaves_its_reason(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def fails(_settings: Config, rings: Rings, _cpu: int | None, _bell: int) -> None:
        rings.journal.push(records.OUT, 1, b"last words")
        raise RuntimeError("the book is upside down")

    outcome, _ = run(tmp_path, fails)
    assert (outcome.status, outcome.reason) == (1, "RuntimeError: the book is upside down")
    assert outcome.journal_records == 1
    assert "Traceback" in capfd.readouterr().err


def test_a_trader_that_is_killed_is_named_by_its_signal(tmp_path: Path) -> None:
    def dies(_settings: Config, _rings: Rings, _cpu: int | None, _bell: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    outcome, _ = run(tmp_path, dies)
    assert (outcome.status, outcome.reason) == (1, "trader killed by SIGKILL")


def test_a_trader_that_makes_a_forbidden_system_call_is_named_by_it(tmp_path: Path) -> None:
    def asks(_settings: Config, rings: Rings, _cpu: int | None, _bell: int) -> None:
        rings.figures.words(counted.GROUP)[counted.TRAPPED] = 1 + 39  # as the handler notes it
        seccomp.install(calls.SHUTDOWN)
        os.getpid()

    outcome, _ = run(tmp_path, asks)
    assert outcome.status == 1
    assert outcome.reason == (
        "trader killed by SIGSYS: it made the system call getpid (39), which a silent trader may not"
    )
    assert "final" not in outcome.stats


def test_a_silent_trader_that_fails_still_leaves_its_reason(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def fails(_settings: Config, _rings: Rings, _cpu: int | None, _bell: int) -> None:
        seccomp.install(calls.SHUTDOWN)
        raise RuntimeError("the book is upside down")

    outcome, _ = run(tmp_path, fails)
    assert (outcome.status, outcome.reason) == (1, "RuntimeError: the book is upside down")
    assert "in fails\nRuntimeError: the book is upside down" in capfd.readouterr().err


def test_figures_go_to_the_office_every_second_and_once_more_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hftapp.supervisor.STATS_NS", 1_000_000)
    offered: list[ManagementMessage] = []
    monkeypatch.setattr(Supervisor, "_offer", lambda _self, message, _stamp: offered.append(message))
    run(tmp_path, obedient, seconds=0.05)
    stats = [json.loads(message.body) for message in offered if isinstance(message, Stats)]
    groups = [message.group for message in offered if isinstance(message, Counters)]
    assert groups.count("orders") == groups.count("risk") == len(stats)
    latencies = [message for message in offered if isinstance(message, Latency) and message.name == "tick_to_trade"]
    assert (latencies[-1].least, latencies[-1].greatest, latencies[-1].buckets) == (1234, 1234, {1232: 1})
    assert len(stats) > 2
    assert ["final" in line for line in stats] == [False] * (len(stats) - 1) + [True]


def test_a_recording_is_written_as_it_comes(tmp_path: Path) -> None:
    def records_turns(settings: Config, rings: Rings, cpu: int | None, bell: int) -> None:
        assert rings.recording is not None
        for number in range(5000):
            while not rings.recording.push(records.FRAME_FIRST, number, b"frame %d" % number):
                os.sched_yield()
        obedient(settings, rings, cpu, bell)

    (tmp_path / "recording").write_bytes(b"of another run")
    run(tmp_path, records_turns, BASE + "[host]\nrecord = true\n", seconds=0.05)
    entries = list(journal.read(tmp_path / "recording"))
    assert [entry.payload for entry in entries] == [b"frame %d" % number for number in range(5000)]


def test_the_watchdog_is_fed_until_the_office_has_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long recording takes minutes, and a machine that was reset meanwhile would trade again."""
    fed: list[bool] = []

    class Guard(Watchdog):
        """Notes whether it is fed while the last records are sent."""

        def feed(self, now: int) -> None:
            assert now > 0
            fed.append(sending)

    sending = False

    def flush(_self: Telemetry, _timeout: int, _more: object, alive: Callable[[int], None]) -> bool:
        nonlocal sending
        sending = True
        alive(1)
        return True

    monkeypatch.setattr(Telemetry, "flush", flush)
    office = BASE.replace('office = ""', 'office = "127.0.0.1:9"')
    run(tmp_path, obedient, office, seconds=0.05, watchdog=Guard())
    assert fed[-1]
    assert not fed[0]


def test_a_recording_that_is_not_whole_is_told(tmp_path: Path) -> None:
    def too_fast(settings: Config, rings: Rings, cpu: int | None, bell: int) -> None:
        rings.figures.words("recording")[0] = 1234
        obedient(settings, rings, cpu, bell)

    outcome, said = run(tmp_path, too_fast, BASE + "[host]\nrecord = true\n", seconds=0.05)
    assert outcome.stats["recording_lost"] == 1234
    assert "the recording ends early: its ring was full, and 1,234 records did not fit" in said


def test_port_socket_has_nothing_to_record_and_that_is_told(tmp_path: Path) -> None:
    sockets = BASE.replace('"memory"\naddress = ""', '"socket"\naddress = "127.0.0.1/8"')
    _, said = run(tmp_path, obedient, sockets + "[host]\nrecord = true\n", seconds=0.05)
    assert said[0] == 'host.record = true: port "socket" has no frames to record, there will be no recording'
    assert not (tmp_path / "recording").exists()


@pytest.mark.parametrize("port", ["memory", "socket"])
def test_nothing_is_said_about_a_recording_that_nobody_wants(tmp_path: Path, port: str) -> None:
    toml = BASE.replace('"memory"\naddress = ""', f'"{port}"\naddress = "127.0.0.1/8"')
    _, said = run(tmp_path, obedient, toml + '[order_entry]\nhost = "127.0.0.9"\n', seconds=0.05)
    assert not [line for line in said if "record" in line]


def test_strategies_are_looked_at_before_anything_is_written_or_started(tmp_path: Path) -> None:
    toml = "".join(f'[[strategy]]\nkind = "nowhere.{name}"\n' for name in ("One", "Two"))
    with pytest.raises(config.ConfigError) as caught:
        Supervisor(config.parse(BASE + toml), journal_dir=tmp_path / "journal", say=lambda _line: None)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        'strategy kind "nowhere.One"',
        'strategy kind "nowhere.Two"',
    ]
    assert not (tmp_path / "journal").exists()


def test_a_trader_that_just_ends_is_not_a_success(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, lambda _settings, _rings, _cpu, _bell: None)
    assert (outcome.status, outcome.reason) == (1, "trader ended without a reason")


def test_a_trader_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hftapp.command_queue.STOP_GRACE_NS", 0)

    def deaf(_settings: Config, _rings: Rings, _cpu: int | None, _bell: int) -> None:
        signal.sigtimedwait([signal.SIGUSR1], 60)  # which nobody sends

    outcome, _ = run(tmp_path, deaf, BASE + "[order_entry]\ncancel_timeout_ms = 100\n", seconds=0.01)
    assert (outcome.status, outcome.reason) == (1, "trader did not stop in time and was killed")


def test_an_interrupt_is_a_stop_command(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Ringing(config.parse(BASE), obedient, journal_dir=tmp_path, say=said.append)
    supervisor.interrupt()
    assert supervisor.run().reason == "stop command"
    assert "command stop" in said


def test_a_journal_that_cannot_be_written_ends_trading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hftapp.journal.Journal.append", full)
    outcome, _ = run(tmp_path, obedient)
    assert outcome.status == 1
    assert "No space left on device" in outcome.reason


def test_what_waits_in_the_rings_is_kept_when_the_supervisor_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write is refused for once: neither that record nor those behind it are lost."""
    append, refusals = journal.Journal.append, [OSError(5, "Input/output error")]

    def once(self: journal.Journal, batch: Any) -> int:
        if refusals and self.path.name == "orders.journal":
            raise refusals.pop()
        return append(self, batch)

    def busy(_settings: Config, rings: Rings, _cpu: int | None, _bell: int) -> None:
        emit(rings, records.BOOK, {"symbol": "A", "sequence": 3, "bids": [], "asks": []})
        for number in range(3000):
            rings.journal.push(records.OUT, number, b"%d" % number)
        signal.sigtimedwait([signal.SIGUSR1], 60)  # which nobody sends

    monkeypatch.setattr("hftapp.journal.Journal.append", once)
    outcome, _ = run(tmp_path, busy)
    assert outcome.reason == "supervisor failed: OSError: [Errno 5] Input/output error"
    assert outcome.journal is not None
    entries = list(journal.read(outcome.journal))
    assert [entry.payload for entry in entries] == [b"%d" % number for number in range(len(entries))]
    assert outcome.journal_records == len(entries) > 0
    assert set(outcome.books) == {"A"}


def test_a_record_that_cannot_be_reported_does_not_end_trading(tmp_path: Path) -> None:
    def odd(settings: Config, rings: Rings, cpu: int | None, bell: int) -> None:
        emit(rings, 99, {"what": 1})
        rings.telemetry.push(records.GAP, 1, b"too short")
        rings.telemetry.push(records.STATE, 1, b"not marshal")
        obedient(settings, rings, cpu, bell)

    outcome, said = run(tmp_path, odd, seconds=0.05)
    assert (outcome.status, outcome.reason) == (0, "stop command")
    assert [line.partition(" was")[0] for line in said if "not reported" in line] == [
        f"a record of kind {kind}" for kind in (99, records.GAP, records.STATE)
    ]


def test_a_trader_that_never_logged_in_is_no_success(tmp_path: Path) -> None:
    def shut_out(_settings: Config, rings: Rings, _cpu: int | None, _bell: int) -> None:
        emit(rings, records.STATE, {"state": "order session down: Connection refused"})
        emit(rings, records.STATE, {"state": "closing: stop command"})
        emit(rings, records.EXIT, (0, "stop command"))

    outcome, _ = run(tmp_path, shut_out)
    assert outcome.status == 1
    assert outcome.reason == (
        "stop command; never logged in at 10.20.0.1:24000 (order session down: Connection refused)"
    )


def test_a_foreseen_error_needs_no_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def no_card(_settings: Config, _rings: Rings, _cpu: int | None, _bell: int) -> None:
        raise PortError("no Ethernet interface")

    outcome, _ = run(tmp_path, no_card)
    assert (outcome.status, outcome.reason) == (1, "PortError: no Ethernet interface")
    assert capfd.readouterr().err == ""


def test_commands_wait_for_room_in_the_ring_and_a_kill_goes_first(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(config.parse(BASE), journal_dir=tmp_path, say=said.append)
    ring = supervisor._rings.control
    while ring.push(0, 0, b""):
        pass
    for name in ("stop", "kill", "kill"):
        supervisor.command(name)
    assert [line for line in said if "waits" in line] == [
        f"command {name} waits: the trader has not taken {ring.used} bytes of others" for name in ("stop", "kill")
    ]
    ring.drain(1 << 20)
    supervisor._commands.pass_on()
    assert [record.kind for record in ring.drain()] == [records.KILL, records.STOP]


def stopped_by_the_office(settings: Config, rings: Rings, cpu: int | None, bell: int) -> None:
    """Shows a position, then is `obedient`."""
    show(rings, 300)
    rings.figures.set_text("venue.0", "XONE")
    obedient(settings, rings, cpu, bell)


def test_the_office_gets_everything_and_its_commands_arrive(tmp_path: Path) -> None:
    """Against the collector itself, which is told to stop the trader as soon as it trades."""
    folder, control = tmp_path / "office", tmp_path / "control"
    command = [sys.executable, "-m", "office.collector", "--bind", "127.0.0.1:0", "--dir", str(folder)]
    with subprocess.Popen([*command, "--control", str(control)], stdout=subprocess.PIPE, text=True) as office:
        assert office.stdout is not None
        port = json.loads(office.stdout.readline())["port"]
        stop = [sys.executable, "-m", "tests.hftapp.stopper", str(control), str(folder)]
        with subprocess.Popen(stop) as stopper:
            toml = BASE.replace('office = ""', f'office = "127.0.0.1:{port}"') + '[host]\nname = "desk-7"\n'
            outcome, said = run(tmp_path, stopped_by_the_office, toml, boot=Boot(kernel_s=0.9, pid1_s=1.5))
            stopper.terminate()
        office.terminate()
        summary = json.loads(office.communicate(timeout=10)[0])
    assert outcome.reason == "stop command"
    (hello,) = hellos(folder).values()
    assert (hello.host, json.loads(hello.body)["pid1_s"]) == ("desk-7", 1.5)
    frames: list[Frame] = [frame for _, frame in live(folder) if frame.stream == LIVE]
    assert [frame.number for frame in frames] == list(range(1, len(frames) + 1))
    messages = [frame.message for frame in frames]
    assert {State, Book, Gap, Stats, TopOfBook, Position, Counters, Latency} <= {type(message) for message in messages}
    assert State(body=b"command stop by Ada") in messages
    assert "command stop by Ada" in said
    assert messages[-1] == Exit(status=0, body=b"stop command")
    held = [(message.symbol, message.shares) for message in messages if isinstance(message, Position)]
    assert held[-1] == ("A", 100)
    assert held[:-1] in ([], [("A", 300)])  # the first is told when there was time to look
    assert [(entry.number, entry.kind, entry.payload) for entry in copy(folder)] == [
        (entry.number, entry.kind, entry.payload) for entry in journal.read(tmp_path / "orders.journal")
    ]
    assert (summary["faults"], summary["duplicates"], summary["conflicts"]) == (0, 0, 0)


def checks_itself(settings: Config, rings: Rings, cpu: int | None, bell: int) -> None:
    """Reads its own knobs back, then is `obedient`."""
    emit(rings, records.KNOBS, [OWN])
    obedient(settings, rings, cpu, bell)


OWN = {"name": "mlockall", "layer": "process", "requested": "on", "effective": "on", "ok": True, "reason": ""}
WRONG = "self-check failed: vm.x (requested 0, effective 5)"


class TestTheSelfCheck:
    """A machine whose knobs are not as they should be does not trade, unless it may."""

    def office(self, folder: Path, trader: TraderFunction, more: str = "", **boot: str) -> tuple[Outcome, Path]:
        """A run that reports to a collector; its outcome, and the collector's folder."""
        command = [sys.executable, "-m", "office.collector", "--bind", "127.0.0.1:0", "--dir", str(folder / "office")]
        with subprocess.Popen(
            [*command, "--control", str(folder / "control")], stdout=subprocess.PIPE, text=True
        ) as office:
            assert office.stdout is not None
            port = json.loads(office.stdout.readline())["port"]
            toml = BASE.replace('office = ""', f'office = "127.0.0.1:{port}"') + more
            machine = Boot(0.9, 1.5, self_check=boot.get("self_check", ""), far=boot.get("far", ""))
            outcome, _ = run(folder, trader, toml, boot=machine, seconds=0.05)
            office.terminate()
            office.communicate(timeout=10)
        return outcome, folder / "office"

    def test_it_stops_before_there_is_a_trader_and_the_office_hears_why(self, tmp_path: Path) -> None:
        def never(_settings: Config, rings: Rings, _cpu: int | None, _bell: int) -> None:
            rings.journal.push(records.OUT, 1, b"traded")

        outcome, office = self.office(tmp_path, never, self_check=WRONG)
        assert (outcome.status, outcome.reason) == (1, WRONG)
        assert outcome.journal_records == 0
        messages = [frame.message for _, frame in live(office) if frame.stream == LIVE]
        assert messages == [State(body=WRONG.encode()), Exit(status=1, body=WRONG.encode())]

    def test_one_that_may_trades_and_the_office_hears_that_too(self, tmp_path: Path) -> None:
        outcome, office = self.office(tmp_path, obedient, '[host]\nself_check = "warn"\n', self_check=WRONG)
        assert (outcome.status, outcome.reason) == (0, "stop command")
        assert State(body=WRONG.encode()) in [frame.message for _, frame in live(office)]

    def test_a_card_that_is_far_away_is_told_and_traded_with(self, tmp_path: Path) -> None:
        outcome, office = self.office(tmp_path, obedient, far="2 memory nodes: every frame crosses")
        assert (outcome.status, outcome.reason) == (0, "stop command")
        assert State(body=b"2 memory nodes: every frame crosses") in [frame.message for _, frame in live(office)]

    def test_the_last_greeting_has_the_traders_own_knobs(self, tmp_path: Path) -> None:
        _, office = self.office(tmp_path, checks_itself)
        (hello,) = hellos(office).values()
        assert json.loads(hello.body)["knobs"] == [OWN]


def killed_at_the_close(_settings: Config, rings: Rings, _cpu: int | None, bell: int) -> None:
    """A fill after the last look of the supervisor's."""
    emit(rings, records.STATE, {"state": "trading"})
    assert select.select([bell], [], [], 30)[0], "no command within 30 s"
    show(rings, 500)
    os.kill(os.getpid(), signal.SIGKILL)


def fails_at_the_close(_settings: Config, rings: Rings, _cpu: int | None, bell: int) -> None:
    emit(rings, records.STATE, {"state": "trading"})
    assert select.select([bell], [], [], 30)[0], "no command within 30 s"
    show(rings, 500)
    raise PortError("gone")


def ends_at_the_close(settings: Config, rings: Rings, cpu: int | None, bell: int) -> None:
    """As `obedient`, and what it says last finds no room."""
    emit(rings, records.STATE, {"state": "trading"})
    assert select.select([bell], [], [], 30)[0], "no command within 30 s"
    show(rings, 500)


@pytest.mark.parametrize("trader", [killed_at_the_close, fails_at_the_close, ends_at_the_close])
def test_the_last_position_is_told_however_the_trader_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trader: TraderFunction
) -> None:
    monkeypatch.setattr("hftapp.gauges.PERIOD_NS", 1 << 60)  # one look at the beginning
    offered: list[ManagementMessage] = []
    monkeypatch.setattr(Supervisor, "_offer", lambda _self, message, _stamp: offered.append(message))
    run(tmp_path, trader, seconds=0.05)
    told = [message for message in offered if isinstance(message, Position | TopOfBook)]
    assert [type(message) for message in told] == [Position, TopOfBook]
    assert isinstance(told[0], Position)
    assert told[0].shares == 500
    last = [message for message in offered if isinstance(message, Stats)][-1]
    assert json.loads(last.body)["position"] == {"A": 500}


def test_the_trader_s_cpu_is_the_configured_one_and_must_be_online() -> None:
    assert trader_cpu(config.parse(BASE + "[cpu]\ntrader = 0\n")) == 0
    with pytest.raises(config.ConfigError, match=r"cpu.trader = 900: online CPUs are"):
        trader_cpu(config.parse(BASE + "[cpu]\ntrader = 900\n"))


def test_the_trader_s_cpu_is_the_first_isolated_one_that_is_online(monkeypatch: pytest.MonkeyPatch) -> None:
    lists: dict[str, tuple[int, ...]] = {"isolated": (1, 2, 3), "online": (0, 2, 3)}
    monkeypatch.setattr("hftapp.spawn.cpu.read_list", lambda name: lists[name])
    assert trader_cpu(config.parse(BASE)) == 2
    lists["isolated"] = (1,)
    assert trader_cpu(config.parse(BASE)) is None


def test_of_several_isolated_cpus_the_trader_takes_the_one_beside_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    lists: dict[str, tuple[int, ...]] = {"isolated": (1, 2, 3), "online": (0, 2, 3)}
    monkeypatch.setattr("hftapp.spawn.cpu.read_list", lambda name: lists[name])
    asked: list[list[int]] = []

    def nearest(free: list[int], _nic: config.Nic) -> int:
        asked.append(free)
        return 3

    monkeypatch.setattr("hftapp.nodes.nearest", nearest)
    assert trader_cpu(config.parse(BASE)) == 3
    assert asked == [[2, 3]]
