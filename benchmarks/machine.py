"""What a measurement was made on; without it a figure says nothing."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any


def describe(now: Callable[[], datetime], cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, Any]:
    """Processor, kernel, Python, compiler, and the time by the clock that is given.

    `virtual` is True when the processor says that it runs under a hypervisor: such times are not for comparison.
    """
    facts = _facts(cpuinfo.read_text(encoding="utf-8"))
    return {
        "cpu": facts.get("model name", platform.machine()),
        "cores": os.cpu_count(),
        "virtual": "hypervisor" in facts.get("flags", "").split(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "compiler": _compiler(),
        "date": now().isoformat(timespec="seconds"),
    }


def _facts(cpuinfo: str) -> dict[str, str]:
    """The first processor of /proc/cpuinfo."""
    pairs = (line.partition(":") for line in cpuinfo.partition("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _compiler() -> str:
    command = shutil.which("gcc") or shutil.which("cc")
    if command is None:
        return "none"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]
