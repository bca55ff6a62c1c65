"""Kconfig's menus, played on a terminal: what is switched on there comes out as rows, and nothing is written."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from image import profile

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120.0


class Terminal:
    """The user's end of the terminal on which `hftos image menuconfig` runs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.seen = ""

    def wait_for(self, text: str) -> None:
        """Read until `text` was shown since the last wait."""
        end, since = time.monotonic() + SECONDS, len(self.seen)
        while text not in self.seen[since:]:
            readable, _, _ = select.select([self._descriptor], [], [], max(end - time.monotonic(), 0.0))
            assert readable, f"{text!r} was not shown; the terminal ends with {self.seen[-2000:]!r}"
            self.seen += os.read(self._descriptor, 65536).decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def rest(self) -> str:
        """All that is shown until the program ends."""
        since = len(self.seen)
        while True:
            try:
                data = os.read(self._descriptor, 65536)
            except OSError:  # EIO: the other end is closed
                return self.seen[since:].replace("\r\n", "\n")
            if not data:
                return self.seen[since:].replace("\r\n", "\n")
            self.seen += data.decode("utf-8", "replace")


@contextmanager
def menus(name: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
    command = [sys.executable, "-m", "hftos.cli", "image", "menuconfig", "--profile", name]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "linux"}
    )
    os.close(theirs)
    try:
        yield Terminal(ours)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def rows(shown: str) -> list[dict[str, str]]:
    lines = [line for line in shown.splitlines() if line.startswith("  { symbol = ")]
    found: list[dict[str, str]] = tomllib.loads("rows = [\n" + "\n".join(lines) + "\n]")["rows"]
    return found


def jump_to(terminal: Terminal, symbol: str) -> None:
    """Go to a symbol by its name."""
    terminal.type("/")
    terminal.wait_for("Jump to symbol")
    terminal.type(f"^{symbol}$")
    terminal.wait_for(f"{symbol}(")
    terminal.type("\n")


def test_what_is_switched_on_comes_out_as_a_row_and_what_follows_does_not() -> None:
    before = {path: path.read_bytes() for path in profile.KERNEL_CONFIG.rglob("*.toml")}
    with menus("qemu") as terminal:
        terminal.wait_for("Processor type and features")
        jump_to(terminal, "BLK_DEV_NVME")
        terminal.wait_for("[ ] NVM Express block device")
        terminal.type("y")
        terminal.type("Q")
        terminal.wait_for("Save configuration")
        terminal.type("y")
        shown = terminal.rest()
    assert rows(shown) == [{"symbol": "BLK_DEV_NVME", "value": "y", "why": ""}], shown
    assert {path: path.read_bytes() for path in profile.KERNEL_CONFIG.rglob("*.toml")} == before


def test_menus_that_are_left_without_saving_change_nothing() -> None:
    with menus("qemu") as terminal:
        terminal.wait_for("Processor type and features")
        jump_to(terminal, "BLK_DEV_NVME")
        terminal.wait_for("[ ] NVM Express block device")
        terminal.type("y")
        terminal.type("Q")
        terminal.wait_for("Save configuration")
        terminal.type("n")
        shown = terminal.rest()
    assert "nothing was changed" in shown
    assert rows(shown) == []
