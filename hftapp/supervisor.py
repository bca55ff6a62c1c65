"""The supervisor: starts the trader on its CPU, writes the journal, feeds the office, passes commands, judges the end.

It shares three rings with the trader and nothing else. The journal is written before anything else is handled. Only
what endangers the journal ends trading; whatever goes wrong in reporting is said and left at that.
"""

import contextlib
import marshal
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hftapp import cpu, reasons, records
from hftapp.boot import Boot
from hftapp.config import Config, ConfigError
from hftapp.histogram import percentiles
from hftapp.journal import Journal
from hftapp.records import Rings
from hftapp.ring import Record
from hftapp.telemetry import Telemetry

POLL_MS = 5
FLUSH_NS = 5_000_000_000
STOP_GRACE_NS = 15_000_000_000
EVENTS = 64
"""Telemetry records handled before the journal ring is looked at again."""
ORDERS_JOURNAL = "orders.journal"
RISK_JOURNAL = "risk.journal"

EVENT_NAMES = {
    records.RISK: "risk",
    records.GAP: "gap",
    records.STATE: "state",
    records.BOOK: "book",
}


@dataclass
class Outcome:
    """How the run ended: status (0 = as planned), reason, the final stats record, the books by symbol, counts."""

    status: int
    reason: str
    stats: dict[str, Any] = field(default_factory=dict)
    books: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    journal: Path | None = None
    journal_records: int = 0
    risk_records: int = 0


def trader_cpu(settings: Config) -> int | None:
    """The CPU of the trader: the configured one, else the first isolated one, else None (not pinned).

    Raises ConfigError for a configured CPU that is not online.
    """
    wanted = settings.cpu.trader
    if wanted < 0:
        isolated = cpu.read_list("isolated")
        return isolated[0] if isolated else None
    online = cpu.read_list("online")
    if wanted not in online:
        raise ConfigError("configuration", [f"cpu.trader = {wanted}: online CPUs are {cpu.format_list(online)}"])
    return wanted


class Supervisor:
    """One run of one trader, from fork to the last record."""

    def __init__(
        self,
        settings: Config,
        *,
        journal_dir: str | Path,
        say: Callable[[str], None],
        boot: Boot | None = None,
        seconds: float | None = None,
        trader: Callable[[Config, Rings, int | None], None] | None = None,
    ) -> None:
        self._settings = settings
        self._say = say
        self._boot = boot
        self._seconds = seconds
        self._trader = trader
        self._cpu = trader_cpu(settings)
        self._rings = Rings()
        self._orders = Journal(Path(journal_dir) / ORDERS_JOURNAL)
        self._risks = Journal(Path(journal_dir) / RISK_JOURNAL)
        self._telemetry: Telemetry | None = None
        self._outcome = Outcome(1, "trader ended without a reason", journal=self._orders.path)
        self._exit: tuple[int, str] | None = None
        self._stop_deadline: int | None = None
        self._baseline: tuple[int, dict[str, int]] | None = None
        self._interrupted = False
        self._commands: list[str] = []
        self._unwritten: list[Record] = []
        self._traded = False
        self._last_state = ""
        for written in (self._orders, self._risks):
            if written.set_aside is not None:
                say(f"{written.path} had a damaged end: the whole file is kept as {written.set_aside}")
            elif written.torn_bytes:
                say(f"{written.path}: an incomplete last record of {written.torn_bytes} bytes was cut off")

    def run(self) -> Outcome:
        """Run the trader to its end; everything it left in the rings is journalled and sent before this returns."""
        office = self._settings.management.office
        if office is not None:
            address = (str(office[0]), office[1])
            self._telemetry = Telemetry(address, self._orders.path, on_command=self.command, say=self._say)
            if self._boot is not None:
                self._telemetry.hello(self._boot.record(self._cpu))
        pid = self._start()
        try:
            self._watch(pid)
        except Exception as error:
            self._give_up(pid, error)
        self._finish()
        return self._outcome

    def command(self, name: str) -> None:
        """Pass `stop` or `kill` on to the trader. A stop that is not obeyed in time ends with SIGKILL.

        A full ring keeps the command waiting: every turn of the loop tries again, a kill before a stop.
        """
        self._say(f"command {name}")
        if name not in self._commands:
            self._commands = sorted([*self._commands, name])
            self._pass_on()
            if name in self._commands:
                self._say(f"command {name} waits: the trader has not taken {self._rings.control.used} bytes of others")
        if name == "stop" and self._stop_deadline is None:
            grace = self._settings.order_entry.cancel_timeout_ms * 1_000_000 + STOP_GRACE_NS
            self._stop_deadline = time.monotonic_ns() + grace

    def _pass_on(self) -> None:
        """Give the waiting commands to the trader, as far as the ring has room."""
        while self._commands:
            if not self._rings.control.push(records.COMMANDS[self._commands[0]], time.time_ns(), b""):
                return
            self._commands.pop(0)

    def interrupt(self, *_signal: object) -> None:
        """Signal handler: the first SIGINT or SIGTERM is a stop command."""
        self._interrupted = True

    def _start(self) -> int:
        where = f"on CPU {self._cpu}" if self._cpu is not None else "not pinned"
        pid = os.fork()
        if pid == 0:
            self._child()
        self._say(f"trader started as process {pid}, {where}")
        if not self._settings.strategies:
            self._say("no [[strategy]] is configured: it will keep books and trade nothing")
        return pid

    def _child(self) -> None:
        """The trader's process; never returns. Its last record says how it ended."""
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if self._trader is not None:
                self._trader(self._settings, self._rings, self._cpu)
            else:
                from hftapp.trader.process import run

                run(self._settings, self._rings, self._cpu)
            status = 0
        except BaseException as error:  # the reason must reach the supervisor, whatever it is
            if not reasons.foreseen(error):
                os.write(2, f"{reasons.text(error)}\n".encode(errors="backslashreplace"))
            self._rings.telemetry.push(records.EXIT, time.time_ns(), marshal.dumps((1, reasons.line(error))))
        finally:
            os._exit(status)

    def _watch(self, pid: int) -> None:
        poller = select.poll()
        registered: tuple[int, int] | None = None
        end = time.monotonic_ns() + int(self._seconds * 1e9) if self._seconds is not None else None
        while True:
            self._drain()
            now = time.monotonic_ns()
            if self._telemetry is not None:
                self._telemetry.step(now)
                registered = _register(poller, registered, self._telemetry)
            if self._interrupted or (end is not None and now >= end):
                self._interrupted, end = False, None
                self.command("stop")
            self._pass_on()
            if self._stop_deadline is not None and now >= self._stop_deadline:
                self._stop_deadline = None
                self._exit = (1, "trader did not stop in time and was killed")
                os.kill(pid, signal.SIGKILL)
            reaped, status = os.waitpid(pid, os.WNOHANG)
            if reaped:
                self._drain()
                self._judge(status)
                return
            poller.poll(POLL_MS)

    def _give_up(self, pid: int, error: Exception) -> None:
        """The supervisor itself failed (a full disk, a bug): without a journal there is no trading.

        What the trader did until then is still journalled, as far as that is possible, and what it said is kept.
        """
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        self._outcome.status, self._outcome.reason = 1, f"supervisor failed: {reasons.line(error)}"
        self._say(reasons.text(error))
        self._say(self._outcome.reason)
        while batch := self._rings.journal.drain():
            self._unwritten += batch
        while self._unwritten:
            try:
                self._orders.append(self._unwritten[:1])
            except (OSError, ValueError) as refused:
                self._say(f"{len(self._unwritten)} journal records are lost: {refused}")
                break
            self._unwritten.pop(0)
        if self._telemetry is not None:
            self._telemetry.journal_grew()
        try:
            self._drain()
        except Exception as again:
            self._say(f"the trader's last records are lost: {reasons.line(again)}")

    def _judge(self, status: int) -> None:
        """Exit status and reason from what the trader said last and from how its process ended."""
        if self._exit is not None:
            self._outcome.status, self._outcome.reason = self._exit
        elif os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            self._outcome.status, self._outcome.reason = 1, f"trader killed by {name}"
        else:
            self._outcome.status = os.waitstatus_to_exitcode(status) or 1
        if self._outcome.status == 0 and not self._traded:
            entry = self._settings.order_entry
            self._outcome.status = 1
            self._outcome.reason += f"; never logged in at {entry.host}:{entry.port} ({self._last_state})"

    def _write_journal(self) -> None:
        """Write what waits in the journal ring; what the file system refuses stays in `_unwritten`."""
        while batch := self._rings.journal.drain():
            self._unwritten += batch
            self._orders.append(self._unwritten)
            self._unwritten = []
            if self._telemetry is not None:
                self._telemetry.journal_grew()

    def _drain(self) -> None:
        self._write_journal()
        while batch := self._rings.telemetry.drain(EVENTS):
            for record in batch:
                if record.kind == records.RISK:
                    self._outcome.risk_records = self._risks.append([record])
                try:
                    self._event(record.kind, record.time, marshal.loads(record.payload))
                except Exception as error:  # a report that cannot be made is no reason to stop trading
                    self._say(f"a record of kind {record.kind} was not reported: {reasons.line(error)}")
            self._write_journal()

    def _event(self, kind: int, stamp: int, payload: Any) -> None:
        if kind == records.EXIT:
            self._exit = self._exit or payload
            return
        if kind == records.STATS:
            line = self._stats(stamp, payload)
        else:
            line = {"kind": EVENT_NAMES[kind], **({} if kind == records.BOOK else {"t": stamp}), **payload}
        if kind == records.BOOK:
            self._outcome.books[payload["symbol"]] = payload
        elif kind == records.GAP:
            self._outcome.gaps.append(payload)
        elif kind == records.STATE:
            self._state(payload["state"])
        if self._telemetry is not None:
            self._telemetry.offer(line)

    def _state(self, state: str) -> None:
        self._say(f"trader: {state}")
        if state == "trading":
            self._traded = True
            if self._cpu is not None and self._baseline is None:
                self._baseline = (time.monotonic_ns(), cpu.read_interrupts(self._cpu))
        elif not state.startswith("closing"):
            self._last_state = state

    def _stats(self, stamp: int, payload: dict[str, Any]) -> dict[str, Any]:
        """The stats record: the trader's counters, its latency percentiles, and the interrupts on its CPU."""
        line = {"kind": "stats", "t": stamp, **payload}
        line["tick_to_trade"] = percentiles(payload["tick_to_trade"])
        line["cpu"] = self._interrupts()
        line["telemetry"] = {
            "ring_dropped": self._rings.telemetry.dropped,
            "queue_dropped": self._telemetry.dropped if self._telemetry else 0,
        }
        self._outcome.stats = line
        return line

    def _interrupts(self) -> dict[str, Any]:
        """Interrupts on the trader's CPU since trading began."""
        if self._baseline is None or self._cpu is None:
            return {"seconds": 0.0, "local_timer_interrupts": 0, "per_s": 0.0, "interrupts": {}}
        start, before = self._baseline
        seconds = (time.monotonic_ns() - start) / 1e9
        now = cpu.read_interrupts(self._cpu)
        grown = {name: count - before.get(name, 0) for name, count in now.items() if count > before.get(name, 0)}
        local = grown.get("LOC", 0)
        return {
            "seconds": round(seconds, 3),
            "local_timer_interrupts": local,
            "per_s": round(local / seconds, 3) if seconds else 0.0,
            "interrupts": grown,
        }

    def _finish(self) -> None:
        self._outcome.journal_records = self._orders.count
        for written in (self._orders, self._risks):
            try:
                written.close()
            except OSError as error:
                self._say(f"{written.path} may be incomplete: {error}")
                if self._outcome.status == 0:
                    self._outcome.status, self._outcome.reason = 1, f"{written.path} may be incomplete: {error}"
        if self._telemetry is not None:
            self._telemetry.offer({"kind": "exit", "status": self._outcome.status, "reason": self._outcome.reason})
            if not self._telemetry.flush(FLUSH_NS):
                self._say("the office did not acknowledge the last records")
            self._telemetry.close()
        self._rings.close()


def _register(poller: select.poll, before: tuple[int, int] | None, telemetry: Telemetry) -> tuple[int, int] | None:
    """Keep the poller in step with the telemetry socket: descriptor and wanted events."""
    fd = telemetry.fileno()
    if fd is None:
        if before is not None:
            with contextlib.suppress(KeyError, OSError):
                poller.unregister(before[0])
        return None
    events = select.POLLIN | (select.POLLOUT if telemetry.wants_write() else 0)
    if before is not None and before[0] != fd:
        with contextlib.suppress(KeyError, OSError):
            poller.unregister(before[0])
    if before != (fd, events):
        poller.register(fd, events)
    return fd, events
