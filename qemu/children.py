"""The processes a scenario starts: awaited by pidfd, ended by their own id, never left behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from qemu.namespaces import Namespace

ROOT = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_TAIL_BYTES = 4_096


def python_environment() -> dict[str, str]:
    """This environment, with the project importable in child interpreters."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


class Child:
    """One started process. Its standard error goes to `log`, its standard output to `output` or to the log too."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pidfd = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status (negative: signal), or None while it runs."""
        return self._exited.result() if self._exited.done() else None

    async def wait(self) -> int:
        """Wait for its end; gives the exit status (negative: signal)."""
        return await asyncio.shield(self._exited)

    async def stop(self, grace: float, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; kill it when it has not after `grace` seconds. Gives the exit status."""
        if not self._exited.done():
            self._process.send_signal(number)
            try:
                await asyncio.wait_for(self.wait(), grace)
            except TimeoutError:
                self._process.kill()
        return await self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal while it runs."""
        if not self._exited.done():
            self._process.send_signal(number)

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far; 0 once it is gone."""
        try:
            text = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return 0.0
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        return tail(self.log, lines)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._exited.set_result(self._process.wait())


class Keeper:
    """`qemu.keeper` at work for this process: it acts when we are killed and cannot."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "qemu.keeper"],
            stdin=subprocess.PIPE,
            bufsize=0,
            env=python_environment(),
            start_new_session=True,
        )

    def end(self, pid: int) -> None:
        """Let it end a process then. Raises BrokenPipeError when the keeper itself was killed."""
        self._tell(str(pid))

    def remove(self, folder: Path) -> None:
        """Let it remove a folder then, after the processes have ended. Raises BrokenPipeError like `end`."""
        self._tell(f"remove {folder}")

    def dismiss(self) -> None:
        """Let it go without doing anything; what comes after the first time is nothing."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._tell("done")
        self.let_act()

    def let_act(self) -> None:
        """Let it do now what it was told, and go."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(line.encode() + b"\n")


class Nursery:
    """Starts children and sees to it that all are ended: by `close`, or by the keeper if we are killed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._children: list[Child] = []
        self._keeper = Keeper()

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        namespace: Namespace | None = None,
        output: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Child:
        """Start a process, inside `namespace` if given, logging to `NAME.log` in the nursery's directory."""
        log = self._directory / f"{name}.log"
        with log.open("wb") as errors, (output or log).open("ab" if output is None else "wb") as stdout:

            def launch() -> subprocess.Popen[bytes]:
                return subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=errors,
                    env=python_environment(),
                    pass_fds=pass_fds,
                    start_new_session=True,
                )

            process = launch() if namespace is None else namespace.call(launch)
        self._keeper.end(process.pid)
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def remove_if_killed(self, folder: Path) -> None:
        """Let the keeper remove a folder when we are killed and cannot."""
        self._keeper.remove(folder)

    async def close(self, grace: float = 5.0) -> None:
        """End what still runs, the last started first, and dismiss the keeper."""
        for child in reversed(self._children):
            await child.stop(grace)
        self._keeper.dismiss()


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file; empty when it is not there."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


async def until(condition: Callable[[], bool], child: Child, seconds: float, what: str) -> None:
    """Wait until a file-backed condition holds; raises TimeoutError or ChildProcessError with the reason."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if child.status is not None:
            raise ChildProcessError(f"{child.name} ended with status {child.status} before {what}: {child.tail(5)}")
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{child.name}: no {what} within {seconds:.0f} s: {child.tail(5)}")
        await asyncio.sleep(0.02)
