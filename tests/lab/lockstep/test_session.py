"""A measurement that goes wrong says what went wrong, and what the console said last."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.lockstep import session
from lab.lockstep.exchange import HarnessError
from lab.lockstep.link import Link
from lab.lockstep.tcp_end import TcpEndError
from protocols.errors import TruncatedError


class Asleep:
    """A guest that does nothing until it is ended."""

    def argv(self, console: Path, local: Path, remote: Path) -> list[str]:
        return [sys.executable, "-c", "import time; time.sleep(600)"]


class Failing:
    """A driver whose guest says something on its console before the conversation fails."""

    def __init__(self, link: Link, console: Path, error: Exception) -> None:
        self._link, self._console, self._error = link, console, error

    def run(self, ticks: int, boot_seconds: float, progress: Callable[[int], None]) -> int:
        self._console.write_text("hftos: up\n", encoding="utf-8")
        raise self._error

    def close(self) -> None:
        self._link.close()


@pytest.mark.parametrize(
    "error",
    [
        HarnessError("no order for tick 7"),
        TcpEndError("5 bytes are missing in front of a segment of 1"),
        ValueError("TCP checksum of frame 00 is wrong"),
        TruncatedError("an OUCH message has at least its type byte", 0, 0),
    ],
)
def test_a_fault_of_the_conversation_is_told_with_the_console_s_end(error: Exception, tmp_path: Path) -> None:
    console = tmp_path / "console"
    with pytest.raises(HarnessError) as caught:
        session.measure(Asleep(), lambda link, _: Failing(link, console, error), 1, console, lambda _: None)
    assert str(caught.value) == f"{error}. Its console ends with: hftos: up"
