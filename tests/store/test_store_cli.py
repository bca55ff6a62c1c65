"""`hftos store` as it is used: each command, what it prints, and errors in one line."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hftos.cli import main
from store import schema
from store.audit import AuditLog
from store.tables import RUN_TABLES
from tests.store.feed_maker import flow, lines, write_capture
from tests.store.run_maker import RUN, make_run

SAMPLE = Path(__file__).parents[1] / "data/12302019_SNIPPET.NASDAQ_ITCH50"
DOCS = Path(__file__).parents[2] / "docs/store.md"


def run(*arguments: object, dsn: Path | None = None, code: int = 0) -> Result:
    """Run a command; its status must be the one given, and no error a traceback."""
    extra = [] if dsn is None else ["--dsn", str(dsn)]
    result = CliRunner().invoke(main, ["store", *map(str, arguments), *extra])
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run and the sample file."""
    folder = tmp_path_factory.mktemp("cli")
    make_run(folder / "run")
    run("load", folder / "run", SAMPLE, dsn=folder / "data")
    return folder / "data"


def test_load_says_what_was_added_and_what_was_there(dsn: Path) -> None:
    found = json.loads(run("load", dsn.parent / "run", SAMPLE, "--json", dsn=dsn).stdout)
    assert [loaded["run"] for loaded in found] == [RUN, "12302019_SNIPPET"]
    assert found[1]["tables"]["l3_events"] == {"new": 0, "known": 995}
    shown = run("load", SAMPLE, dsn=dsn).stdout
    assert "run 12302019_SNIPPET" in shown
    assert "messages 1,000, unknown references 399" in shown


def test_a_capture_of_its_own_is_loaded_under_a_name_given(dsn: Path, tmp_path: Path) -> None:
    path = tmp_path / "line.pcap"
    write_capture(path, lines(flow(30, 2), 2))
    found = json.loads(run("load", path, "--run", "mine", "--json", dsn=dsn).stdout)
    assert found[0]["run"] == "mine"
    assert run("forget", "mine", dsn=dsn).stdout == "run mine is no longer in the store\n"
    assert "no run is called mine: `hftos store runs` lists them" in run("forget", "mine", dsn=dsn, code=1).output


def test_runs_and_counts(dsn: Path) -> None:
    found = json.loads(run("runs", "--json", dsn=dsn).stdout)
    assert [row["run"] for row in found] == ["12302019_SNIPPET", RUN]
    assert found[0]["first"].startswith("2019-12-30T14:30:00.000000"), "market opens at 9:30 in New York"
    counts = json.loads(run("counts", "--run", RUN, "--json", dsn=dsn).stdout)
    assert {row["table"]: row["rows"] for row in counts}["executions"] == 2
    assert "no run is called nobody" in run("counts", "--run", "nobody", dsn=dsn, code=1).output


def test_counts_of_a_folder_compare_all_sides(dsn: Path) -> None:
    folder = dsn.parent / "run"
    found = json.loads(run("counts", folder, "--json", dsn=dsn).stdout)
    assert found["differences"] == []
    assert found["counts"]["store"] == found["counts"]["telemetry"]
    assert "executions" in run("counts", folder, dsn=dsn).stdout
    other = run("counts", folder, "--run", "12302019_SNIPPET", dsn=dsn, code=1).output
    assert "they differ: messages: capture 404, telemetry 404, store 0; orders: " in other


def test_query_reads_with_parameters_and_changes_nothing(dsn: Path) -> None:
    sql = "SELECT symbol, t FROM hftos.trades WHERE run = {run:String} AND price = {price:UInt32}"
    found = json.loads(run("query", sql, "-p", "run=12302019_SNIPPET", "-p", "price=78800", "--json", dsn=dsn).stdout)
    assert found == [{"symbol": "AKTS", "t": "2019-12-30T14:30:00.001610795"}]
    assert "AKTS" in run("query", sql, "-p", "run=12302019_SNIPPET", "-p", "price=78800", dsn=dsn).stdout
    for statement, wrong in (
        ("DROP TABLE hftos.trades", "READONLY"),
        ("SELECT nothing FROM hftos.trades", "UNKNOWN_IDENTIFIER"),
        ("SELEC", "SYNTAX_ERROR"),
        (sql, "run"),
    ):
        output = run("query", statement, dsn=dsn, code=1).output
        assert output.startswith("Error: ClickHouse refused: ")
        assert wrong in output
        assert output.count("\n") == 1
    assert "--param run: give NAME=VALUE" in run("query", "SELECT 1", "-p", "run", dsn=dsn, code=2).output
    run("query", "INSERT INTO hftos.states (run, number, t, text) VALUES ('w', 1, 1, 'x')", "--write", dsn=dsn)
    assert json.loads(run("query", "SELECT text FROM hftos.states WHERE run = 'w'", "--json", dsn=dsn).stdout) == [
        {"text": "x"}
    ]
    run("forget", "w", dsn=dsn)


def test_export_writes_parquet_that_others_read(dsn: Path, tmp_path: Path) -> None:
    found = json.loads(run("export", "--run", RUN, "--out", tmp_path / "out", "--json", dsn=dsn).stdout)
    assert set(found["rows"]) == set(RUN_TABLES)
    for name, rows in found["rows"].items():
        frame = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert (frame.height, frame.columns) == (rows, list(RUN_TABLES[name].names))
    assert pl.read_parquet(tmp_path / "out/orders.parquet")["t"].dtype == pl.Datetime("ns", "UTC")
    assert "orders.parquet" in run("export", "--run", RUN, "--out", tmp_path, "--table", "orders", dsn=dsn).stdout
    for arguments, wrong in (
        (("--run", "nobody"), "no run is called nobody"),
        (("--run", RUN, "--table", "fills"), "no table of runs is called fills: the tables are messages, "),
        (("--run", RUN, "--out", SAMPLE / "x"), "give another --out"),
    ):
        assert wrong in run("export", *arguments, dsn=dsn, code=1).output


def test_schema_is_printed_without_a_store(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    assert "CREATE TABLE IF NOT EXISTS hftos.l3_events" in run("schema").stdout
    assert "TTL toDateTime(t) + INTERVAL 30 DAY" in run("schema", "--keep", 30).stdout
    assert json.loads(run("schema", "--json").stdout)["orders"]["key"] == ["run", "number"]
    assert not missing.exists()


def test_the_page_has_the_tables_as_they_are() -> None:
    assert schema.documentation() in DOCS.read_text(encoding="utf-8")
    assert run("schema", "--markdown").stdout == schema.documentation()


def test_keep_says_how_long(dsn: Path) -> None:
    assert run("keep", "states", 30, dsn=dsn).stdout == "states: rows are kept 30 days\n"
    assert run("keep", "states", 0, dsn=dsn).stdout == "states: rows are kept for ever\n"
    assert "'fills' is not one of" in run("keep", "fills", 30, dsn=dsn, code=2).output


def test_what_cannot_be_loaded_is_named(dsn: Path, tmp_path: Path) -> None:
    files = {
        "empty.itch": (b"", "is empty: give a BinaryFILE of ITCH 5.0 messages or a capture"),
        "text.itch": (b"hello, world", "is no BinaryFILE of ITCH 5.0 messages, and no capture"),
        "01302020.gz": (b"\x1f\x8b\x08\x00", "is compressed: gunzip it first"),
        "undated.itch": (SAMPLE.read_bytes(), "says no day, and ITCH counts from midnight: give --date YYYY-MM-DD"),
        "01302020.itch": (SAMPLE.read_bytes() + b"\0\0more", "goes on after its end record, at offset 35572"),
    }
    for name, (data, wrong) in files.items():
        (tmp_path / name).write_bytes(data)
        output = run("load", tmp_path / name, dsn=dsn, code=1).output
        assert wrong in output
        assert output.count("\n") == 1, output
    run("forget", "01302020", dsn=dsn)
    assert "is not there: give a run's folder" in run("load", tmp_path / "none", dsn=dsn, code=1).output
    assert "holds no run" in run("load", tmp_path, dsn=dsn, code=1).output
    assert "--run names one run" in run("load", SAMPLE, SAMPLE, "--run", "x", dsn=dsn, code=2).output
    dated = json.loads(run("load", tmp_path / "undated.itch", "--date", "2020-07-01", "--json", dsn=dsn).stdout)
    assert dated[0]["run"] == "undated"
    first = json.loads(run("runs", "--json", dsn=dsn).stdout)
    assert [row["first"][:13] for row in first if row["run"] == "undated"] == ["2020-07-01T13"], "summer time"
    run("forget", "undated", dsn=dsn)


def test_a_file_that_ends_inside_a_message_is_loaded_so_far(dsn: Path, tmp_path: Path) -> None:
    (tmp_path / "12302019.itch").write_bytes(SAMPLE.read_bytes()[:-5])
    found = json.loads(run("load", tmp_path / "12302019.itch", "--run", "cut", "--json", dsn=dsn).stdout)
    assert found[0]["counts"]["messages"] == 999
    assert found[0]["counts"]["cut"] > 0
    run("forget", "cut", dsn=dsn)


def test_an_audit_log_is_loaded_by_its_path_and_is_of_no_run(tmp_path: Path) -> None:
    path, data = tmp_path / "audit.jsonl", tmp_path / "data"
    with AuditLog(path) as log:
        first = log.append(who="ann", role="risk", action="kill", subject="hft1")
    shown = run("load", path, dsn=data).stdout
    assert shown.startswith(f"audit log {first.hash}\n")
    assert shown.endswith("records 1\n")
    sql = "SELECT who, action FROM hftos.audit WHERE log = {log:String}"
    found = run("query", sql, "-p", f"log={first.hash}", "--json", dsn=data).stdout
    assert json.loads(found) == [{"who": "ann", "action": "kill"}]
    for command in ("runs", "counts"):
        assert json.loads(run(command, "--json", dsn=data).stdout) == []
    assert "is of no run: leave out --run x" in run("load", path, "--run", "x", dsn=data, code=1).output
    path.write_bytes(path.read_bytes().replace(b"ann", b"bob"))
    output = run("load", path, dsn=data, code=1).output
    assert "changed at byte 0" in output
    assert output.count("\n") == 1
    for file in tmp_path.glob("audit.jsonl*"):
        file.unlink()
    with AuditLog(path) as log:
        log.append(who="ann", role="risk", action="kill", subject="hft1")
    assert "says so with --new-log" in run("load", path, dsn=data, code=1).output
    assert "audit log " in run("load", path, "--new-log", dsn=data).stdout
