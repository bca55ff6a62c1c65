"""The monitor on real sockets: an exchange's drop copy, a collector's socket, both lost and found again."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from office.live import PREFIX
from office.monitor import service
from office.monitor.cli import drop_copies, monitor
from office.monitor.monitor import Monitor
from office.monitor.service import DropCopy, MonitorError
from protocols.management import CONTROL, IN, JOURNAL, LIVE, Frame, JournalRecord
from protocols.management_files import JOURNAL_NAME, MAGIC
from protocols.soup import LoginRejected
from tests.exchange.entry_server import EntryServer, scenario
from tests.exchange.ouch_wire import cancel, enter
from tests.office.monitor.test_monitor import hello, position
from tests.office.monitor.test_monitor_books import accepted, cancelled, executed

PATIENCE = 10.0
ROOT = Path(__file__).resolve().parents[3]


async def until(monitor: Monitor, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait for a picture."""
    async with asyncio.timeout(PATIENCE):
        while not true(found := monitor.snapshot(time.time_ns())):
            await asyncio.sleep(0.005)
    return found


def says(shares: int, found: dict[str, Any]) -> bool:
    return [row["trader_shares"] for row in found["positions"]] == [shares]


def copy_of(server: EntryServer, **more: Any) -> DropCopy:
    login = server.drop_copy.login("HFTX")
    return DropCopy("NSDQ", "127.0.0.1", server.copy_port, **(login | more))


def test_it_follows_the_firms_orders_and_catches_up_after_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_AGAIN", 0.01)

    async def test(server: EntryServer) -> None:
        watched = Monitor({})
        task = asyncio.create_task(service.run(watched, [copy_of(server)], None))
        first, other = await server.log_in("HFT1", 2), await server.log_in("HFT2", 2)
        await first.ask(enter(1, "S", 300), "A")
        await until(watched, lambda found: found["connected"] and found["open_orders"] == 1)
        for connection in list(server.drop_copy.connections.open):
            connection.drop("the test cuts it")
        await other.ask(enter(1, "B", 100), "A")
        found = await until(watched, lambda found: found["executions"] == 1)
        assert [(row["symbol"], row["shares"], row["open_sell"]) for row in found["positions"]] == [("AAPL", -100, 200)]
        first.write(cancel(1))
        found = await until(watched, lambda found: found["open_orders"] == 0 and found["connected"])
        assert (found["missed"], found["malformed"], found["unknown"]) == (0, 0, 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    scenario(test)


def test_a_refused_login_is_final() -> None:
    async def test(server: EntryServer) -> None:
        watched = Monitor({})
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(ExceptionGroup) as caught:
                await service.run(watched, [copy_of(server, password="wrong")], None)
        assert caught.group_contains(MonitorError, match="the drop copy refuses the login")

    scenario(test)


@pytest.mark.parametrize(
    ("reason", "remedy"), [("A", "give its user and password"), ("S", "its session is over, start the monitor anew")]
)
def test_a_refusal_says_what_to_do(reason: str, remedy: str) -> None:
    async def test() -> None:
        gone = asyncio.Event()

        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(LoginRejected(reason).encode())
            await reader.read()
            writer.close()
            gone.set()

        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server, asyncio.timeout(PATIENCE):
            copy = DropCopy("NSDQ", "127.0.0.1", server.sockets[0].getsockname()[1], "u", "p")
            with pytest.raises(MonitorError, match=remedy):
                await service.follow_copy(Monitor({}), copy, time.time_ns, time.monotonic_ns)
            await gone.wait()

    asyncio.run(test())


def test_a_drop_copy_that_hangs_up_at_once_is_not_asked_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def test() -> None:
        calls = 0

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal calls
            calls += 1
            writer.close()

        async def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                raise MonitorError("that is enough")

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        monkeypatch.setattr("asyncio.sleep", wait)
        copy = DropCopy("NSDQ", "127.0.0.1", server.sockets[0].getsockname()[1], "u", "p")
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(MonitorError, match="enough"):
                await service.follow_copy(Monitor({}), copy, time.time_ns, time.monotonic_ns)
        assert calls <= 3
        server.close()

    asyncio.run(test())
    assert waits == [1.0] * 3


def test_it_follows_the_collector_and_finds_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_AGAIN", 0.01)
    control = tmp_path / "control"

    async def test() -> None:
        watched = Monitor({})
        task = asyncio.create_task(service.run(watched, [], control))
        for shares, rubbish in ((10, b"\xff" * 64), (20, b"")):
            frame = Frame(LIVE, shares, time.time_ns(), position(shares)).encode()

            async def serve(
                _: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                data: bytes = PREFIX.pack(7) + frame + rubbish,
            ) -> None:
                writer.write(data)
                await writer.drain()
                writer.close()

            server = await asyncio.start_unix_server(serve, control)
            found = await until(watched, partial(says, shares))
            assert found["servers"][0]["session"] == f"{7:016x}"
            server.close()
            await server.wait_closed()
            control.unlink(missing_ok=True)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(test())


def test_journals_on_disk_come_first_and_fill_what_was_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_AGAIN", 0.01)
    answers = [accepted(1, "B", 100), executed(1, 10, 1_000_000, 1), executed(1, 20, 1_000_000, 2), cancelled(1, 70)]
    frames = [
        Frame(JOURNAL, number, 1, JournalRecord(kind=IN, venue=0, body=answer.encode())).encode()
        for number, answer in enumerate(answers, 1)
    ]
    folder = tmp_path / f"{5:016x}"
    folder.mkdir()
    (folder / JOURNAL_NAME).write_bytes(MAGIC + b"".join(frames[:2]))
    greeting = Frame(CONTROL, 0, 1, hello(7, "hft1")).encode()

    async def test() -> None:
        watched = Monitor({})

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(PREFIX.pack(7) + greeting)
            await writer.drain()
            await until(watched, lambda found: found["executions"] == 1)
            # The third one is on disk before anybody watches; what comes over the socket is the fourth.
            (folder / JOURNAL_NAME).write_bytes(MAGIC + b"".join(frames[:3]))
            writer.write(PREFIX.pack(7) + frames[3] + PREFIX.pack(7) + frames[3])
            await writer.drain()
            await until(watched, lambda found: found["executions"] == 2 and found["open_orders"] == 0)
            writer.close()
            done.set()

        done = asyncio.Event()
        server = await asyncio.start_unix_server(serve, tmp_path / "control")
        task = asyncio.create_task(service.run(watched, [], tmp_path / "control", journals=tmp_path))
        async with asyncio.timeout(PATIENCE):
            await done.wait()
        found = watched.snapshot(time.time_ns())
        assert (found["positions"][0]["shares"], found["missed"], found["unknown"]) == (30, 0, 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()

    asyncio.run(test())


def test_a_journal_that_was_renewed_counts_once_beside_the_one_it_was(tmp_path: Path) -> None:
    answers = [accepted(1, "B", 100), executed(1, 10, 1_000_000, 1), executed(1, 20, 1_000_000, 2)]
    frames = [
        Frame(JOURNAL, number, 1, JournalRecord(kind=IN, venue=0, body=answer.encode())).encode()
        for number, answer in enumerate(answers, 1)
    ]
    # `tests.office.monitor.test_monitor.hello` names journal 5.
    greetings = [hello(7, "hft1"), hello(8, "hft1").replace(journal=6)]
    watched = Monitor({})
    for greeting, kept in zip(greetings, (frames[:2], frames), strict=True):
        folder = tmp_path / f"{greeting.journal:016x}"
        folder.mkdir()
        (folder / JOURNAL_NAME).write_bytes(MAGIC + b"".join(kept))
        service._on_journal(watched, {}, greeting.session, Frame(CONTROL, 0, 1, greeting), tmp_path, 1)
    found = watched.snapshot(1)
    assert [(row["shares"], row["open_buy"]) for row in found["positions"]] == [(30, 70)]
    assert (found["executions"], found["messages"], len(found["drop_copies"])) == (2, 1, 2)


READY = {
    "venues": {
        "NSDQ": {
            "drop_copy": {
                "host": "127.0.0.1",
                "port": 1,
                "user": "DCHFTX",
                "password": "p",
                "firms": {"HFTX": {"user": "DCHFTX", "password": "p"}, "HFTY": {"user": "DCHFTY", "password": "q"}},
            }
        }
    }
}


def test_the_ready_file_names_the_drop_copies(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps(READY))
    assert drop_copies(path) == [DropCopy("NSDQ", "127.0.0.1", 1, "DCHFTX", "p")]
    assert drop_copies(path, "NSDQ", "HFTY") == [DropCopy("NSDQ", "127.0.0.1", 1, "DCHFTY", "q")]


SHORTLY = ("--seconds", "0.5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to look at: give --ready-file, --dir or both"),
        (("--ready-file", "{}/missing"), "give a running exchange's ready file"),
        (("--ready-file", "{}/bad"), "is no ready file of an exchange"),
        (("--ready-file", "{}/deep", *SHORTLY), "is no ready file of an exchange"),
        (
            ("--ready-file", "{}/port", *SHORTLY),
            "is no ready file of an exchange with drop copies (ValueError('port 99999'))",
        ),
        (("--ready-file", "{}/user", *SHORTLY), "username must be ASCII text of at most 6 characters"),
        (("--ready-file", "{}/ready", "--venue", "BX"), "has no venue 'BX': give one of NSDQ"),
        (("--ready-file", "{}/ready", "--firm", "ABCD"), "has no firm 'ABCD': give one of HFTX, HFTY"),
        (("--ready-file", "{}/ready", "--limits", "{}/bad"), "is no TOML file"),
        (("--ready-file", "{}/ready", "--thresholds", "{}/missing"), "cannot read"),
        (("--dir", "{}/nowhere"), "no run in"),
    ],
)
def test_wrong_input_is_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "ready").write_text(json.dumps(READY))
    (tmp_path / "bad").write_text("{")
    (tmp_path / "deep").write_text("[" * 100_000)
    (tmp_path / "port").write_text(json.dumps(READY).replace('"port": 1,', '"port": 99999,'))
    (tmp_path / "user").write_text(json.dumps(READY).replace("DCHFTX", "DCHFTXXX"))
    done = CliRunner().invoke(monitor, [one.format(tmp_path) for one in arguments])
    assert done.exit_code != 0
    assert message in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_the_command_shows_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    path.write_text(json.dumps(READY))
    done = CliRunner().invoke(monitor, ["--ready-file", str(path), "--seconds", "0.1", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["drop_copies"] == [{"source": "NSDQ", "connected": False, "sequence": 0}]
    shown = CliRunner().invoke(monitor, ["--ready-file", str(path), "--seconds", "0.1"])
    assert "no drop copy" in shown.output


def test_ctrl_c_is_the_usual_end(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ready.write_text(json.dumps(READY).replace('"port": 1,', f'"port": {listening.getsockname()[1]},'))
        code = "from office.monitor.cli import monitor; monitor()"
        command = [sys.executable, "-c", code, "--ready-file", str(ready), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as running:
            listening.settimeout(PATIENCE)
            with listening.accept()[0]:  # it is at work
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, err) == (0, b"")
    assert json.loads(out)["drop_copies"] == [{"source": "NSDQ", "connected": False, "sequence": 0}]
