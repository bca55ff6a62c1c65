"""The office's page in a run: served on this machine's loopback by a process that lives in the office's namespace.

A socket stays in the network namespace it was made in. So the page's is made here, where the browser is, and handed to
the process that reads the drop copy and the management stream over there.
"""

import json
import secrets
import socket
import sys
from pathlib import Path
from typing import Final

from office.dashboard.roles import ROLES
from office.dashboard.users import Users
from qemu.scenario import Scenario

FILE: Final = "page.json"
"""In the run's directory while it lasts: where the page is, and how to log in."""
_HOST: Final = "127.0.0.1"


class PageError(RuntimeError):
    """The page cannot be served; the text says why and what to do."""


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0: any that is free. Raises PageError."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((_HOST, port))
        found.listen()
    except OSError as error:
        found.close()
        raise PageError(
            f"the page cannot be served at {_HOST}:{port}: {error.strerror}; give another --page-port, or --no-office"
        ) from error
    return found


def describe(scenario: Scenario, listening: socket.socket, users: Path) -> dict[str, object]:
    """Make a user of each role, with one password for the run, and write `FILE`; gives its content."""
    password = secrets.token_urlsafe(9)
    known = Users(users)
    for role in ROLES:
        known.add(role, role, password)
    host, port = listening.getsockname()
    found: dict[str, object] = {"url": f"http://{host}:{port}/", "users": list(ROLES), "password": password}
    path = scenario.directory / FILE
    path.touch(mode=0o600)
    path.write_text(json.dumps(found) + "\n")
    return found


def command(scenario: Scenario, listening: socket.socket, users: Path, exchange_ready: Path) -> list[str]:
    """The page's command line, for the office's namespace; it inherits the listening socket."""
    return [
        *(sys.executable, "-m", "hftos.cli", "office", "serve"),
        *("--dir", str(scenario.directory), "--fd", str(listening.fileno())),
        *("--users", str(users), "--audit", str(scenario.audit_log), "--ready-file", str(exchange_ready)),
    ]


def forget(scenario: Scenario) -> None:
    """Remove `FILE`: the page is gone."""
    (scenario.directory / FILE).unlink(missing_ok=True)
