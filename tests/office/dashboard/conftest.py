"""A page's server on a real socket, with users, an audit log, and a kill switch that writes down who pulled it."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from websockets.sync.client import ClientConnection, connect

from office.commands import CommandError
from office.dashboard.app import create
from office.dashboard.assets import Assets
from office.dashboard.desk import Desk
from office.dashboard.hub import Hub
from office.dashboard.limits import Limits
from office.dashboard.reader import Reader
from office.dashboard.serve import Settings, listener, server
from office.dashboard.sessions import Sessions
from office.dashboard.stream import Clocks
from office.dashboard.users import Users
from protocols import management as m
from store.audit import AuditLog, AuditRecord
from store.audit.verify import records

PASSWORD = "a long enough password"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SESSION, JOURNAL, T0 = 0xA1, 0xB2, 1_700_000_000_000_000_000


@dataclass
class Switch:
    """The kill switch: who pulled it; `fails` says why it cannot be pulled."""

    pulled: list[str] = field(default_factory=list)
    fails: str = ""

    def kill(self, who: str) -> int:
        if self.fails:
            raise CommandError(self.fails)
        self.pulled.append(who)
        return 1


@dataclass
class Alerts:
    """One alert."""

    state: str = "open"
    who: str = ""

    def alerts(self) -> list[dict[str, Any]]:
        return [
            {"id": "a1", "rule": "spoofing", "severity": "high", "t": T0, "text": "AAPL: 4 orders pulled in 80 ms",
             "evidence": "orders 1 2 3 4", "state": self.state, "who": self.who}
        ]  # fmt: skip

    def acknowledge(self, alert: str, who: str) -> None:
        if alert != "a1":
            raise KeyError(alert)
        self.state, self.who = "acknowledged", who


class Page:
    """A served page and what is behind it."""

    def __init__(self, folder: Path, assets: Assets, request_seconds: float = 10.0) -> None:
        self.hub, self.switch, self.source = Hub(), Switch(), Alerts()
        self.users = Users(folder / "users.toml", HASHER)
        self.audit = folder / "audit.jsonl"
        self.log = AuditLog(self.audit)
        sessions = Sessions(self.users.find)
        desk = Desk(self.hub, self.users, sessions, self.log, self.switch.kill, self.source, "token-of-prometheus")
        self.desk = desk
        self.clocks = Clocks(time.monotonic_ns, time.time_ns)
        self.app = create(desk, assets, self.clocks, hosts=["127.0.0.1"])
        self.before = 0
        self.lines: list[str] = []
        told = threading.Event()

        def ready(line: str) -> None:
            self.lines.append(line)
            told.set()

        settings = Settings(folder, port=0, request_seconds=request_seconds, ready=ready)
        self._server = server(self.app, settings)
        self._socket = listener(settings)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        assert told.wait(10)
        self.url = json.loads(self.lines[0])["url"]
        self.origin = self.url.rstrip("/")
        self.host = self.origin.removeprefix("http://")
        self.reset()

    def reset(self) -> None:
        """Forget what a test has done."""
        for role in ("viewer", "trader", "risk"):
            self.users.add(role, role, PASSWORD)
        self.switch.pulled.clear()
        self.switch.fails = ""
        self.source.state, self.source.who = "open", ""
        self.app.state.office.limits = Limits.usual()
        self.before = len(list(records(self.audit)))

    def greet(self, host: str = "hft1") -> None:
        hello = m.Hello(version=1, session=SESSION, journal=JOURNAL, ticks_per_second=10**9, host=host)
        self.hub.take(SESSION, m.CONTROL, 0, T0, hello.encode())

    def request(
        self, method: str, path: str, body: Any = None, cookie: str = "", source: str = "127.0.0.1", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=10, source_address=(source, 0))
        sent = {"Origin": self.origin, "Content-Type": "application/json", "Cookie": cookie}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        connection.request(method, path, content, {name: value for name, value in sent.items() if value})
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def login(self, user: str, password: str = PASSWORD) -> str:
        """The cookie of a new session."""
        status, headers, body = self.request("POST", "/api/login", {"user": user, "password": password})
        assert status == 204, body
        return headers["set-cookie"].partition(";")[0]

    def watch(self, cookie: str, origin: str | None = None, **options: Any) -> ClientConnection:
        headers = {"Cookie": cookie} if cookie else {}
        address = f"ws://{self.host}/stream"
        return connect(address, origin=origin or self.origin, additional_headers=headers, proxy=None, **options)  # type: ignore[arg-type]

    def actions(self) -> list[tuple[str, str, str]]:
        """Who, action, subject: what the audit log has."""
        return [(record.who, record.action, record.subject) for record in self.records()]

    def records(self) -> list[AuditRecord]:
        """The same as records."""
        return list(records(self.audit))[self.before :]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        self.log.close()


def read_until(
    socket: ClientConnection, reader: Reader, enough: Callable[[Reader], bool], seconds: float = 5.0
) -> float:
    """Read and acknowledge frames until they show something; gives the seconds it took."""
    began = time.monotonic()
    while not enough(reader):
        assert time.monotonic() - began < seconds, reader.tables
        frame = socket.recv(timeout=seconds)
        if isinstance(frame, bytes):
            socket.send(json.dumps({"ack": reader.apply(frame).number}))
    return time.monotonic() - began


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as Vite leaves one."""
    folder = tmp_path_factory.mktemp("web")
    (folder / ".vite").mkdir(parents=True)
    (folder / "assets").mkdir()
    manifest = {
        "index.html": {"file": "assets/index-1.js", "imports": ["_shared"]},
        "login.html": {"file": "assets/login-1.js", "imports": ["_shared"], "css": ["assets/login-1.css"]},
        "_shared": {"file": "assets/shared-1.js"},
    }
    (folder / ".vite/manifest.json").write_text(json.dumps(manifest))
    for name in ("index.html", "login.html", "assets/index-1.js", "assets/login-1.js", "assets/login-1.css"):
        (folder / name).write_text(f"content of {name}\n" * 20)
    (folder / "assets/shared-1.js").write_text("shared")
    return folder


@pytest.fixture(scope="module")
def serve() -> type[Page]:
    """`Page`, to serve one of one's own."""
    return Page


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, built: Path) -> Iterator[Page]:
    """A served page without a browser, one for all tests of a module."""
    found = Page(tmp_path_factory.mktemp("office"), Assets(built))
    yield found
    found.close()


@pytest.fixture
def page(served: Page) -> Page:
    """The served page as it was in the beginning, but for its old sessions."""
    served.reset()
    return served


@pytest.fixture
def watching() -> Callable[..., float]:
    """`read_until`."""
    return read_until
