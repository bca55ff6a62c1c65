"""A QEMU that dies at once: its own words are the reason, whenever it dies."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from qemu import machine, runner
from qemu.accel import Accelerator
from qemu.outcome import Outcome
from qemu.scenario import Image, Scenario

TCG = Accelerator("tcg", "test")


class Silent:
    """Progress that nobody watches."""

    def phase(self, name: str) -> None:
        """Say nothing."""

    def detail(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


def reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qemu: Sequence[str], memory_mib: int = 128) -> list[str]:
    nowhere = tmp_path / "nowhere"
    scenario = Scenario(tmp_path / "run", memory_mib=memory_mib)
    argv = machine.Machine.argv
    monkeypatch.setattr(machine.Machine, "argv", lambda self: [*(qemu or argv(self))])
    image = Image(nowhere, nowhere, nowhere, nowhere, "console=ttyS0")
    outcome: Outcome = asyncio.run(runner.run(scenario, image, TCG, Silent()))
    return outcome.reasons


def test_memory_that_cannot_be_had_is_qemus_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (reason,) = reasons(tmp_path, monkeypatch, [], memory_mib=99_999_999)
    assert reason.startswith("QEMU did not start (status 1)")
    assert "memory" in reason


@pytest.mark.parametrize(
    "script",
    [
        "echo no luck >&2; exit 3",
        'echo no luck >&2; exec 3<>/dev/null; python3 -c "import socket,sys;'
        's=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1]);s.send(b\'x\')" "$0"; exit 3',
    ],
)
def test_an_early_death_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (reason,) = reasons(tmp_path, monkeypatch, ["sh", "-c", script])
    assert "QEMU did not start (status 3)" in reason
    assert "no luck" in reason
