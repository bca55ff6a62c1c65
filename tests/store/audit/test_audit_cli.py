"""`hftos audit`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from store.audit import AuditLog
from store.audit.cli import audit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, lambda: 1_700_000_000_123_000_000) as log:
        log.append(who="ann", role="risk", action="kill", subject="hft1", detail={"why": "test"})
        log.append(who="bob", role="viewer", action="login.failed")
    return path


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(audit, [str(one) for one in arguments])
    return done.exit_code, done.output


def test_show_filters_and_judges(path: Path) -> None:
    status, text = run("show", "--log", path.parent)
    assert status == 0
    assert "2023-11-14" in text
    assert "as it was written" in text
    status, text = run("show", "--log", path, "--who", "ann", "--json")
    shown = json.loads(text)
    assert [(one["who"], one["subject"], one["detail"]) for one in shown["records"]] == [
        ("ann", "hft1", {"why": "test"})
    ]
    assert shown["verdict"]["ok"] is True
    assert len(json.loads(run("show", "--log", path, "--action", "login", "--json")[1])["records"]) == 1
    assert len(json.loads(run("show", "--log", path, "--last", "1", "--json")[1])["records"]) == 1


def test_verify_prints_an_anchor_and_takes_one(path: Path) -> None:
    status, text = run("verify", "--log", path, "--json")
    assert status == 0
    anchor = json.loads(text)["anchor"]
    assert run("verify", "--log", path, "--anchor", anchor)[0] == 0
    status, text = run("verify", "--log", path, "--anchor", "2:" + "0" * 64)
    assert status == 1
    assert "no record 2 with the hash" in text


def test_a_changed_log_ends_in_status_1(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"ann", b"eve"))
    for command in ("show", "verify"):
        status, text = run(command, "--log", path)
        assert status == 1
        assert "NOT as it was written" in text


def test_what_a_record_says_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path) as log:
        log.append(who="[/red]ann", role="[conceal]", action="x\x1b[2J", subject="a\nb", detail={"[b]": "\u202eevil"})
    status, text = run("show", "--log", path)
    assert status == 0
    for told in ("[/red]ann", "[conceal]", r"x\x1b[2J", r"a\nb", r"[b]=\u202eevil"):
        assert told in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify", "--log", "nowhere/audit.jsonl"), "there is no audit log nowhere/audit.jsonl"),
        (("show", "--log", "nowhere/audit.jsonl"), "there is no audit log nowhere/audit.jsonl"),
        (("verify", "--anchor", "5"), "'5': give NUMBER:HASH"),
        (("show", "--last", "0"), "--last"),
    ],
)
def test_wrong_input(arguments: tuple[str, ...], message: str) -> None:
    status, text = run(*arguments)
    assert status != 0
    assert message in text
    assert "Traceback" not in text
