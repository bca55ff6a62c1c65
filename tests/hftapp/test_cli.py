"""`hftos trade` against the real exchange process on loopback, and its errors."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from hftapp import cli, config, journal

if TYPE_CHECKING:
    from tests.conftest import ReadyFifo

ROOT = Path(__file__).parents[2]
SLICE = ROOT / "tests" / "data" / "12302019_SNIPPET.NASDAQ_ITCH50"
READY = {
    "session": "S1",
    "ouch": {"host": "127.0.0.1", "port": 5000, "user": "U", "password": "P", "firm": "F"},
    "feed_a": {"group": "239.1.1.1", "port": 1000, "interface": "127.0.0.1"},
    "feed_b": {"group": "239.1.1.2", "port": 1001, "interface": "127.0.0.1"},
    "symbols": ["A"],
}
Start = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def start_exchange(tmp_path: Path, make_ready_fifo: Callable[[Path], ReadyFifo]) -> Iterator[Start]:
    """Starts an exchange and leaves its ready file and logs in the test's folder."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        fifo = make_ready_fifo(tmp_path / "ready.fifo")
        command = [
            *(sys.executable, "-c", "from exchange.cli import exchange; exchange()"),
            *("--ready-file", str(fifo.path), "--log-dir", str(tmp_path / "log"), "--start-on-login"),
            *("--feed-a", f"239.255.77.1:{free_port()}", "--feed-b", f"239.255.77.2:{free_port()}"),
            *options,
        ]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        (tmp_path / "ready.json").write_text(json.dumps(fifo.wait(process)))
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=20)


def run_trade(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    command = [
        *(sys.executable, "-c", "from hftapp.cli import trade; trade()"),
        *("--config", str(ROOT / "hftos.toml"), "--exchange", str(folder / "ready.json")),
        *("--journal", str(folder / "journal"), "--json", *options),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def exchange_log(folder: Path, direction: str) -> list[bytes]:
    lines = (folder / "log" / "orders.jsonl").read_text().splitlines()
    return [bytes.fromhex(entry["hex"]) for entry in map(json.loads, lines) if entry["dir"] == direction]


def test_a_whole_session_against_the_exchange_reconciles(start_exchange: Start, tmp_path: Path) -> None:
    """Real slice, then generated flow, to the end of session: same messages, same books, nothing open."""
    process = start_exchange("--replay", str(SLICE), "--speed", "0.002", "--seconds", "5", "--seed", "7")
    status, summary = run_trade(tmp_path)
    process.terminate()
    counters = json.loads(process.communicate(timeout=20)[0])
    assert (status, summary["reason"]) == (0, "end of session")
    feed, orders = summary["feed"], summary["orders"]
    assert (feed["gaps"], feed["lost"], feed["malformed"], feed["stale"]) == (0, 0, 0, False)
    assert feed["messages"] == counters["feed"]["messages"] > 1000
    assert feed["duplicates"] > 0
    assert orders["accepted"] == counters["accepted"] > 0
    assert orders["executed_shares"] == counters["executed_shares"]
    assert orders["sent"] == counters["received"]
    received = Counter(message[:1] for message in exchange_log(tmp_path, "in"))
    parts = {"entered": b"O", "replaced": b"U", "cancel_requests": b"X", "account_queries": b"Q"}
    assert {name: orders[name] for name in parts} == {name: received[kind] for name, kind in parts.items()}
    assert sum(orders[name] for name in parts) == orders["sent"]
    assert orders["open"] == 0
    entries = list(journal.read(summary["journal"]["path"]))
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.payload for entry in entries if entry.kind == 1] == exchange_log(tmp_path, "in")
    assert [entry.payload for entry in entries if entry.kind == 2] == exchange_log(tmp_path, "out")
    books = json.loads((tmp_path / "log" / "books.json").read_text())["books"]
    ours = {symbol: {"bids": book["bids"], "asks": book["asks"]} for symbol, book in summary["books"].items()}
    assert {symbol: book for symbol, book in ours.items() if book["bids"] or book["asks"]} == {
        symbol: book for symbol, book in books.items() if book["bids"] or book["asks"]
    }


def test_seconds_stop_the_trader_and_leave_nothing_open(start_exchange: Start, tmp_path: Path) -> None:
    start_exchange()
    status, summary = run_trade(tmp_path, "--seconds", "2")
    assert (status, summary["reason"]) == (0, "stop command")
    assert summary["orders"]["sent"] > 0
    assert summary["orders"]["open"] == 0


def test_the_ready_file_goes_over_the_configuration(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(READY))
    settings = cli.load(ROOT / "hftos.toml", ready)
    assert settings.nic.port == "socket"
    assert settings.nic.idle == "wait"
    assert str(settings.nic.address) == "127.0.0.1/32"
    assert settings.feed.session == "S1"
    assert settings.order_entry.user == "U"
    assert settings.management.office is None
    assert settings.risk == config.load(ROOT / "hftos.toml").risk


@pytest.mark.parametrize("text", ["{}", "nothing", '{"ouch": 3}'])
def test_another_file_is_no_ready_file(tmp_path: Path, text: str) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(text)
    with pytest.raises(config.ConfigError, match="not the ready file of an exchange"):
        cli.load(ROOT / "hftos.toml", ready)


def test_configuration_errors_are_listed_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[risk]\nmax_order_shares = 0\n[nic]\nprot = 1\n")
    result = CliRunner().invoke(cli.trade, ["--config", str(path)])
    assert result.exit_code == 2
    assert 'nic.prot: unknown; did you mean "port"?' in result.output
    assert "risk.max_order_shares = 0: must be an integer from 1 to 999_999 (shares)" in result.output


def test_mistakes_in_all_strategies_are_listed_with_status_2_before_a_trader_starts(tmp_path: Path) -> None:
    ready, path = tmp_path / "ready.json", tmp_path / "my.toml"
    ready.write_text(json.dumps(READY | {"pid": os.getpid()}))
    path.write_text(
        '[[strategy]]\nkind = "nowhere.One"\n'
        '[[strategy]]\nkind = "tape_follower.TapeFollower"\nparams = { no_such = 1 }\n'
    )
    status, output = trade("--config", path, "--exchange", ready, "--journal", tmp_path / "journal")
    assert status == 2
    assert 'strategy kind "nowhere.One": there is no strategies.nowhere' in output
    assert "no_such: unknown" in output
    assert not (tmp_path / "journal").exists()


def trade(*options: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli.trade, [str(option) for option in options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    binary, ready = tmp_path / "binary", tmp_path / "ready.json"
    binary.write_bytes(b"\xff\xfe\0\x80" * 100)
    ready.write_text(json.dumps(READY | {"pid": os.getpid()}))
    for options in ([], ["--exchange", ready]):
        status, output = trade("--config", binary, *options)
        assert status == 2
        assert f"{binary}" in output
        assert "not UTF-8: byte 0xff at offset 0" in output
    status, output = trade("--exchange", binary, "--wait", "0")
    assert status == 1
    assert "not the ready file of an exchange" in output


@pytest.mark.parametrize("pid", [10**30, "1", None, [1]])
def test_a_ready_file_with_an_odd_process_number_is_told(tmp_path: Path, pid: object) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(READY | {"pid": pid}))
    status, output = trade("--exchange", ready, "--wait", "0")
    assert status == 1
    assert "not the ready file of an exchange" in output


def test_a_section_that_is_a_number_is_told_with_a_ready_file_too(tmp_path: Path) -> None:
    ready, path = tmp_path / "ready.json", tmp_path / "bad.toml"
    ready.write_text(json.dumps(READY | {"pid": os.getpid()}))
    path.write_text("nic = 5\n")
    status, output = trade("--config", path, "--exchange", ready)
    assert status == 2
    assert "nic = 5: must be a section [nic]" in output


@pytest.mark.parametrize("option", ["--seconds", "--wait"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e300", "soon"])
def test_seconds_are_a_number_in_range(option: str, value: str) -> None:
    status, output = trade(option, value)
    assert status == 2
    assert f"Invalid value for '{option}'" in output


def test_a_damaged_journal_is_told_before_anything_starts(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(READY | {"pid": os.getpid()}))
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "orders.journal").write_bytes(b"something else")
    status, output = trade("--config", ROOT / "hftos.toml", "--exchange", ready, "--journal", tmp_path / "journal")
    assert status == 1
    assert "orders.journal is no journal" in output


def run_program(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-c", "from hftapp.cli import trade; trade()"),
        *("--config", str(ROOT / "hftos.toml"), "--journal", str(folder / "journal"), *options),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_an_exchange_that_does_not_answer_is_no_success(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    ready = tmp_path / "ready.json"
    feeds = {f"feed_{line}": {"group": "239.255.77.9", "port": free_port(), "interface": "127.0.0.1"} for line in "ab"}
    ouch = {"host": "127.0.0.1", "port": port, "user": "U", "password": "P", "firm": "F"}
    ready.write_text(json.dumps({**READY, **feeds, "pid": os.getpid(), "ouch": ouch}))
    done = run_program(tmp_path, "--exchange", str(ready), "--seconds", "1")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"Error: stop command; never logged in at 127.0.0.1:{port} (")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [[], ["--exchange", "ready.json"]])
def test_a_missing_configuration_is_told_and_not_traded_without(tmp_path: Path, options: list[str]) -> None:
    ready = {"pid": os.getpid(), "ouch": {"host": "127.0.0.1"}}
    (tmp_path / "ready.json").write_text(json.dumps(ready))
    found = CliRunner().invoke(
        cli.trade, ["--config", "nowhere.toml", *(str(tmp_path / o) if o.endswith(".json") else o for o in options)]
    )
    assert found.exit_code == 2
    assert "nowhere.toml" in found.output
    assert "no such file; give --config FILE" in found.output


def test_a_missing_card_is_told_without_a_traceback_and_with_the_way_out(tmp_path: Path) -> None:
    done = run_program(tmp_path)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith('Error: PortError: nic.mac = "52:54:00:20:00:10": no such card; there are')
    assert "--exchange READY_FILE" in hint
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_terminal_that_is_gone_does_not_end_the_trader(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []

    def gone(text: object, **_: object) -> None:
        said.append(text)
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("click.echo", gone)
    cli._say("anything")
    assert said == ["hftos: anything"]


def test_help_names_the_options() -> None:
    output = CliRunner().invoke(cli.trade, ["--help"]).output
    for option in ("--config", "--exchange", "--seconds", "--journal", "--json"):
        assert option in output
