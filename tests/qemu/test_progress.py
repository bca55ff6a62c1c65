"""Progress: plain lines for logs, a status line on a terminal, a mark for how it went."""

import io

import pytest
from rich.console import Console

from qemu.progress import ConsoleProgress


def shown(terminal: bool, fail: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=80, _environ={"TERM": "xterm"})
    try:
        with ConsoleProgress(console) as progress:
            progress.phase("boot")
            progress.detail("10 messages")
            progress.phase("login")
            if fail:
                raise TimeoutError
    except TimeoutError:
        pass
    return out.getvalue()


def test_plain_lines_without_a_terminal() -> None:
    assert [line.rsplit(" ", 2)[0] for line in shown(terminal=False).splitlines()] == ["✓ boot", "✓ login"]


def test_a_terminal_sees_the_news() -> None:
    assert "10 messages" in shown(terminal=True)


@pytest.mark.parametrize("terminal", [True, False])
def test_the_failing_phase_is_marked(terminal: bool) -> None:
    text = shown(terminal, fail=True)
    assert "✗" in text
    assert text.count("✓") == 1
