"""The store on a server: the same client and the same SQL over HTTP as in this process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from store import asof, fees
from store.client import connect
from store.errors import StoreError
from store.inserter import Inserted
from store.load import Wishes, load
from tests.store.http_engine import PASSWORD, USER
from tests.store.run_maker import RUN, make_run
from tests.store.test_load_alerts import alert, save
from tests.store.test_load_audit import write
from tests.store.test_store_inserter import trades

ROOT = Path(__file__).resolve().parents[2]
COMPARED = (
    *("messages", "l3_events", "quotes", "trades", "orders", "executions", "decisions", "latency", "counters"),
    "alerts",
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server's port."""
    folder = tmp_path_factory.mktemp("server") / "data"
    command = [sys.executable, "-m", "tests.store.http_engine", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def address(port: int, password: str = PASSWORD) -> str:
    """The server's address."""
    return f"clickhouse://{USER}:{quote(password, safe='')}@127.0.0.1:{port}"


def test_a_run_is_the_same_on_a_server_as_in_this_process(port: int, tmp_path: Path) -> None:
    make_run(tmp_path / "run", messages=200)
    save(tmp_path / "run", alert(1), alert(2))
    log = write(tmp_path / "audit.jsonl", 3)[0].hash
    frames = []
    for dsn in (address(port), f"chdb:{tmp_path / 'data'}"):
        with connect(dsn) as store:
            assert load(store, tmp_path / "run", Wishes(fees.read())).run == RUN
            again = load(store, tmp_path / "run", Wishes(fees.read()))
            assert {done.new for done in again.tables.values()} == {0}
            kept = [load(store, tmp_path / "audit.jsonl", Wishes(fees.read())).tables["audit"] for _ in range(2)]
            assert kept == [Inserted(3, 0), Inserted(0, 3)]
            tables = [*(store.table(name, RUN) for name in COMPARED), store.table("audit", log)]
            parameters = {"run": RUN, "venue": 0}
            tables.append(store.frame(f"SELECT * FROM ({asof.QUOTED_TRADES}) ORDER BY sequence", parameters))
            bars = "SELECT * FROM hftos.bars_1s WHERE run = {run:String} ORDER BY ALL"
            tables.append(store.frame(bars, {"run": RUN}))
            frames.append(tables)
    for ours, theirs in zip(*frames, strict=True):
        assert ours.equals(theirs)
        assert ours.height


def test_readers_cannot_change_a_server_either(port: int) -> None:
    with connect(address(port)) as store:
        assert store.insert("trades", trades("kept", [1, 2])) == Inserted(2, 0)
        assert store.insert("trades", trades("kept", [2, 3])) == Inserted(1, 1)
    with connect(address(port), readonly=True) as store:
        assert store.table("trades", "kept")["sequence"].to_list() == [1, 2, 3]
        with pytest.raises(StoreError, match="READONLY"):
            store.run("DROP TABLE hftos.trades")


def test_an_insert_whose_answer_is_lost_is_sent_again_and_done_once(port: int) -> None:
    with connect(address(port)) as store:
        store._client.headers["User-Agent"] = "drop"  # type: ignore[attr-defined]  # the server's cue to hang up
        assert store.insert("trades", trades("dropped", [1, 2, 3])) == Inserted(3, 0)
        assert store.table("trades", "dropped")["sequence"].to_list() == [1, 2, 3]
    with urlopen(f"http://127.0.0.1:{port}/dropped") as answer:
        assert answer.read() == b"1", "one insert was done and its answer lost"


def test_a_wrong_password_is_refused_and_not_shown(port: int) -> None:
    with pytest.raises(StoreError, match="Authentication failed") as caught:
        connect(address(port, "wrong-one"))
    assert "wrong-one" not in str(caught.value)
