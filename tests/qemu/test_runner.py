"""A part that dies is the reason with its own words: a QEMU whenever it dies, an office that does not come back."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from qemu import machine, runner
from qemu.accel import Accelerator
from qemu.outcome import Outcome
from qemu.runner import ScenarioError
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


class Running:
    """A part of a run that goes on."""

    async def wait(self) -> int:
        """Never ends."""
        return await asyncio.Future()

    async def stop(self, *_: object) -> int:
        """Ends it."""
        return -9

    def cpu_seconds(self) -> float:
        """It does nothing."""
        return 0.0


def test_an_office_that_does_not_come_back_is_the_reason_and_no_silent_trader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def collector(*_: object) -> None:
        raise ChildProcessError("collector-2 ended with status 1 before ready line: no luck")

    async def trade() -> None:
        nowhere: Any = tmp_path / "nowhere"
        scenario = Scenario(tmp_path, office_away=((0.0, 0.0),))
        image = Image(nowhere, nowhere, nowhere, nowhere, "")
        stage: Any = runner._Stage(scenario, image, Outcome(TCG), Silent(), None)
        stage._children.update(guest=Running(), collector=Running())
        monkeypatch.setattr(stage, "_collector", collector)
        stage._absent = asyncio.create_task(stage._absences(nowhere, nowhere, nowhere, nowhere))
        await stage._await("trading", 0.01, lambda message: False, renew=True)

    with pytest.raises(ScenarioError, match=r"^trading: the office did not come back: collector-2 ended"):
        asyncio.run(trade())
