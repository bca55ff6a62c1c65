"""What a finished run leaves in the store: one process at a time has it, and nobody sees its password."""

import asyncio
import fcntl
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from qemu import keeping
from qemu.budget import Budgets
from qemu.cli import run
from qemu.scenario import Scenario

SERVER = "clickhouse://desk:s3cret@127.0.0.1:9"


def test_a_store_that_another_process_has_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def store(scenario: Scenario, *arguments: str) -> keeping.Record:
        asked.append(arguments[0])
        if len(asked) < 3:
            return {"error": "hftos store load: the store in /store is in use by process 7: wait for it, or end it"}
        return {"loaded": []} if arguments[0] == "load" else {"counts": {}, "differences": []}

    monkeypatch.setattr(keeping, "_store", store)
    monkeypatch.setattr(keeping, "_RETRY_SECONDS", 0.0)
    found = asyncio.run(keeping.keep(Scenario(tmp_path / "run", store="chdb:/store")))
    assert asked == ["load", "load", "load", "counts"]
    assert found == {"dsn": "chdb:/store", "counts": {}, "differences": []}


def test_it_is_not_waited_for_without_end_and_its_own_words_are_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    scenario = Scenario(tmp_path / "run", store=f"chdb:{folder}", budgets=Budgets(store=0.0))
    scenario.prepare()
    with (folder / "hftos.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = asyncio.run(keeping.keep(scenario))
    (reason,) = keeping.reasons(found)
    assert "is in use by process" in reason


def test_a_password_is_in_no_list_of_processes_and_in_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that says what it was started with stands for Python."""
    told = tmp_path / "told"
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"open({str(told)!r}, 'a').write(json.dumps([sys.argv, os.environ.get('HFTOS_STORE')]) + '\\n')\n"
        'print(\'{"counts": {}, "differences": []}\')\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    found = asyncio.run(keeping.keep(Scenario(tmp_path / "run", store=SERVER)))
    started = [json.loads(line) for line in told.read_text().splitlines()]
    assert [address for _, address in started] == [SERVER, SERVER]
    assert all("s3cret" not in word for words, _ in started for word in words)
    assert found["dsn"] == "clickhouse://desk:…@127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--store", "postgres://somewhere"], "is no address of a store"),
        (["--store", "chdb:"], "names no folder"),
        (["--store", ""], "names no folder"),
        (["--store", f"chdb:{__file__}/store"], "is no folder"),
        (["--store", SERVER], "no ClickHouse at 127.0.0.1:9"),
        (["--store", "clickhouse://u:p@h:x"], "Port could not be cast"),
        (["--no-office", "--page-port", "9400"], "leave out --page-port and --store"),
        (["--no-office", "--store", "chdb:store"], "leave out --page-port and --store"),
    ],
)
def test_a_store_that_cannot_be_is_said_before_the_last_run_is_touched(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    last = tmp_path / "report.json"
    last.write_text("{}")
    result = CliRunner().invoke(run, [*arguments, "--no-build", "--dir", str(tmp_path)])
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert "s3cret" not in result.output
    assert last.read_text() == "{}"


def test_a_store_may_begin_where_there_is_none(tmp_path: Path) -> None:
    keeping.check(str(tmp_path / "new" / "store"))
    assert not list(tmp_path.iterdir())


def test_the_audit_log_beside_the_run_is_loaded_and_a_refusal_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    async def store(scenario: Scenario, *arguments: str) -> keeping.Record:
        asked.append(arguments)
        if arguments[1].endswith(".jsonl"):
            return {"error": "hftos store load: the log is not as it was written"}
        return {"loaded": []} if arguments[0] == "load" else {"counts": {}, "differences": []}

    monkeypatch.setattr(keeping, "_store", store)
    scenario = Scenario(tmp_path / "run", store="chdb:/store")
    assert keeping.reasons(asyncio.run(keeping.keep(scenario))) == []
    scenario.audit_log.parent.mkdir()
    scenario.audit_log.touch()
    found = asyncio.run(keeping.keep(scenario))
    assert asked[-1] == ("load", str(tmp_path / "audit" / "audit.jsonl"))
    assert [arguments[0] for arguments in asked] == ["load", "counts", "load", "counts", "load"]
    assert "counts" in found, "the run is in the store all the same"
    assert keeping.reasons(found) == [
        "the audit log is not in the store: hftos store load: the log is not as it was written"
    ]


def test_what_came_after_an_early_stop_is_no_difference_but_anything_else_is() -> None:
    def kept(capture: int, telemetry: int, store: int, *others: str) -> dict[str, object]:
        sides = {"capture": capture, "journal": None, "telemetry": telemetry, "store": store}
        text = f"messages: capture {capture}, telemetry {telemetry}, store {store}"
        return {"counts": {name: {"messages": n} for name, n in sides.items()}, "differences": [text, *others]}

    later = keeping.without_what_came_later
    assert keeping.reasons(later(kept(1306, 1281, 1306))) == []
    assert len(keeping.reasons(later(kept(1306, 1281, 1306, "orders: journal 3, store 2")))) == 1
    assert len(keeping.reasons(later(kept(1281, 1306, 1281)))) == 1, "the trader saw what nobody sent"
    assert len(keeping.reasons(later(kept(1306, 1281, 1300)))) == 1, "the store lacks some"
    assert later({"error": "no store"}) == {"error": "no store"}
