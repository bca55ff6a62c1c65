"""The supervisor: starts the trader on its CPU, writes the journal, feeds the office, passes commands, judges the end.

It shares rings and figures (`hftapp.records.Rings`) with the trader and nothing else. The journal is written before
anything else is handled. Only what endangers the journal ends trading; whatever goes wrong in reporting is said and
left at that.

It never sleeps longer than `POLL_MS`, on its own CPU: a ring is no event to wait for, and telling the supervisor that
something is in it would cost the trader a system call.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hftapp import clock, reasons, records
from hftapp.boot import Boot
from hftapp.command_queue import CommandQueue
from hftapp.config import Config
from hftapp.records import Rings
from hftapp.reporter import Outcome, Reporter
from hftapp.run_files import RunFiles
from hftapp.spawn import Run, spawn, trader_cpu
from hftapp.telemetry.client import Telemetry
from hftapp.telemetry.poller import Poller
from hftapp.trader.strategy import loading
from hftapp.verdict import judge
from hftapp.watchdog import Watchdog
from protocols.management import VERSION, Exit, Hello, ManagementMessage

POLL_MS = 5
STATS_NS = 1_000_000_000
FLUSH_NS = 5_000_000_000
EVENTS = 64
"""Telemetry records handled before the journal ring is looked at again."""


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
        trader: Run | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._settings = settings
        self._say = say
        self._boot = boot
        self._seconds = seconds
        self._trader = trader
        self._watchdog = watchdog or Watchdog()
        self._cpu = trader_cpu(settings) if boot is None else boot.trader
        loading.check(settings.strategies)
        self._rings = Rings(recording=records.RECORDING_BYTES if self._recorded() else 0)
        self._files = RunFiles(journal_dir, self._rings, say)
        self._telemetry: Telemetry | None = None
        self._outcome = Outcome(1, "trader ended without a reason", journal=self._files.orders.path)
        self._reporter = Reporter(self._rings.figures, self._cpu, self._outcome, self._offer, say)
        self._reporter.dropped = self._dropped
        self._session = int.from_bytes(os.urandom(8), "big") or 1
        self._hello: Hello | None = None
        self._known = (0, 0, 0)
        self._next_stats = 0
        self._interrupted = False
        cancel_ns = settings.order_entry.cancel_timeout_ms * 1_000_000
        self._commands = CommandQueue(self._rings.control, cancel_ns, say)

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
        if self._boot is not None:
            for text in filter(None, (self._boot.warning, self._boot.far, self._boot.self_check)):
                self._reporter.state(text, time.time_ns())
            if self._boot.self_check and self._settings.host.self_check == "stop":
                self._outcome.reason = self._boot.self_check
                self._finish()
                return self._outcome
        clock.publish(self._rings.figures.reference)
        pid = self._reporter.pid = self._start()
        try:
            self._watch(pid)
        except Exception as error:
            self._give_up(pid, error)
        self._finish()
        return self._outcome

    def command(self, name: str, who: str = "") -> None:
        """Pass `stop` or `kill` on to the trader; `who` gave it. A stop not obeyed in time ends with SIGKILL."""
        text = f"command {name} by {who}" if who else f"command {name}"
        self._say(text)
        self._reporter.state(text, time.time_ns())
        self._commands.give(name)

    def _recorded(self) -> bool:
        """Whether the run is recorded; what is wanted and cannot be is said."""
        wanted = self._settings.host.record
        if wanted and self._settings.nic.port == "socket":
            self._say('host.record = true: port "socket" has no frames to record, there will be no recording')
            return False
        return wanted

    def interrupt(self, *_signal: object) -> None:
        """Signal handler: the first SIGINT or SIGTERM is a stop command."""
        self._interrupted = True

    def _start(self) -> int:
        where = f"on CPU {self._cpu}" if self._cpu is not None else "not pinned"
        pid = spawn(self._settings, self._rings, self._cpu, self._trader)
        self._say(f"trader started as process {pid}, {where}")
        if not self._settings.strategies:
            self._say("no [[strategy]] is configured: it will keep books and trade nothing")
        return pid

    def _watch(self, pid: int) -> None:
        poller = Poller()
        end = time.monotonic_ns() + int(self._seconds * 1e9) if self._seconds is not None else None
        while True:
            self._drain()
            now = time.monotonic_ns()
            if self._telemetry is not None:
                self._telemetry.step(now)
                poller.follow(self._telemetry)
            if self._interrupted or (end is not None and now >= end):
                self._interrupted, end = False, None
                self.command("stop")
            self._commands.pass_on()
            self._show(now)
            self._every_second(now)
            if self._commands.overdue(now):
                self._reporter.exit = (1, "trader did not stop in time and was killed")
                os.kill(pid, signal.SIGKILL)
            reaped, status = os.waitpid(pid, os.WNOHANG)
            if reaped:
                self._drain()
                self._last()
                judge(self._outcome, self._reporter, status, self._settings.order_entry)
                return
            poller.wait(POLL_MS)

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
        self._last()

    def _every_second(self, now: int) -> None:
        """Figures to the office, and a true time for the trader's clock to follow."""
        if now < self._next_stats:
            return
        self._next_stats = now + STATS_NS
        self._watchdog.feed(now)
        clock.publish(self._rings.figures.reference)
        if self._reporter.exit is None:
            self._figures()

    def _figures(self) -> None:
        try:
            self._reporter.figures(time.time_ns())
        except Exception as error:  # a report that cannot be made is no reason to stop trading
            self._say(f"the figures were not reported: {reasons.line(error)}")

    def _last(self) -> None:
        """What the trader left in the figures, however it ended."""
        try:
            self._reporter.last(time.time_ns())
        except Exception as error:  # as in `_figures`
            self._say(f"the last figures were not reported: {reasons.line(error)}")

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
        known = (ticks, journal, len(self._reporter.knobs))
        if self._hello is None or known != self._known:
            self._known = known
            record = self._boot.record(self._reporter.knobs) if self._boot else {}
            self._hello = Hello(
                version=VERSION,
                session=self._session,
                journal=journal,
                ticks_per_second=ticks,
                host=self._settings.host.name.encode("ascii", "replace").decode(),
                body=json.dumps(record, separators=(",", ":")).encode(),
            )
        return self._hello

    def _dropped(self) -> dict[str, int]:
        """Records that reached neither the office nor, `journal_dropped`, the journal: decisions that refused."""
        return {
            "ring_dropped": self._rings.telemetry.dropped,
            "queue_dropped": self._telemetry.backlog.dropped if self._telemetry else 0,
            "journal_dropped": self._rings.journal.dropped,
        }

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
            if not self._telemetry.flush(FLUSH_NS, self._last_words(), self._watchdog.feed):
                self._say("the office did not acknowledge the last records")
            self._telemetry.close()
        self._rings.close()

    def _last_words(self) -> Iterator[ManagementMessage]:
        yield from self._files.recorded()
        yield Exit(status=self._outcome.status, body=self._outcome.reason.encode("utf-8", "replace"))
