"""Hands a command to the collector of a run, which passes it on to its trading servers.

A collector with a control socket writes `control.json` into its directory: `{"pid", "control", "bind"}`; the socket's
path may be elsewhere, because unix paths are at most 107 bytes long.
"""

import json
import socket
from pathlib import Path
from typing import Any

CONTROL_FILE = "control.json"
COMMANDS = ("stop", "kill")
_ANSWER_SECONDS = 10.0


class CommandError(RuntimeError):
    """A command could not be given; the text says why and what to do."""


def send(directory: Path, name: str) -> dict[str, Any]:
    """Give one command to all servers of the run in `directory`; gives the collector's answer.

    `{"kind": "command", "command": name, "servers": n}`. Raises `CommandError` when no run is there, when its
    collector refuses, or when no server is connected.
    """
    control = _control(directory)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(control))
            connection.sendall(json.dumps({"command": name}).encode() + b"\n")
            answer = _answer(connection)
    except (FileNotFoundError, ConnectionError) as error:
        raise CommandError(f"the run in {directory} is over: its control socket {control} is closed") from error
    except OSError as error:
        raise CommandError(f"{control}: {error.strerror or error}") from error
    if answer["kind"] == "error":
        raise CommandError(f"the collector refused {name}: {answer.get('reason')}")
    if not answer["servers"]:
        raise CommandError(f"{name}: no trading server is connected to the office of {directory} (yet)")
    return answer


def _control(directory: Path) -> Path:
    """The control socket that a run's or a collector's directory names."""
    for folder in (directory, directory / "office"):
        try:
            return Path(json.loads((folder / CONTROL_FILE).read_text())["control"])
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{folder / CONTROL_FILE} is damaged ({error!r})") from error
    raise CommandError(f"no run in {directory}: start one with `hftos run`, or give its --dir")


def _answer(connection: socket.socket) -> dict[str, Any]:
    """The collector's answer; news of the stream come on the same connection and are skipped."""
    with connection.makefile("rb") as lines:
        for line in lines:
            record: dict[str, Any] = json.loads(line)
            if record.get("kind") in ("command", "error"):
                return record
    raise ConnectionResetError
