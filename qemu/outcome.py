"""What a run left behind, and how its guest ended, judged by the guest's own last words."""

import re
from dataclasses import dataclass, field
from typing import Any

from qemu.accel import Accelerator
from qemu.children import tail
from qemu.scenario import Scenario

_CONSOLE_LINES = 25
_EXIT_LINE = re.compile(r"hftos: exit status (\d+): (.*)")


@dataclass(slots=True)
class Outcome:
    """What a run left to be reported on; files lie in the scenario's directory.

    `kept` is what `qemu.keeping.keep` gave, empty
    without an office. `symptoms` are reasons that only say that the guest is gone: they count when its own words give
    no cause.
    """

    accelerator: Accelerator
    guest_status: int | None = None
    guest_reason: str = ""
    machine_ending: str | None = None
    exchange_status: int | None = None
    reasons: list[str] = field(default_factory=list)
    symptoms: list[str] = field(default_factory=list)
    console: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)


def judge_guest(scenario: Scenario, outcome: Outcome) -> None:
    """The guest's exit status is in its last line on the console; without one it did not end as it should."""
    text = scenario.console.read_text(errors="replace") if scenario.console.exists() else ""
    found = _EXIT_LINE.findall(text)
    outcome.console = tail(scenario.console, _CONSOLE_LINES)
    if found:
        outcome.guest_status, outcome.guest_reason = int(found[-1][0]), found[-1][1].strip()
    if "Kernel panic" in text:
        line = next(line for line in text.splitlines() if "Kernel panic" in line)
        outcome.reasons.insert(0, f"the guest's kernel panicked: {line.strip()}")
    elif outcome.guest_status:
        outcome.reasons.insert(0, f"the guest ended with status {outcome.guest_status}: {outcome.guest_reason}")
    elif outcome.symptoms:
        outcome.reasons += outcome.symptoms
    elif not found and not outcome.reasons:
        outcome.reasons.append(f"the guest ended without an exit status ({outcome.machine_ending or 'no event'})")
