"""Hands a command to the collector of a run, which passes it on to its trading servers.

A collector with a control socket writes `control.json` into its directory: `{"pid", "control", "bind"}`; the socket's
path may be elsewhere, because unix paths are at most 107 bytes long.
"""

import getpass
import json
import socket
import time
from pathlib import Path
from typing import Any, Final

from office.live import PREFIX
from protocols.errors import ProtocolError
from protocols.management import CONTROL, FRAME, Answer, Command, Frame, decode

CONTROL_FILE: Final = "control.json"
COMMANDS: Final = ("stop", "kill")
_ANSWER_SECONDS = 10.0


class CommandError(RuntimeError):
    """A command could not be given; the text says why and what to do."""


def send(directory: Path, name: str, *, who: str | None = None) -> dict[str, Any]:
    """Give one command to all servers of the run in `directory`; gives the collector's answer.

    `who` gives it, in the servers' state lines and in this answer: `{"kind": "command", "command", "who", "servers"}`;
    None: the login name. Raises `CommandError` when no run is there, when its collector refuses, or when no server is
    connected.
    """
    control = control_of(directory)
    who = login() if who is None else who
    command = Frame(CONTROL, 0, time.time_ns(), Command(name=name, body=who.encode("utf-8", "replace")))
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(control))
            connection.sendall(command.encode())
            answer = _answer(connection)
    except (FileNotFoundError, ConnectionError) as error:
        raise CommandError(f"the run in {directory} is over: its control socket {control} is closed") from error
    except (OSError, ProtocolError) as error:
        raise CommandError(f"{control}: {getattr(error, 'strerror', None) or error}") from error
    if answer.body:
        raise CommandError(f"the collector refused {name}: {answer.body.decode('utf-8', 'replace')}")
    if not answer.servers:
        raise CommandError(f"{name}: no trading server is connected to the office of {directory} (yet)")
    return {"kind": "command", "command": name, "who": who, "servers": answer.servers}


def control_of(directory: Path) -> Path:
    """The control socket that a run's or a collector's directory names; raises CommandError when there is none."""
    for folder in (directory, directory / "office"):
        try:
            return Path(json.loads((folder / CONTROL_FILE).read_text())["control"])
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{folder / CONTROL_FILE} is damaged ({error!r})") from error
    raise CommandError(f"no run in {directory}: start one with `hftos run`, or give its --dir")


def login() -> str:
    """The login name of whoever runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _answer(connection: socket.socket) -> Answer:
    """The collector's answer; news of the stream come on the same connection and are skipped."""
    with connection.makefile("rb") as stream:
        while len(head := stream.read(PREFIX.size + FRAME.size)) == PREFIX.size + FRAME.size:
            length = FRAME.unpack_from(head, PREFIX.size)[0]
            message = decode(stream.read(length))
            if isinstance(message, Answer):
                return message
    raise ConnectionResetError
