"""`hftos exchange` as a process: ready file, feed, orders, SIGTERM, counters; and wrong inputs."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from exchange.cli import exchange
from exchange.control import send_command
from exchange.ready_file import write_json
from exchange.settings import ServiceError
from protocols import itch50, mold
from protocols.order_book import OrderBooks

if TYPE_CHECKING:
    from tests.conftest import ReadyFifo

ROOT = Path(__file__).parents[2]
PROGRAM = "from exchange.cli import exchange; exchange()"
Start = Callable[..., "Process"]
MakeFifo = Callable[[Path], "ReadyFifo"]


def packet(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">H", 1 + len(payload)) + kind + payload


class Process:
    """A running exchange, and a receiver on each line from before its first packet."""

    def __init__(self, fifo: ReadyFifo, log_dir: Path, ports: tuple[int, int], arguments: tuple[str, ...]) -> None:
        groups = ("239.20.8.1", "239.20.8.2")
        self.receivers = [self._listen(group, port) for group, port in zip(groups, ports, strict=True)]
        self.log_dir = log_dir
        feeds = [f"--feed-{line}={group}:{port}" for line, group, port in zip("ab", groups, ports, strict=True)]
        files = [f"--ready-file={fifo.path}", f"--log-dir={log_dir}"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *feeds, *files, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self.ready = fifo.wait(self.process)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _listen(group: str, port: int) -> socket.socket:
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind((group, port))
        membership = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        receiver.settimeout(20)
        return receiver

    def log_in(self, user: str, password: str) -> socket.socket:
        ouch = self.ready["ouch"]
        connection = socket.create_connection((ouch["host"], ouch["port"]), timeout=20)
        connection.sendall(packet(b"L", f"{user:6}{password:10}{'':10}{1:>20}".encode()))
        return connection

    def session(self, line: int) -> tuple[list[bytes], int]:
        """All messages of a line up to its end of session, and the number of heartbeats."""
        messages: list[bytes] = []
        heartbeats = 0
        while True:
            got = mold.decode(self.receivers[line].recv(65_535))
            assert got.session == self.ready["session"]
            assert got.sequence == len(messages) + 1
            if isinstance(got, mold.EndOfSession):
                return messages, heartbeats
            if isinstance(got, mold.Packet):
                messages += got.messages
            else:
                heartbeats += 1

    def stop(self) -> dict[str, Any]:
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, err
        assert out.count("\n") == 1, out
        counters: dict[str, Any] = json.loads(out)
        return counters

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        for receiver in self.receivers:
            receiver.close()


@pytest.fixture
def start(tmp_path: Path, make_ready_fifo: MakeFifo, feed_ports: tuple[int, int]) -> Iterator[Start]:
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        started.append(Process(make_ready_fifo(tmp_path / "ready"), tmp_path / "log", feed_ports, arguments))
        return started[-1]

    yield start
    for process in started:
        process.close()


def receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """The next packet that is no heartbeat."""
    while True:
        head = _exactly(connection, 3)
        payload = _exactly(connection, int.from_bytes(head[:2], "big") - 1)
        if head[2:] != b"H":
            return head[2:], payload


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, "the server closed"
        data += piece
    return data


def enter(ref: int, side: bytes, shares: int, price: int) -> bytes:
    body = struct.pack(">cIcI8sQ5s14sH", b"O", ref, side, shares, b"MSFT    ", price, b"0YPNN", b"ID".ljust(14), 0)
    return packet(b"U", body)


def test_clients_alone(start: Start) -> None:
    running = start("--no-flow", "--symbols=AAPL,MSFT", "--login=A:pa:FA", "--login=B:pb:FB", "--session=S1")
    ready = running.ready
    assert ready["pid"] == running.process.pid
    assert ready["session"] == "S1"
    assert ready["symbols"] == ["AAPL", "MSFT"]
    assert ready["ouch"] | {"port": 0} == {"host": "127.0.0.1", "port": 0, "user": "A", "password": "pa", "firm": "FA"}
    assert ready["feed_a"] | {"port": 0} == {"group": "239.20.8.1", "port": 0, "interface": "127.0.0.1"}
    with running.log_in("A", "pa") as seller, running.log_in("B", "pb") as buyer:
        for connection in (seller, buyer):
            assert receive(connection)[0] == b"A"
            assert receive(connection)[1][:1] == b"S", "start of day"
        seller.sendall(enter(1, b"S", 100, 1_600_000))
        assert receive(seller)[1][:1] == b"A"
        buyer.sendall(
            enter(1, b"B", 150, 1_600_000) + enter(2, b"B", 0, 1) + packet(b"U", struct.pack(">cII", b"X", 1, 120))
        )
        assert [receive(buyer)[1][:1] for _ in range(4)] == [b"A", b"E", b"J", b"C"]
        assert receive(seller)[1][:1] == b"E"
        counters = running.stop()
        closed, end_of_day, end = (receive(buyer) for _ in range(3))
        assert (closed[1][:1], closed[1][13:18]) == (b"C", b"\0\0\0\x14E"), "20 shares of a day order, closed"
        assert (end_of_day[1][9:], end) == (b"E", (b"Z", b""))
    want = {"received": 4, "accepted": 2, "rejected": 1, "executed_shares": 200, "cancelled": 50}
    assert {name: counters[name] for name in want} == want
    assert counters["by_login"]["A"] == {
        "received": 1,
        "accepted": 1,
        "rejected": 0,
        "executed_shares": 100,
        "cancelled": 0,
        "prevented": 0,
        "added_shares": 100,
        "removed_shares": 0,
        "fees": -2_000,
    }
    messages, _ = running.session(0)
    assert running.session(1)[0] == messages
    assert "".join(chr(data[0]) for data in messages) == "SRHYRHYSSAEAXSDSS"
    assert counters["feed"]["messages"] == len(messages)
    assert json.loads((running.log_dir / "counters.json").read_text()) == counters
    books = json.loads((running.log_dir / "books.json").read_text())
    assert books["sequence"] == len(messages)
    assert books["books"]["MSFT"] == {"bids": [], "asks": []}
    lines = (running.log_dir / "orders.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["dir"] == "in" for line in lines) == 4


def test_a_second_exchange_with_the_same_log_folder_is_refused_and_leaves_it_alone(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT", "--login=A:pa:FA", "--attribution")
    log = running.log_dir / "orders.jsonl"
    with running.log_in("A", "pa") as client:
        client.sendall(enter(1, b"S", 100, 1_600_000))
        assert [receive(client)[0] for _ in range(3)] == [b"A", b"S", b"S"]
        before = {path: path.read_bytes() for path in running.log_dir.iterdir()}
        assert before[log]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, f"--log-dir={running.log_dir}", "--attribution", "--ready-file=/dev/null"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert f"--log-dir {running.log_dir} is in use by another exchange; stop it, or give another" in done.stderr
        assert {path: path.read_bytes() for path in running.log_dir.iterdir()} == before
        client.sendall(enter(2, b"S", 100, 1_600_000))
        assert receive(client)[1][:1] == b"A"
    assert log.read_bytes().startswith(before[log])
    assert b"\0" not in log.read_bytes()


def test_replay_then_generated_flow_from_the_first_login(start: Start, real_slice: Path) -> None:
    running = start(f"--replay={real_slice}", "--speed=0.01", "--seconds=2", "--rate=400", "--start-on-login")
    got = mold.decode(running.receivers[0].recv(65_535))
    assert got == mold.Heartbeat(running.ready["session"], 1)
    with running.log_in("HFT1", "secret1") as client:
        assert receive(client)[0] == b"A"
        messages, _ = running.session(0)
        end = mold.EndOfSession(running.ready["session"], len(messages) + 1)
        assert mold.decode(running.receivers[0].recv(65_535)) == end, "repeated until SIGTERM"
        client.sendall(packet(b"O"))
        counters = running.stop()
    books = OrderBooks()
    for data in messages:
        books.apply(itch50.decode(data))
    assert books.unknown_references == counters["flow"]["replay"]["unknown_references"] == 394
    assert counters["flow"]["replay"]["messages"] == 1000
    assert counters["flow"]["generated"]["messages"] > 300
    own = json.loads((running.log_dir / "books.json").read_text())
    assert own["sequence"] == len(messages) == counters["feed"]["messages"]
    assert {symbol: books.view(symbol) for symbol in own["books"]} == own["books"]
    assert set(running.ready["symbols"]) == set(own["books"])
    assert len(own["books"]) == 201


def test_day_orders_end_with_the_day_and_nothing_is_taken_after_it(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT", "--seconds=0.5")
    with running.log_in("HFT1", "secret1") as client:
        receive(client), receive(client)
        client.sendall(enter(1, b"B", 100, 1_000_000))
        assert receive(client)[1][:1] == b"A"
        messages, _ = running.session(0)
        assert receive(client)[1][17:18] == b"E", "closed"
        assert receive(client)[1][9:] == b"E"
        client.sendall(enter(2, b"B", 100, 1_000_000))
        assert receive(client)[1][13:15] == b"\x00\x02"
    assert "".join(chr(data[0]) for data in messages) == "SRHYSSASDSS"
    assert running.stop()["cancelled"] == 100
    books = json.loads((running.log_dir / "books.json").read_text())
    assert books["books"]["MSFT"]["bids"] == []


def test_sigint_ends_a_day_that_never_began(start: Start) -> None:
    running = start("--start-on-login")
    running.process.send_signal(signal.SIGINT)
    out, _ = running.process.communicate(timeout=20)
    assert json.loads(out)["feed"]["messages"] == 0
    assert running.process.returncode == 0


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_ready_file_is_complete_while_the_exchange_serves_and_gone_after(tmp_path: Path, taken_over: bool) -> None:
    path = tmp_path / "ready.json"
    path.write_text("of another run")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--no-flow", "--session=S9", f"--ready-file={path}", "-v"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = b""
    try:
        while b"session S9 serves" not in said:
            assert select.select([process.stderr], [], [], 30)[0], said
            piece = os.read(process.stderr.fileno(), 1 << 16)
            assert piece, said
            said += piece
        ready = json.loads(path.read_text())
        assert list(tmp_path.iterdir()) == [path], "no draft is left"
        if taken_over:
            path.write_text("of a later run")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert (ready["pid"], ready["session"]) == (process.pid, "S9")
    assert process.returncode == 0
    assert [file.read_text() for file in tmp_path.iterdir()] == (["of a later run"] if taken_over else [])


def test_a_reset_connection_leaves_no_order(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT", "--cancel-on-disconnect=0.1", "--login=A:pa:FA", "--login=B:pb:FB")
    with running.log_in("A", "pa") as client:
        receive(client), receive(client)
        client.sendall(enter(1, b"B", 100, 1_000_000) + enter(2, b"S", 100, 2_000_000))
        assert [receive(client)[1][:1] for _ in range(2)] == [b"A", b"A"]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deletes = 0
    while deletes < 2:
        got = mold.decode(running.receivers[0].recv(65_535))
        deletes += sum(data[:1] == b"D" for data in got.messages) if isinstance(got, mold.Packet) else 0
    with running.log_in("A", "pa") as client:
        assert receive(client)[0] == b"A"
        stream = [receive(client)[1] for _ in range(5)]
        assert [message[:1] for message in stream] == [b"S", b"A", b"A", b"C", b"C"]
        assert {message[17:18] for message in stream[3:]} == {b"Z"}
    assert running.stop()["cancelled"] == 200
    books = json.loads((running.log_dir / "books.json").read_text())
    assert books["books"]["MSFT"] == {"bids": [], "asks": []}


def test_a_folder_is_no_ready_file_and_no_draft_stays(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    result = CliRunner().invoke(exchange, ["--no-flow", f"--ready-file={folder}"])
    assert result.exit_code == 2
    assert f"cannot write {folder}: it is a folder; give the path of a file in it" in result.stderr
    with pytest.raises(ServiceError, match=r"cannot write .*folder: Is a directory"):
        write_json(folder, {})
    assert list(tmp_path.iterdir()) == [folder]


def test_a_compressed_file_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "day.gz"
    path.write_bytes(gzip.compress(b"\0\0"))
    result = CliRunner().invoke(exchange, [f"--replay={path}"])
    assert result.exit_code == 2
    assert f"cannot replay {path}: compressed: gunzip it first" in result.stderr


def test_a_fifo_that_nobody_reads_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    result = CliRunner().invoke(exchange, ["--no-flow", f"--ready-file={path}"])
    assert result.exit_code == 2
    assert f"cannot write {path}: nobody reads from it; open it for reading first" in result.stderr
    assert path.is_fifo()


WRONG = {
    "no address": (["--bind=here"], "--bind 'here' is not an IPv4 address"),
    "not ours": (["--bind=192.0.2.1"], "from 192.0.2.1"),
    "no group": (["--feed-a=10.0.0.1:5"], "10.0.0.1 is not a multicast group"),
    "no endpoint": (["--feed-b=nonsense"], "--feed-b 'nonsense' is not a multicast endpoint"),
    "no port": (["--feed-b=239.1.1.1:0"], "port '0' is not 1 to 65535"),
    "same lines": (["--feed-a=239.1.1.1:5", "--feed-b=239.1.1.1:5"], "give each line its own"),
    "port": (["--ouch-port=70000"], "--ouch-port 70000 is out of range"),
    "file": (["--replay=/nonexistent/file"], "cannot replay /nonexistent/file: No such file"),
    "symbol": (["--symbols=AAPL,not a symbol"], "unknown symbol 'not a symbol'"),
    "login": (["--login=HFT1:secret"], "login 'HFT1:secret' is malformed: give USER:PASSWORD:FIRM"),
    "long user": (["--login=TOOLONG:secret:FIRM"], "USER 'TOOLONG' must be 1 to 6"),
    "same user": (["--login=A:a:A", "--login=a:b:B"], "--login A is given twice"),
    "speed": (["--speed=fast"], "--speed 'fast' is not a pace"),
    "speed nan": (["--speed=nan"], "--speed 'nan' is not a pace"),
    "speed inf": (["--speed=inf"], "--speed 'inf' is not a pace"),
    "speed negative": (["--speed=-1"], "--speed '-1' is not a pace"),
    "speed too small": (["--speed=1e-300"], "give a number from 0.000001 to 1000000"),
    "seconds": (["--seconds=-1"], "--seconds -1.0 is out of range: give a number from 0.001 to 86400"),
    "seconds nan": (["--seconds=nan"], "--seconds nan is out of range"),
    "seconds without end": (["--seconds=1e300"], "--seconds 1e+300 is out of range"),
    "rate negative": (["--rate=-1"], "--rate -1.0 is out of range: give a number from 0.001 to 1000000"),
    "rate too small": (["--rate=1e-300"], "--rate 1e-300 is out of range"),
    "grace": (["--cancel-on-disconnect=soon"], "--cancel-on-disconnect 'soon' is no time: give 0 to 86400 seconds, or"),
    "grace nan": (["--cancel-on-disconnect=nan"], "--cancel-on-disconnect 'nan' is no time"),
    "grace negative": (["--cancel-on-disconnect=-1"], "--cancel-on-disconnect '-1' is no time"),
    "rate": (["--rate=nan"], "--rate nan is out of range"),
    "session": (["--session=way too long"], "--session 'way too long' is malformed"),
    "contradiction": (["--no-flow", "--replay=x"], "contradict each other"),
    "ready file": (["--ready-file=/nonexistent/x"], "cannot write /nonexistent/x"),
    "venue": (["--venue=NYSE"], "--venue 'NYSE' is unknown: give NSDQ, BX, PSX"),
    "same venue": (["--venue=BX", "--venue=BX"], "--venue BX is given twice"),
    "universe": (["--universe=0"], "--universe 0 is out of range: give 1 to 65535"),
    "universe and symbols": (["--universe=5", "--symbols=AAPL"], "--symbols and --universe 5 contradict each other"),
    "day and file": (["--day", "--replay=x"], "--day and --replay x contradict each other"),
    "day without pace": (["--day", "--speed=max"], "give --speed a number"),
    "early close": (["--early-close"], "give --day too"),
    "skew": (["--skew-b=-1"], "--skew-b -1.0 is out of range"),
    "agent": (["--agent=dance"], "dance"),
    "agent's symbol": (["--agent=spoof:symbol=NONE"], "NONE"),
    "limits": (["--limits=/nonexistent/limits"], "/nonexistent/limits"),
    "journal": (["--journal=/proc/nowhere"], "cannot write to --journal /proc/nowhere"),
    "checks": (["--journal=/tmp", "--journal-checks=-1"], "--journal-checks -1 is out of range"),
    "glimpse port": (["--glimpse-port=99999"], "--glimpse-port 99999 is out of range"),
    "sync without journal": (["--journal-sync"], "give --journal too"),
    "checks without journal": (["--journal-checks=5"], "give --journal too"),
    "pace of nothing": (["--speed=10"], "--speed 10 is the pace of a replay or a day"),
    "options before a command": (["--seconds=1", "status"], "--seconds does not go with status"),
    "attribution without folder": (
        ["--attribution"],
        "--attribution is written to the folder of the logs: give --log-dir",
    ),
    "log folder": (["--log-dir=/proc/nowhere"], "cannot write to --log-dir /proc/nowhere"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_inputs_give_one_clear_line(name: str) -> None:
    arguments, text = WRONG[name]
    result = CliRunner().invoke(exchange, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert text in result.stderr


def test_a_port_in_use_and_a_file_that_is_not_itch(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(exchange, ["--no-flow", f"--ouch-port={port}"])
    assert (result.exit_code, f"cannot listen on 127.0.0.1:{port}: Address already in use" in result.stderr) == (
        2,
        True,
    )
    path = tmp_path / "file"
    path.write_bytes(b"\0\x03abc")
    result = CliRunner().invoke(exchange, [f"--replay={os.fspath(path)}"])
    assert result.exit_code == 2
    assert "message 1 is not ITCH 5.0" in result.stderr


def operate(running: Process, *arguments: str) -> tuple[int, str, str]:
    """Run an operator's command on a running exchange; its ready file is a FIFO, so a copy of it is used."""
    copy = running.log_dir / "ready.json"
    copy.write_text(json.dumps(running.ready))
    result = CliRunner().invoke(exchange, [arguments[0], f"--ready-file={copy}", *arguments[1:]])
    return result.exit_code, result.stdout, result.stderr


def test_an_operator_halts_and_resumes_a_symbol(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT")
    with running.log_in("HFT1", "secret1") as client:
        receive(client), receive(client)
        assert operate(running, "halt", "MSFT", "--reason=T2") == (0, "MSFT is halted (T2)\n", "")
        client.sendall(enter(1, b"B", 100, 1_000_000))
        assert receive(client)[1][13:15] == b"\x00\x07", "halted"
        assert operate(running, "quote", "MSFT")[0] == 0
        client.sendall(enter(2, b"B", 100, 1_000_000) + enter(3, b"S", 60, 990_000))
        assert [receive(client)[1][:1] for _ in range(2)] == [b"A", b"A"]
        code, out, _ = operate(running, "resume", "MSFT")
        assert (code, out) == (0, "MSFT trades again; 60 shares crossed\n")
        executions = [receive(client)[1] for _ in range(2)]
        assert {message[25:26] for message in executions} == {b"H"}, "halt cross"
        match = int.from_bytes(executions[0][26:34], "big")
        assert operate(running, "break", str(match))[0] == 0
        assert {receive(client)[1][:1] for _ in range(2)} == {b"B"}
    running.stop()
    messages, _ = running.session(0)
    kinds = "".join(chr(data[0]) for data in messages)
    assert kinds.startswith("SRHYSSHH")
    assert {"Q", "B"} <= set(kinds)


def test_a_wrong_command_is_answered_with_the_reason(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT")
    for arguments, text in (
        (("halt", "NONE"), "unknown symbol 'NONE': give one that is listed"),
        (("halt", "MSFT", "--reason=XX"), "reason 'XX' is unknown: give one of"),
        (("resume", "MSFT"), "MSFT trades already"),
        (("quote", "MSFT"), "halt it before its quotation period"),
        (("break", "7"), "no match 7"),
        (("halt", "MSFT", "--venue=BX"), "--venue 'BX' is not served: give NSDQ"),
        (("book", "NONE"), "NONE is not traded here"),
    ):
        code, out, err = operate(running, *arguments)
        assert (code, out) == (2, ""), arguments
        assert text in err


def test_the_book_in_the_terminal_is_that_of_the_exchange(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT")
    with running.log_in("HFT1", "secret1") as client:
        receive(client), receive(client)
        client.sendall(enter(1, b"B", 100, 1_000_000) + enter(2, b"S", 60, 1_000_100))
        receive(client), receive(client)
        code, out, _ = operate(running, "book", "MSFT", "--json")
        assert code == 0
        book = json.loads(out)["book"]
        assert book == {"bids": [[1_000_000, 100, 1]], "asks": [[1_000_100, 60, 1]]}
        assert "100.0000" in operate(running, "book", "MSFT", "--once")[1]
    status = json.loads(operate(running, "status", "--json")[1])
    assert status["venues"]["NSDQ"]["received"] == 2


@pytest.mark.parametrize("content", [None, "rubbish", "[]", "{}"])
def test_a_command_without_an_exchange_says_how_to_start_one(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ready"
    if content is not None:
        path.write_text(content)
    result = CliRunner().invoke(exchange, ["status", f"--ready-file={path}", "--wait=0"])
    assert result.exit_code == 2
    assert str(path) in result.stderr


def test_a_command_waits_for_an_exchange_that_is_still_starting(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    asking = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "status", f"--ready-file={path}", "--json"], stdout=subprocess.PIPE
    )
    serving = subprocess.Popen([sys.executable, "-c", PROGRAM, "--no-flow", "--session=S9", f"--ready-file={path}"])
    try:
        out, _ = asking.communicate(timeout=60)
        assert (asking.returncode, list(json.loads(out)["venues"])) == (0, ["NSDQ"])
    finally:
        serving.terminate()
        asking.kill()
        serving.wait(60)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[port.HFT9]\nmax_shares = 1", "port 'HFT9' is none of this session: give one of HFT1"),
        ("[firm.NONE]\nmax_shares = 1", "firm 'NONE' is none of this session: give one of HFTX"),
        ("[port.HFT1]\nrestricted_stocks = ['ZZZZ']", "symbol 'ZZZZ' is none of this session"),
        ("[adv]\nZZZZ = 1", "symbol 'ZZZZ' is none of this session"),
    ],
)
def test_limits_that_apply_to_nobody_are_refused(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    result = CliRunner().invoke(exchange, ["--no-flow", f"--limits={path}"])
    assert result.exit_code == 2
    assert error in result.stderr


@pytest.mark.parametrize("arguments", [("status",), ("halt", "MSFT"), ("book", "MSFT", "--once"), ("book", "MSFT")])
def test_a_command_to_an_exchange_that_is_gone_says_so(start: Start, arguments: tuple[str, ...]) -> None:
    running = start("--no-flow", "--symbols=MSFT")
    running.process.kill()
    running.process.communicate()
    code, out, err = operate(running, *arguments, "--wait=0")
    assert (code, out) == (2, "")
    assert f"(pid {running.process.pid}) does not answer: Connection refused; start it again" in err


def test_an_exchange_does_not_take_the_ready_file_of_another_one(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT")
    copy = running.log_dir / "ready.json"
    copy.write_text(json.dumps(running.ready))
    feeds = ["--feed-a=239.20.8.3:26411", "--feed-b=239.20.8.3:26412"]
    result = CliRunner().invoke(exchange, ["--no-flow", *feeds, f"--ready-file={copy}"])
    assert result.exit_code == 2
    assert (
        f"is the ready file of a running exchange (pid {running.process.pid}): stop it, or give another"
        in result.stderr
    )
    assert json.loads(copy.read_text()) == running.ready


@contextmanager
def life(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """An exchange from its start to `kill -9`."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def asked(*arguments: str) -> dict[str, Any]:
    """What an operator's command answers that follows the start of the exchange at once."""
    result = CliRunner().invoke(exchange, [*arguments, "--wait=60", "--json"])
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_killed_exchange_is_started_again_by_the_same_command(tmp_path: Path, feed_ports: tuple[int, int]) -> None:
    """The commands of docs/operations.md, "Crash and resume"."""
    ready = f"--ready-file={tmp_path / 'exchange.json'}"
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(5)]
        ports = [probe.getsockname()[1] for probe in probes]
    names = ("ouch", "rerequest", "glimpse", "drop-copy", "control")
    options = [f"--{name}-port={port}" for name, port in zip(names, ports, strict=True)]
    feeds = [f"--feed-{line}=239.20.8.5:{port}" for line, port in zip("ab", feed_ports, strict=True)]
    journal = f"--journal={tmp_path / 'j'}"
    command = [sys.executable, "-c", PROGRAM, journal, "--symbols=MSFT", *options, *feeds, ready]
    with life(command):
        asked("halt", "MSFT", ready)
    assert (tmp_path / "exchange.json").exists()
    with life(command) as second:
        status = asked("status", ready)
        assert json.loads((tmp_path / "exchange.json").read_text())["pid"] == second.pid
    assert status["resumed"]["inputs"] > 0
    assert status["resumed"]["state_hash"]
    assert status["venues"]["NSDQ"]["halted"] == ["MSFT"]


def test_several_venues_serve_side_by_side(start: Start) -> None:
    running = start("--no-flow", "--symbols=MSFT", "--venue=NSDQ", "--venue=PSX")
    venues = running.ready["venues"]
    assert list(venues) == ["NSDQ", "PSX"]
    assert venues["PSX"]["feed_a"]["port"] == venues["NSDQ"]["feed_a"]["port"] + 10
    assert venues["PSX"]["ouch"]["port"] != venues["NSDQ"]["ouch"]["port"]
    assert operate(running, "halt", "MSFT", "--venue=PSX")[0] == 0
    status = json.loads(operate(running, "status", "--json")[1])["venues"]
    assert (status["NSDQ"]["halted"], status["PSX"]["halted"]) == ([], ["MSFT"])
    assert set(running.stop()["venues"]) == {"NSDQ", "PSX"}


def test_a_start_that_fails_does_not_end_the_journalled_session(start: Start, tmp_path: Path) -> None:
    journal = f"--journal={tmp_path / 'journal'}"
    first = start("--no-flow", "--symbols=MSFT", journal)
    first.process.kill()
    first.process.communicate()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = CliRunner().invoke(exchange, ["--no-flow", "--symbols=MSFT", journal, f"--ouch-port={port}"])
    assert (failed.exit_code, "Address already in use" in failed.stderr) == (2, True)
    ready = tmp_path / "again"
    os.mkfifo(ready)
    again = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--no-flow", "--symbols=MSFT", journal, f"--ready-file={ready}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        status = send_command(json.loads(ready.read_text())["control"]["port"], {"do": "status"})
    finally:
        again.terminate()
        again.communicate(timeout=20)
    assert status["venues"]["NSDQ"]["system_event"] == "Q", "the market is still open"
