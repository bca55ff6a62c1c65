"""The collector program on real sockets: servers that come, go and come again, a watcher, commands."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


class Office:
    """A running collector."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        control = folder / "control"
        command = [sys.executable, "-m", "office.collector", "--bind", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*command, "--dir", str(folder / "office"), "--control", str(control)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        self.address = (ready["host"], ready["port"])
        self.watcher = socket.socket(socket.AF_UNIX)
        self.watcher.settimeout(20)
        self.watcher.connect(str(control))
        self.news = self.watcher.makefile("r")

    def server(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=20)

    def hear(self) -> dict[str, Any]:
        """The next record the watcher gets."""
        record: dict[str, Any] = json.loads(self.news.readline())
        return record

    def end(self) -> tuple[dict[str, Any], str]:
        """Stop it; gives the summary and what it complained about."""
        self.process.send_signal(signal.SIGTERM)
        out, errors = self.process.communicate(timeout=20)
        return json.loads(out), errors

    def stored(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "office" / name).read_text().splitlines()]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.news.close()
    office.watcher.close()
    if office.process.poll() is None:
        office.process.kill()
        office.process.communicate()


def line(**record: Any) -> bytes:
    return json.dumps(record).encode() + b"\n"


def test_a_stream_in_pieces_is_stored_and_published(office: Office) -> None:
    with office.server() as server:
        assert office.hear() == {"kind": "connection", "open": True}
        stream = line(kind="boot", kernel_s=1.0) + line(kind="journal", n=1, dir="out", hex="4f") + b'{"kind": "sta'
        for start in range(0, len(stream), 7):
            server.sendall(stream[start : start + 7])
        server.sendall(b'te", "state": "trading"}\n')
        assert office.hear() == {"kind": "boot", "kernel_s": 1.0}
        assert office.hear() == {"kind": "state", "state": "trading"}
    assert office.hear() == {"kind": "connection", "open": False}
    summary, errors = office.end()
    assert errors == ""
    assert [record["kind"] for record in office.stored("telemetry.jsonl")] == ["boot", "state"]
    assert [record["n"] for record in office.stored("journal.jsonl")] == [1]
    assert summary["records"] == 3
    assert office.stored("summary.json") == [summary]


def test_a_server_that_reconnects_leaves_no_double(office: Office) -> None:
    records = [line(kind="journal", n=n, dir="in", hex=f"{n:02x}") for n in range(1, 8)]
    for upto in (3, 5):
        with office.server() as server:
            office.hear()
            server.sendall(b"".join(records[:upto]) + records[upto][:9])
        office.hear()
    with office.server() as server:
        office.hear()
        server.sendall(b"".join(records[:5]) + records[6])
    office.hear()
    summary, _ = office.end()
    assert [record["n"] for record in office.stored("journal.jsonl")] == [1, 2, 3, 4, 5, 7]
    journal = summary["journal"]
    assert (journal["duplicates"], journal["holes"], summary["connections"]) == (8, [[6, 6]], 3)


def test_commands_go_to_every_server_and_wrong_ones_are_refused(office: Office) -> None:
    with office.server() as first, office.server() as second:
        office.hear(), office.hear()
        office.watcher.sendall(line(command="reboot") + line(command="stop"))
        assert "is no command: must be one of stop, kill" in office.hear()["reason"]
        assert office.hear() == {"kind": "command", "command": "stop", "servers": 2}
        for server in (first, second):
            with server.makefile("r") as commands:
                assert json.loads(commands.readline()) == {"command": "stop"}


def test_a_late_watcher_gets_the_latest_state(office: Office) -> None:
    with office.server() as server:
        office.hear()
        server.sendall(line(kind="state", state="connecting") + line(kind="state", state="trading"))
        office.hear(), office.hear()
        with socket.socket(socket.AF_UNIX) as late:
            late.settimeout(20)
            late.connect(str(office.folder / "control"))
            with late.makefile("r") as news:
                assert json.loads(news.readline()) == {"kind": "state", "state": "trading"}


def test_it_ends_properly_while_a_server_is_connected(office: Office) -> None:
    with office.server() as server:
        office.hear()
        server.sendall(line(kind="stats", t=1) + b"cut off")
        office.hear()
        summary, errors = office.end()
    assert (summary["records"], office.process.returncode, errors) == (1, 0, "")


@pytest.mark.parametrize("bind", ["nowhere:9300", "127.0.0.1", "127.0.0.1:x"])
def test_a_wrong_address_is_explained(tmp_path: Path, bind: str) -> None:
    command = [sys.executable, "-m", "office.collector", "--bind", bind, "--dir", str(tmp_path)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "must be an IPv4 address and a port" in done.stderr
