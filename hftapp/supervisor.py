"""The supervisor: starts the trader on its CPU, writes the journal, feeds the office, passes commands, judges the end.

It shares rings and figures (`hftapp.records.Rings`) with the trader and nothing else. The journal is written before
anything else is handled. Only what endangers the journal ends trading; whatever goes wrong in reporting is said and
left at that.

It never sleeps longer than `POLL_MS`, on its own CPU: a ring is no event to wait for, and telling the supervisor that
something is in it would cost the trader a system call.
"""

import contextlib
import json
import marshal
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hftapp import clock, cpu, reasons, records
from hftapp.boot import Boot
from hftapp.config import Config, ConfigError
from hftapp.records import Rings
from hftapp.reporter import Outcome, Reporter
from hftapp.run_files import RunFiles
from hftapp.telemetry.client import Telemetry
from hftapp.trader.strategy import loading
from protocols.management import VERSION, Exit, Hello, ManagementMessage

POLL_MS = 5
STATS_NS = 1_000_000_000
FLUSH_NS = 5_000_000_000
STOP_GRACE_NS = 15_000_000_000
EVENTS = 64
"""Telemetry records handled before the journal ring is looked at again."""


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
    """One run of one trader, from fork to the last record.

    Raises ConfigError for a CPU that is not there and for strategies that cannot be used, before anything is written.
    """

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
        loading.check(settings.strategies)
        self._rings = Rings(recording=records.RECORDING_BYTES if self._recorded() else 0)
        self._files = RunFiles(journal_dir, self._rings, say)
        self._telemetry: Telemetry | None = None
        self._outcome = Outcome(1, "trader ended without a reason", journal=self._files.orders.path)
        self._stop_deadline: int | None = None
        self._reporter = Reporter(self._rings.figures, self._cpu, self._outcome, self._offer, say)
        self._reporter.dropped = self._dropped
        self._session = int.from_bytes(os.urandom(8), "big") or 1
        self._hello: Hello | None = None
        self._next_stats = 0
        self._interrupted = False
        self._commands: list[str] = []

    def run(self) -> Outcome:
        """Run the trader to its end; everything it left in the rings is journalled and sent before this returns."""
        office = self._settings.management.office
        if office is not None:
            self._telemetry = Telemetry(
                (str(office[0]), office[1]),
                self._files.orders,
                greeting=self._greeting,
                on_command=self.command,
                say=self._say,
            )
        clock.publish(self._rings.figures.reference)
        pid = self._reporter.pid = self._start()
        try:
            self._watch(pid)
        except Exception as error:
            self._give_up(pid, error)
        self._finish()
        return self._outcome

    def command(self, name: str, who: str = "") -> None:
        """Pass `stop` or `kill` on to the trader; `who` gave it. A stop that is not obeyed in time ends with SIGKILL.

        A full ring keeps the command waiting: every turn of the loop tries again, a kill before a stop.
        """
        text = f"command {name} by {who}" if who else f"command {name}"
        self._say(text)
        self._reporter.state(text, time.time_ns())
        if name not in self._commands:
            self._commands = sorted([*self._commands, name])
            self._pass_on()
            if name in self._commands:
                self._say(f"command {name} waits: the trader has not taken {self._rings.control.used} bytes of others")
        if name == "stop" and self._stop_deadline is None:
            grace = self._settings.order_entry.cancel_timeout_ms * 1_000_000 + STOP_GRACE_NS
            self._stop_deadline = time.monotonic_ns() + grace

    def _recorded(self) -> bool:
        """Whether the run is recorded; what is wanted and cannot be is said."""
        wanted = self._settings.host.record
        if wanted and self._settings.nic.port == "socket":
            self._say('host.record = true: port "socket" has no frames to record, there will be no recording')
            return False
        return wanted

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
            # Nothing of the kernel's from here on, not even its clock: a silent trader may not ask for it.
            self._rings.telemetry.push(records.EXIT, 0, marshal.dumps((1, reasons.line(error))))
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
            self._show(now)
            self._every_second(now)
            if self._stop_deadline is not None and now >= self._stop_deadline:
                self._stop_deadline = None
                self._reporter.exit = (1, "trader did not stop in time and was killed")
                os.kill(pid, signal.SIGKILL)
            reaped, status = os.waitpid(pid, os.WNOHANG)
            if reaped:
                self._drain()
                if self._reporter.exit is None:
                    self._figures()
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
        self._files.rescue_orders()
        try:
            self._drain()
        except Exception as again:
            self._say(f"the trader's last records are lost: {reasons.line(again)}")

    def _every_second(self, now: int) -> None:
        """Figures to the office, and a true time for the trader's clock to follow."""
        if now < self._next_stats:
            return
        self._next_stats = now + STATS_NS
        clock.publish(self._rings.figures.reference)
        if self._reporter.exit is None:
            self._figures()

    def _figures(self) -> None:
        try:
            self._reporter.figures(time.time_ns())
        except Exception as error:  # a report that cannot be made is no reason to stop trading
            self._say(f"the figures were not reported: {reasons.line(error)}")

    def _show(self, now: int) -> None:
        """Changed books and positions to the office."""
        if self._telemetry is None or self._reporter.exit is not None:
            return
        try:
            self._reporter.changes(now)
        except Exception as error:  # as in `_figures`
            self._say(f"changes were not reported: {reasons.line(error)}")

    def _offer(self, message: ManagementMessage, stamp: int) -> None:
        if self._telemetry is not None:
            self._telemetry.offer(message, stamp)

    def _greeting(self) -> Hello:
        """Who this is; the same object as long as nothing about that has changed."""
        ticks, journal = self._rings.figures.ticks_per_second, self._files.orders.identity
        if self._hello is None or (self._hello.ticks_per_second, self._hello.journal) != (ticks, journal):
            self._hello = Hello(
                version=VERSION,
                session=self._session,
                journal=journal,
                ticks_per_second=ticks,
                host=self._settings.host.name.encode("ascii", "replace").decode()[:16],
                body=json.dumps(self._boot.record(self._cpu) if self._boot else {}, separators=(",", ":")).encode(),
            )
        return self._hello

    def _dropped(self) -> dict[str, int]:
        """Records that reached neither the office nor, `journal_dropped`, the journal: decisions that refused."""
        return {
            "ring_dropped": self._rings.telemetry.dropped,
            "queue_dropped": self._telemetry.backlog.dropped if self._telemetry else 0,
            "journal_dropped": self._rings.journal.dropped,
        }

    def _judge(self, status: int) -> None:
        """Exit status and reason from what the trader said last and from how its process ended."""
        reporter = self._reporter
        if reporter.exit is not None:
            self._outcome.status, self._outcome.reason = reporter.exit
        elif os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            self._outcome.status, self._outcome.reason = 1, f"trader killed by {signal.Signals(number).name}"
            if number == signal.SIGSYS:
                call = reporter.silence.refused() or "unknown"
                self._outcome.reason += f": it made the system call {call}, which a silent trader may not"
        else:
            self._outcome.status = os.waitstatus_to_exitcode(status) or 1
        if self._outcome.status == 0 and not reporter.traded:
            entry = self._settings.order_entry
            self._outcome.status = 1
            self._outcome.reason += f"; never logged in at {entry.host}:{entry.port} ({reporter.last_state})"

    def _drain(self) -> None:
        self._files.write_orders()
        while batch := self._rings.telemetry.drain(EVENTS):
            for record in batch:
                try:
                    self._reporter.event(record)
                except Exception as error:  # a report that cannot be made is no reason to stop trading
                    self._say(f"a record of kind {record.kind} was not reported: {reasons.line(error)}")
            self._files.write_orders()
        self._files.write_recording()

    def _finish(self) -> None:
        self._outcome.journal_records = self._files.orders.count
        self._outcome.decisions, self._outcome.refusals = self._files.decisions, self._files.refusals
        lost = self._outcome.stats.get("recording_lost", 0)
        if lost:
            self._say(f"the recording ends early: its ring was full, and {lost:,} records did not fit")
        trouble = self._files.close()
        if trouble and self._outcome.status == 0:
            self._outcome.status, self._outcome.reason = 1, trouble
        if self._telemetry is not None:
            if not self._telemetry.flush(FLUSH_NS, self._last_words()):
                self._say("the office did not acknowledge the last records")
            self._telemetry.close()
        self._rings.close()

    def _last_words(self) -> Iterator[ManagementMessage]:
        yield from self._files.recorded()
        yield Exit(status=self._outcome.status, body=self._outcome.reason.encode("utf-8", "replace"))


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
