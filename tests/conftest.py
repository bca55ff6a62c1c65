"""What tests of several folders start from."""

import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("hftos", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("hftos")


class ReadyFifo:
    """A FIFO that a process writes JSON to as soon as it serves."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def wait(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        """Block until the process has written all; fails when it ends before, or after 30 s."""
        died = os.pidfd_open(process.pid)
        poller = select.poll()
        for descriptor in (self._reader, died):
            poller.register(descriptor, select.POLLIN)
        data = b""
        try:
            while True:
                events = dict(poller.poll(30_000))
                assert events, f"{self.path} was not written within 30 s"
                assert self._reader in events, process.communicate()
                piece = os.read(self._reader, 1 << 16)
                if not piece:
                    break
                data += piece
        finally:
            os.close(died)
        ready: dict[str, Any] = json.loads(data)
        return ready

    def close(self) -> None:
        """Close the reading end."""
        os.close(self._reader)


@pytest.fixture
def make_ready_fifo() -> Iterator[Callable[[Path], ReadyFifo]]:
    """A maker of FIFOs for `--ready-file`."""
    with ExitStack() as stack:

        def make(path: Path) -> ReadyFifo:
            fifo = ReadyFifo(path)
            stack.callback(fifo.close)
            return fifo

        yield make
