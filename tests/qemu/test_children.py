"""Children are awaited, ended by their own id, and never outlive their starter."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from qemu.children import Child, Nursery, tail, until
from tests.killed_starter import leaves_nothing

SLEEP = [sys.executable, "-c", "import time; sum(range(4_000_000)); print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def with_nursery(folder: Path, play: Callable[[Nursery], Awaitable[None]]) -> None:
    async def main() -> None:
        nursery = Nursery(folder)
        try:
            await play(nursery)
        finally:
            await nursery.close(grace=5)

    asyncio.run(main())


async def started(nursery: Nursery, folder: Path, arguments: list[str]) -> Child:
    output = folder / "out"
    child = nursery.start("child", arguments, output=output)
    await until(lambda: output.stat().st_size > 0, child, 20, "output")
    return child


def test_exit_status_output_and_log(tmp_path: Path) -> None:
    async def play(nursery: Nursery) -> None:
        script = "import sys; print('out'); print('a\\nb\\nc', file=sys.stderr); sys.exit(3)"
        child = nursery.start("child", [sys.executable, "-c", script], output=tmp_path / "out")
        assert child.status is None
        assert await child.wait() == child.status == 3
        assert (tmp_path / "out").read_text() == "out\n"
        assert child.tail(2) == "b\nc"
        assert child.cpu_seconds() == 0.0

    with_nursery(tmp_path, play)


def test_stop_asks_first_and_kills_then(tmp_path: Path) -> None:
    async def play(nursery: Nursery) -> None:
        willing = await started(nursery, tmp_path, SLEEP)
        assert willing.cpu_seconds() > 0
        assert await willing.stop(10) == -signal.SIGTERM
        stubborn = await started(nursery, tmp_path, STUBBORN)
        assert await stubborn.stop(0.1) == -signal.SIGKILL

    with_nursery(tmp_path, play)


def test_closing_ends_what_still_runs(tmp_path: Path) -> None:
    pids: list[int] = []

    async def play(nursery: Nursery) -> None:
        pids.append((await started(nursery, tmp_path, SLEEP)).pid)

    with_nursery(tmp_path, play)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_waiting_for_a_child_that_ends_or_is_late_says_so(tmp_path: Path) -> None:
    async def play(nursery: Nursery) -> None:
        failing = nursery.start("failing", [sys.executable, "-c", "raise SystemExit('no luck')"])
        with pytest.raises(ChildProcessError, match=r"failing ended with status 1 before readiness: no luck"):
            await until(lambda: False, failing, 20, "readiness")
        silent = nursery.start("silent", SLEEP)
        with pytest.raises(TimeoutError, match="silent: no readiness within 0 s"):
            await until(lambda: False, silent, 0, "readiness")

    with_nursery(tmp_path, play)


def test_a_killed_starter_takes_its_children_along(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from qemu.children import Nursery
async def main():
    nursery = Nursery(Path({str(tmp_path)!r}))
    nursery.remove_if_killed(Path({str(tmp_path / "sockets")!r}))
    child = nursery.start("child", {STUBBORN!r})
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    leaves_nothing(program, tmp_path / "sockets")


def test_the_tail_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert tail(path, 3) == ""
    path.write_text("\n".join(str(n) for n in range(10_000)))
    assert tail(path, 3) == "9997\n9998\n9999"
