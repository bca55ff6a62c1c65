"""The counted guest's management network: our switch, and the office's end of it in a network namespace of its own."""

import contextlib
import json
import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lab.lockstep.exchange import HarnessError
from qemu import plan
from qemu.children import python_environment
from qemu.links import Rule, parse_link
from qemu.namespaces import Namespace

DOWN = tuple(parse_link(f"{plan.SERVER}:both:down"))
_READY_SECONDS = 60.0
_END_SECONDS = 20.0

_T = TypeVar("_T")


class Program:
    """A process that says when it is ready, with a line on its standard output. Its standard error goes to `log`.

    Raises HarnessError when it does not get ready.
    """

    def __init__(
        self, arguments: Sequence[str], log: Path, *, namespace: Namespace | None = None, pass_fds: Sequence[int] = ()
    ) -> None:
        command = [sys.executable, *arguments]
        self._name = " ".join(arguments[:2])

        def launch() -> "subprocess.Popen[str]":
            with log.open("ab") as errors:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env=python_environment(),
                    pass_fds=pass_fds,
                )

        self._process = launch() if namespace is None else namespace.call(launch)
        assert self._process.stdout is not None
        ready, _, _ = select.select((self._process.stdout,), (), (), _READY_SECONDS)
        if not (ready and self._process.stdout.readline()):
            self.kill()
            said = log.read_text(errors="replace").strip() or "nothing"
            raise HarnessError(f"{self._name} did not get ready; it said {said}")

    def stop(self) -> str:
        """Ask it to end; what it has printed since it was ready."""
        self._process.terminate()
        try:
            printed, _ = self._process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise HarnessError(f"{self._name} did not end within {_END_SECONDS:g} s of SIGTERM") from None
        return printed

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        self._process.kill()
        self._process.communicate()


class ManagementNetwork:
    """A switch between the guest's card (sockets `server` and `office` in `sockets`) and a TAP device in a namespace.

    `faults`: rules of the switch from the start on. `applied` counts by kind what rules have done, once it is closed.
    """

    def __init__(self, sockets: Path, log: Path, faults: Sequence[Rule] = ()) -> None:
        self.applied: Counter[str] = Counter()
        self._faults = tuple(faults)
        self._log = log
        self._sockets = sockets
        self._closing = contextlib.ExitStack()
        self._namespace = self._closing.enter_context(Namespace())
        self._tap = self._namespace.add_tap("office0", plan.OFFICE_ADDRESS)
        self._closing.callback(os.close, self._tap)
        self._switch: Program | None = self._start(self._faults)

    def start(self, arguments: Sequence[str], log: Path) -> Program:
        """A program in the office's namespace."""
        return Program(arguments, log, namespace=self._namespace)

    def call(self, function: Callable[[], _T]) -> _T:
        """A function in the office's namespace: sockets that it makes belong there."""
        return self._namespace.call(function)

    def cut(self) -> None:
        """From now on no frame passes, either way."""
        self._replace((*self._faults, *DOWN))

    def mend(self) -> None:
        """Frames pass again."""
        self._replace(self._faults)

    def close(self) -> None:
        """End the switch, and be rid of the namespace."""
        try:
            self._stop()
        finally:
            self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _replace(self, faults: Sequence[Rule]) -> None:
        """Another switch in the place of this one, on the same cables."""
        self._stop()
        self._switch = self._start(faults)

    def _start(self, faults: Sequence[Rule]) -> Program:
        ends = {"local": str(self._sockets / "office"), "remote": str(self._sockets / "server")}
        ports = [
            {"name": plan.SERVER, "segment": plan.MANAGEMENT, **ends},
            {"name": plan.OFFICE, "segment": plan.MANAGEMENT, "tap_fd": self._tap},
        ]
        config = self._sockets / "switch.json"
        config.write_text(json.dumps({"seed": 1, "ports": ports, "faults": list(faults)}))
        return Program(["-m", "qemu.switch", str(config)], self._log, pass_fds=(self._tap,))

    def _stop(self) -> None:
        switch, self._switch = self._switch, None
        if switch is None:
            return
        counters: dict[str, Any] = json.loads(switch.stop())
        for fault in counters["faults"]:
            self.applied[fault["kind"]] += fault["applied"]
