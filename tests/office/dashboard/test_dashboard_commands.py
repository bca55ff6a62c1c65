"""`hftos office serve|demo|user`, the page's build, and the recording that comes with the program."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect
from websockets.typing import Origin

from office.cli import office
from office.dashboard import build, demo
from office.dashboard.assets import FOLDER, Assets, AssetsError
from office.dashboard.hub import Hub
from office.dashboard.reader import Reader
from office.dashboard.serve import ServeError, Settings, listener
from protocols import management as m
from protocols.management_files import MAGIC

HFTOS = Path(sys.executable).with_name("hftos")
PASSWORD = "a long enough password\n"


def run(*arguments: str | Path, stdin: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(office, list(map(str, arguments)), input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_users_are_added_listed_and_removed(tmp_path: Path) -> None:
    users = ["--users", str(tmp_path / "users.toml")]
    assert run("user", "add", "ann", "--role", "risk", "--password-stdin", *users, stdin=PASSWORD) == (
        0,
        "ann: added, role risk\n",
    )
    status, out = run("user", "add", "ann", "--role", "viewer", *users, stdin=2 * PASSWORD)
    assert status == 0 and out.endswith("ann: changed, role viewer\n")
    status, out = run("user", "list", "--json", *users)
    assert json.loads(out) == [{"name": "ann", "role": "viewer"}]
    assert run("user", "remove", "ann", *users) == (0, "ann: removed\n")
    status, out = run("user", "list", *users)
    assert status == 0 and "no users in" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["user", "add", "Ann", "--role", "risk", "--password-stdin"], "'Ann' is no user name"),
        (["user", "add", "ann", "--role", "king"], "'king' is not one of"),
        (["user", "remove", "bob"], "there is no user 'bob'"),
        (["serve"], "hftos office user add"),
        (["serve", "--bind", "nowhere"], "must be an address and a port"),
        (["serve", "--bind", "127.0.0.1:99999"], "must be an address and a port"),
        (["serve", "--bind", "0.0.0.0:0"], "give --tls-cert and --tls-key"),
        (["serve", "--bind", "localhost:0"], "is no address"),
        (["serve", "--tls-cert", "x"], "give both --tls-cert and --tls-key"),
        (["serve", "--tls-cert", "x", "--tls-key", "y"], "x does not exist"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_with_the_remedy(tmp_path: Path, arguments: list[str], said: str) -> None:
    status, out = run(*arguments, "--users", tmp_path / "users.toml", stdin=PASSWORD)
    assert status != 0
    assert said in out
    assert "Traceback" not in out


@pytest.mark.parametrize("speed", ["nan", "inf", "0"])
def test_a_speed_is_a_number_in_its_range(speed: str) -> None:
    status, out = run("demo", "--speed", speed)
    assert status == 2 and "--speed" in out


def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    with listener(Settings(tmp_path, port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServeError, match=f"127.0.0.1:{port} cannot be had: .*give another --bind"):
            listener(Settings(tmp_path, port=port))


def test_a_page_that_is_not_built_says_how(tmp_path: Path) -> None:
    with pytest.raises(AssetsError, match="run make setup"):
        Assets(tmp_path)


def test_a_short_metrics_token_is_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("short\n")
    status, out = run("serve", "--metrics-token-file", token, "--users", tmp_path / "users.toml")
    assert status == 1 and "needs 16 characters" in out


@pytest.mark.parametrize("content", [b"\xef" * 32, b"token-of-prom\xc3\xa9theus", b"token-of-prometheus\nand another"])
def test_a_metrics_token_that_no_header_can_carry_is_refused(tmp_path: Path, content: bytes) -> None:
    token = tmp_path / "token"
    token.write_bytes(content)
    status, out = run("serve", "--metrics-token-file", token, "--users", tmp_path / "users.toml")
    assert status == 1 and f"{token}: the token for /metrics needs 16 characters of ASCII" in out.replace("\n", " ")


def test_a_certificate_that_cannot_be_used_is_named_before_anything_is_served(tmp_path: Path) -> None:
    certificate, key, other = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "other.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=office"]
    subprocess.run([*make, "-nodes", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    subprocess.run(
        [*make, "-passout", "pass:secret", "-keyout", other, "-out", tmp_path / "x"], check=True, capture_output=True
    )
    Settings(tmp_path, certificate=certificate, key=key).check()
    with pytest.raises(ServeError, match=r"other\.pem is encrypted: give a key without a password"):
        Settings(tmp_path, certificate=certificate, key=other).check()
    with pytest.raises(ServeError, match=r"cert\.pem and .*cert\.pem cannot be used: .*give a certificate and its key"):
        Settings(tmp_path, certificate=certificate, key=certificate).check()


def test_the_packages_of_the_page_are_locked_by_hash_and_name_no_host() -> None:
    lock = json.loads((build.SOURCES / "package-lock.json").read_text())
    wanted = json.loads((build.SOURCES / "package.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert "http" not in json.dumps([entry.get("resolved") for entry in packages.values()])
    for group in ("dependencies", "devDependencies"):
        for name, version in wanted[group].items():
            assert packages[f"node_modules/{name}"]["version"] == version


def test_the_page_is_built_once_for_the_same_sources() -> None:
    build.build()
    before = (FOLDER / "index.html").stat().st_mtime_ns
    assert build.build() is False
    assert (FOLDER / "index.html").stat().st_mtime_ns == before
    assert not build.fresh(build.digest(build.SOURCES) + "x")


def test_a_change_of_a_source_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text("one")
    first = build.digest(tmp_path)
    (tmp_path / "a.ts").write_text("two")
    second = build.digest(tmp_path)
    (tmp_path / "a.ts").rename(tmp_path / "b.ts")
    assert len({first, second, build.digest(tmp_path)}) == 3


def test_the_recording_that_comes_with_the_program_is_of_a_server_that_trades() -> None:
    frames, hub = demo.load(None), Hub()
    assert demo.RECORDING.stat().st_size < 1_000_000
    for raw in frames:
        hub.take(*raw)
    names = {table.table.name: len(table) for table in hub.tables.values()}
    assert min(names[name] for name in ("books", "orders", "fills", "positions", "counters", "latency")) > 0
    (server,) = hub.servers.values()
    assert (server.damaged, server.lost, hub.blotter.unknown) == (0, 0, 0)


def test_a_run_is_saved_as_a_recording_and_loads_again(tmp_path: Path) -> None:
    hello = m.Hello(version=1, session=0xA1, journal=0xB2, ticks_per_second=10**9, host="hft1")
    frames = [
        m.Frame(m.CONTROL, 0, 1, hello),
        m.Frame(m.LIVE, 1, 2, m.State(body=b"connecting")),
        m.Frame(m.LIVE, 2, 10**9, m.State(body=b"trading")),
        m.Frame(m.LIVE, 3, 2 * 10**9, m.Stats(body=b'{"strategies": {"0:market_maker": {}}}')),
        m.Frame(m.LIVE, 4, 3 * 10**9, m.Stats(body=b"not JSON")),
        m.Frame(m.LIVE, 5, 99 * 10**9, m.State(body=b"too late")),
    ]
    folder = tmp_path / f"{0xA1:016x}"
    folder.mkdir()
    (folder / "live.bin").write_bytes(MAGIC + b"".join(frame.encode() for frame in frames))
    path = tmp_path / "recording.gz"
    status, _ = run("demo", tmp_path, "--save", path)
    assert status == 0
    kept = [(raw.session, raw.number, raw.message[:1]) for raw in demo.load(path)]
    assert kept == [(0xA1, 0, b"H"), (0xA1, 1, b"S"), (0xA1, 2, b"V")]


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00damaged"])
def test_a_recording_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recording.gz"
    path.write_bytes(content)
    status, out = run("demo", path)
    assert status == 1 and "recording.gz" in out and "Traceback" not in out
    status, out = run("demo", tmp_path)
    assert status == 1 and "has no frames of the management stream" in out


def test_the_demo_serves_what_it_plays_and_ends_by_sigterm(watching: Callable[..., float]) -> None:
    build.build()
    command = [str(HFTOS), "office", "demo", "--bind", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        origin = ready["url"].rstrip("/")
        body = json.dumps({"user": "risk", "password": ready["password"]}).encode()
        headers = {"Content-Type": "application/json", "Origin": origin}
        login = urllib.request.Request(f"{origin}/api/login", body, headers)
        with urllib.request.urlopen(login) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        scrape = urllib.request.Request(f"{origin}/metrics", headers={"Cookie": cookie})
        address = f"ws://{origin.partition('//')[2]}/stream"
        with connect(address, origin=Origin(origin), additional_headers={"Cookie": cookie}, proxy=None) as page:
            watching(page, Reader(), lambda reader: any(row["open"] for row in reader.tables["servers"].values()), 10)
        with urllib.request.urlopen(scrape) as answer:
            assert 'hftos_server_up{host="hft1"} 1.0' in answer.read().decode()
        os.kill(ready["pid"], signal.SIGTERM)
        assert process.wait(15) == 0
