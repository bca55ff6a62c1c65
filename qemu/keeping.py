"""What a finished run leaves in the store, and whether it is what everybody else counted.

The load is a process of its own: an embedded store belongs to one process, and only for as long as that needs it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from qemu.children import python_environment
from qemu.scenario import Scenario

Record = dict[str, Any]


async def keep(scenario: Scenario) -> Record:
    """Load the run into its store and count it there; gives the counts by side, or `{"error": why}`."""
    loaded = await _store(scenario, "load", str(scenario.directory), "--final")
    if "error" in loaded:
        return loaded
    counted = await _store(scenario, "counts", str(scenario.directory))
    return {"dsn": scenario.store, **counted}


async def _store(scenario: Scenario, *arguments: str) -> Record:
    """The answer of `hftos store … --json`. `counts` exits with 1 when sides differ, and answers all the same."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hftos.cli", "store", *arguments, "--dsn", scenario.store, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=python_environment(),
        start_new_session=True,
    )
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    try:
        answer = json.loads(out)
    except ValueError:
        lines = errors.decode(errors="replace").strip().splitlines() or [f"status {process.returncode}"]
        return {"error": f"hftos store {arguments[0]}: {lines[-1].removeprefix('Error: ')}"}
    return answer if isinstance(answer, dict) else {"loaded": answer}


def default_store(directory: Path) -> str:
    """The store of the runs in a folder lies beside them."""
    return f"chdb://{directory.parent / 'store'}"


def reasons(kept: Record) -> list[str]:
    """What keeps the store from being right; nothing is kept without an office."""
    if "error" in kept:
        return [f"the run is not in the store: {kept['error']}"]
    return [f"the store and the run do not agree: {text}" for text in kept.get("differences", ())]
