"""`hftos office`: commands reach the servers of a run; what stands in the way is named."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from office.audited import audit_log_of
from office.cli import office
from office.commands import login, send
from protocols.management import LIVE, Command
from store.audit import AuditLog
from store.audit.verify import records, verify
from tests.office.scripted_server import Server, state

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
COLLECT = [sys.executable, "-c", "from office.cli import office; office()", "collect", "--bind", "127.0.0.1:0"]


class Collecting:
    """A running `hftos office collect`."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [*COLLECT, "--dir", str(directory)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    def server(self) -> Server:
        """A trading server that has connected and reported, and whose report was stored."""
        server = Server((self.ready["host"], self.ready["port"]))
        server.send(state(1))
        server.acknowledged(LIVE, 1)
        return server


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "office"


@pytest.fixture
def collecting(directory: Path) -> Iterator[Collecting]:
    running = Collecting(directory)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(office, arguments)
    return done.exit_code, done.output


@pytest.mark.parametrize("name", ["stop", "kill"])
def test_a_command_reaches_the_server_with_who_gave_it(collecting: Collecting, directory: Path, name: str) -> None:
    with collecting.server() as server:
        given = "--who", "Ada Lovelace"
        assert command(name, "--dir", str(directory), *given) == (0, f"{name}: sent to 1 server\n")
        assert server.hear(lambda m: isinstance(m, Command)) == Command(name=name, body=b"Ada Lovelace")
        # The directory of the run, one level up, will do as well.
        status, text = command(name, "--dir", str(directory.parent), "--json")
        answer = json.loads(text)
        assert (status, answer["command"], answer["servers"], answer["who"] != "") == (0, name, 1, True)


def logged(path: Path) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(one.who, one.role, one.action, one.detail) for one in records(path)]


def test_a_command_is_in_the_audit_log_before_it_is_sent(
    collecting: Collecting, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = directory.parent / "audit" / "audit.jsonl"
    seen: list[list[str]] = []

    def watched(*given: Any, **more: Any) -> dict[str, Any]:
        seen.append([action for _, _, action, _ in logged(log)])
        return send(*given, **more)

    monkeypatch.setattr("office.audited.send", watched)
    with collecting.server():
        assert command("kill", "--dir", str(directory), "--who", "Ada")[0] == 0
    assert seen == [["kill"]]
    assert logged(log) == [
        ("Ada", "operator", "kill", {"login": login()}),
        ("Ada", "operator", "kill.sent", {"login": login(), "servers": 1}),
    ]
    assert verify(log).ok


def test_a_command_that_fails_is_in_the_audit_log_that_is_given(directory: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert command("stop", "--dir", str(directory), "--audit", str(log))[0] == 1
    (_, given), (_, failed) = ((action, detail) for _, _, action, detail in logged(log))
    assert given == {"login": login()}
    assert "no run in" in failed["reason"]


@pytest.mark.parametrize("name", ["stop", "kill"])
def test_a_directory_without_a_run_is_refused_and_nothing_is_put_beside_it(name: str, tmp_path: Path) -> None:
    status, text = command(name, "--dir", str(tmp_path / "mistyped" / "run"))
    assert status == 1
    assert text == f"Error: no run in {tmp_path}/mistyped/run: start one with `hftos run`, or give its --dir\n"
    assert list(tmp_path.iterdir()) == []


def test_once_there_is_a_log_a_command_to_nobody_is_in_it_too(directory: Path) -> None:
    log = audit_log_of(directory)
    with AuditLog(log) as other:
        other.append(who="Ada", role="risk", action="login")
    assert command("kill", "--dir", str(directory))[0] == 1
    assert [action for _, _, action, _ in logged(log)] == ["login", "kill", "kill.failed"]


def test_a_kill_is_sent_although_the_log_fails_and_a_stop_is_not(collecting: Collecting, directory: Path) -> None:
    (directory.parent / "audit").write_text("in the way of the log's folder")
    with collecting.server() as server:
        status, text = command("stop", "--dir", str(directory))
        assert (status, "stop was not sent" in text, "give another path" in text) == (1, True, True)
        status, text = command("kill", "--dir", str(directory))
        assert (status, "Warning: the audit log failed" in text, "sent to 1 server" in text) == (0, True, True)
        assert server.hear(lambda m: isinstance(m, Command)).name == "kill"  # type: ignore[attr-defined]


def test_a_kill_does_not_wait_for_a_log_that_hangs(
    collecting: Collecting, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("office.audited.PATIENCE", 0.05)
    log = directory.parent / "audit.jsonl"
    with AuditLog(log) as other, log.open("rb") as held, collecting.server() as server:
        other.append(who="Ada", role="risk", action="login")
        fcntl.flock(held, fcntl.LOCK_EX)
        status, text = command("kill", "--dir", str(directory), "--audit", str(log))
        assert (status, "has not answered for 0.05 s" in text) == (0, True)
        assert server.hear(lambda m: isinstance(m, Command)).name == "kill"  # type: ignore[attr-defined]


def test_the_page_writes_the_log_that_the_commands_write() -> None:
    assert audit_log_of(Path("build/run")) == Path("build/audit/audit.jsonl").absolute()
    assert audit_log_of(Path("elsewhere/day/")) == Path("elsewhere/audit/audit.jsonl").absolute()


@pytest.mark.parametrize("spelled", [["demo"], ["--demo"]])
def test_the_demo_is_a_command_and_an_option(spelled: list[str], tmp_path: Path) -> None:
    assert command(*spelled, "--save", str(tmp_path / "saved"))[0] == 0
    assert (tmp_path / "saved").stat().st_size > 1_000
    status, text = command(*spelled, str(tmp_path))
    assert (status, "has no frames of the management stream" in text) == (1, True)


def test_without_a_server_the_command_fails(collecting: Collecting, directory: Path) -> None:
    status, text = command("stop", "--dir", str(directory))
    assert (status, "no trading server is connected" in text) == (1, True)


def test_collecting_ends_with_a_summary_and_leaves_no_control(collecting: Collecting, directory: Path) -> None:
    assert json.loads((directory / "control.json").read_text())["pid"] == collecting.process.pid
    collecting.process.send_signal(signal.SIGTERM)
    out, _ = collecting.process.communicate(timeout=20)
    assert json.loads(out)["connections"] == 0
    assert not (directory / "control.json").exists()
    assert collecting.process.returncode == 0


@pytest.mark.parametrize("program", [COLLECT, [sys.executable, "-m", "office.collector", "--bind", "127.0.0.1:0"]])
def test_a_disk_that_takes_no_more_is_named_in_one_line(program: list[str], directory: Path) -> None:
    command = [*program, "--dir", str(directory)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, hard))  # EFBIG, as ENOSPC of a full disk
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    remedy = "make room there, or give another --dir; what was acknowledged is kept"
    (line,) = said.splitlines()
    assert line.partition(": ")[2] == f"{directory}: File too large: {remedy}"
    assert process.returncode == 1


def test_a_second_collector_leaves_the_first_ones_files_alone(collecting: Collecting, directory: Path) -> None:
    with collecting.server():
        before = {path: path.read_bytes() for path in directory.glob("*/*.bin")}
        for control in ("control", "other"):
            where = "--dir", str(directory), "--control", str(directory / control)
            status, text = command("collect", "--bind", "127.0.0.1:0", *where)
            assert (status, "another collector" in text) == (1, True)
        assert {path: path.read_bytes() for path in directory.glob("*/*.bin")} == before


def test_what_a_killed_collector_left_is_replaced(collecting: Collecting, directory: Path) -> None:
    collecting.process.kill()
    collecting.process.communicate()
    status, text = command("stop", "--dir", str(directory))
    assert (status, "is over" in text) == (1, True)
    again = Collecting(directory)
    again.process.send_signal(signal.SIGTERM)
    again.process.communicate()
    assert again.process.returncode == 0


def test_where_no_run_is_the_remedy_is_named(directory: Path) -> None:
    status, text = command("stop", "--dir", str(directory))
    assert (status, "no run in" in text, "hftos run" in text) == (1, True, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"control": "/nonexistent/control"}', "is over: its control socket"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"control": 5}', "is damaged"),
    ],
)
def test_a_run_that_is_over_or_damaged_is_named(directory: Path, content: str, message: str) -> None:
    directory.mkdir()
    (directory / "control.json").write_text(content)
    status, text = command("kill", "--dir", str(directory))
    assert (status, message in text) == (1, True)


@pytest.mark.parametrize(("bind", "status"), [("nowhere:1", 2), ("127.0.0.1:99999", 2), ("192.0.2.1:9300", 1)])
def test_a_wrong_address_is_explained(directory: Path, bind: str, status: int) -> None:
    found, text = command("collect", "--bind", bind, "--dir", str(directory))
    assert found == status
    assert "--bind" in text


def test_every_command_has_help() -> None:
    for arguments in (["--help"], ["stop", "--help"], ["kill", "--help"], ["collect", "--help"]):
        assert command(*arguments)[0] == 0
