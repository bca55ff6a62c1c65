"""A process that spins in the gap probe on one CPU, as a trader spins on its card."""

import gc
import json
import os
import signal
from typing import NoReturn

from hftapp import libc
from hftapp.config import Config
from hftapp.knobs import trader as knobs
from hftapp.knobs.table import Row
from hftapp.probe import gaps
from hftapp.shared import SharedMemory
from hftapp.silence import calls, heap, seccomp

_READY = b"ready "


class SpinnerError(Exception):
    """The spinner did not begin or not end as it should; the text says why."""


class Spinner:
    """Starts the process, which warms up until `begin`. Raises SpinnerError when it cannot run as a trader does.

    `pid`: its process. It has the trader's scheduling class and memory, and a filter that ends it at any system call
    but its last. `knobs`: the trader's own, as it has read them back.
    """

    def __init__(self, settings: Config, cpu: int) -> None:
        self._shared = SharedMemory("gaps", 8 * gaps.WORDS)
        self.words = self._shared.words[: gaps.WORDS]
        reader, writer = os.pipe()
        asked = knobs.rows()
        self.pid = os.fork()
        if self.pid == 0:
            _child(settings, cpu, asked, self._shared, self.words, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            said = stream.read()
        if not said.startswith(_READY):
            os.waitpid(self.pid, 0)
            raise SpinnerError(f"the gap probe does not run on CPU {cpu}: {said.decode(errors='replace') or 'no word'}")
        self.knobs: list[dict[str, object]] = json.loads(said.removeprefix(_READY))

    def begin(self) -> None:
        """It measures from now on."""
        self.words[0] = gaps.MEASURE

    def end(self, ticks_per_second: int) -> dict[str, object]:
        """It ends; what it found (`gaps.report`). Raises SpinnerError when it had ended before, with the reason."""
        self.words[0] = gaps.STOP
        _, status = os.waitpid(self.pid, 0)
        if status:
            how = f"status {os.waitstatus_to_exitcode(status)}"
            if os.WIFSIGNALED(status):
                how = signal.Signals(os.WTERMSIG(status)).name
            raise SpinnerError(f"the gap probe ended with {how}")
        return gaps.report(self.words, ticks_per_second)


def _child(
    settings: Config, cpu: int, asked: tuple[Row, ...], shared: SharedMemory, words: memoryview, writer: int
) -> NoReturn:
    status = 1
    try:
        heap.keep()
        if settings.cpu.lock_memory and os.geteuid() == 0:
            libc.mlockall()
        probe = gaps.GapProbe(words)
        shared.prefault()
        gc.collect()
        gc.freeze()
        gc.disable()
        os.sched_setaffinity(0, {cpu})
        if settings.cpu.policy == "fifo":
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(settings.cpu.priority))
        found = [row.record() for row in knobs.read_back(asked, settings, None)]
        os.write(writer, _READY + json.dumps(found).encode())
        os.close(writer)
        seccomp.install(calls.SHUTDOWN)
        probe.warm()
        probe.measure()
        status = 0
    except BaseException as error:  # whatever it is, the parent must hear of it; a closed pipe says enough
        os.write(writer, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(status)
