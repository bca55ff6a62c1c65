"""What a finished run leaves in the store, and whether it is what everybody else counted.

The load is a process of its own: an embedded store belongs to one process, and only for as long as that needs it.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from qemu.children import python_environment
from qemu.scenario import Scenario

Record = dict[str, Any]
ADDRESS: Final = "HFTOS_STORE"
"""The environment's variable with a store's address. A password in it must not be seen in a list of processes."""
_BUSY: Final = "is in use by process"
_RETRY_SECONDS: Final = 0.5


class KeepingError(ValueError):
    """The store's address is none; the text says what to do."""


async def keep(scenario: Scenario) -> Record:
    """Load the run into its store and count it there, then load the audit log beside it, if there is one.

    Gives the counts by side, or `{"error": why}`; with `audit_error` where the log could not be loaded.
    """
    until = asyncio.get_running_loop().time() + scenario.budgets.store
    loaded = await _store_in_turn(scenario, until, "load", str(scenario.directory), "--final")
    if "error" in loaded:
        return loaded
    counted = await _store_in_turn(scenario, until, "counts", str(scenario.directory))
    kept = {"dsn": shown(scenario.store), **counted}
    if scenario.audit_log.exists():
        audited = await _store_in_turn(scenario, until, "load", str(scenario.audit_log))
        kept |= {"audit_error": audited["error"]} if "error" in audited else {}
    return kept


async def _store_in_turn(scenario: Scenario, until: float, *arguments: str) -> Record:
    """Like `_store`; while another process has the store, which only one may have, again and again until a time."""
    loop = asyncio.get_running_loop()
    while True:
        found = await _store(scenario, *arguments)
        if _BUSY not in str(found.get("error")) or loop.time() > until:
            return found
        await asyncio.sleep(_RETRY_SECONDS)


async def _store(scenario: Scenario, *arguments: str) -> Record:
    """The answer of `hftos store … --json`. `counts` exits with 1 when sides differ, and answers all the same."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hftos.cli", "store", *arguments, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=python_environment() | {ADDRESS: scenario.store},
        start_new_session=True,
    )
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
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


def shown(dsn: str) -> str:
    """A store's address without its password."""
    password = urlsplit(dsn).password
    return dsn if password is None else dsn.replace(f":{password}@", ":…@", 1)


def check(dsn: str) -> None:
    """Raises KeepingError for what is no address of a store, or one of a server that does not answer."""
    # All that a run needs of the store's own program on this side, and only when another store is asked for.
    from store.client import folder_of
    from store.errors import StoreError
    from store.server import open_client

    try:
        if urlsplit(dsn).scheme in ("clickhouse", "clickhouses"):
            open_client(dsn, {}).close()
            return
        folder = folder_of(dsn)
    except (StoreError, ValueError) as error:
        raise KeepingError(str(error)) from error
    there = next((path for path in (folder, *folder.resolve().parents) if path.exists()), folder)
    if not there.is_dir():
        raise KeepingError(f"{there} is no folder: the store cannot be there")
    if not os.access(there, os.W_OK | os.X_OK):
        raise KeepingError(f"{there} cannot be written: the store cannot be there")


def without_what_came_later(kept: Record) -> Record:
    """The same for a trader that was told to stop early: the feed went on, and the capture and the store have the rest.

    Fewer messages in its own figures are no difference then; more would be one.
    """
    if "counts" not in kept:
        return kept
    messages = {side: counts["messages"] for side, counts in kept["counts"].items()}
    capture, telemetry = messages["capture"], messages["telemetry"]
    if capture is None or telemetry is None or messages["store"] != capture or telemetry > capture:
        return kept
    return kept | {"differences": [text for text in kept["differences"] if not text.startswith("messages:")]}


def reasons(kept: Record) -> list[str]:
    """What keeps the store from being right; nothing is kept without an office."""
    if "error" in kept:
        return [f"the run is not in the store: {kept['error']}"]
    found = [f"the store and the run do not agree: {text}" for text in kept.get("differences", ())]
    if "audit_error" in kept:
        found.append(f"the audit log is not in the store: {kept['audit_error']}")
    return found
