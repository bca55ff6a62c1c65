"""`hftos surveillance`, from a venue's file to a decision in the audit log."""

import getpass
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.surveillance import market
from store.audit import AuditLog
from store.audit.verify import records
from store.surveillance import attribution_file, files
from store.surveillance.alert import Alert
from store.surveillance.attribution_file import EventsError
from store.surveillance.cli import surveillance, user
from store.surveillance.events import ENTERED, EXECUTED, REDUCED, Event, OrderEvent, Quote, Trade
from store.surveillance.source import open_source
from store.surveillance.timeline import clock, page, svg


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder in which the exchange has told who did what, with its alerts."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "exchange").mkdir()
    attribution_file.write(folder / "exchange/attribution.jsonl", market(["spoof:every=2", "wash:at=2"], 3, 4)[1])
    status, text = run("run", folder)
    assert status == 0, text
    return folder


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(surveillance, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def listed(folder: Path, log: Path, *more: object) -> list[dict[str, object]]:
    status, text = run("list", "--dir", folder, "--audit-log", log, "--json", *more)
    assert status == 0, text
    rows: list[dict[str, object]] = json.loads(text)["alerts"]
    return rows


def test_alerts_are_listed_shown_and_decided_about(found: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    alerts = listed(found, log)
    assert {one["rule"] for one in alerts} == {"spoofing", "wash_trade"}
    assert {one["state"] for one in alerts} == {"open"}
    name = str(alerts[0]["id"])
    status, text = run("show", name[:6], "--dir", found, "--audit-log", log)
    assert status == 0
    assert "entered" in text
    status, text = run("show", name, "--dir", found, "--audit-log", log, "--html", tmp_path / "no/page.html")
    assert (status, "give another --html" in " ".join(text.split())) == (1, True)
    html = (found / f"surveillance/{name}.html").read_text()
    assert "<svg" in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", ""), "it fetches nothing"
    evidence = json.loads(run("show", name, "--dir", found, "--audit-log", log, "--json")[1])["evidence"]
    assert evidence["orders"]
    assert evidence["quotes"]

    decide = ("dispose", name, "--dir", found, "--audit-log", log, "--who", "ann")
    status, text = run(*decide, "--as", "closed", "--note", "a test of the exchange")
    assert (status, "record 1" in text) == (0, True)
    status, text = run(*decide, "--as", "closed", "--note", "again")
    assert status == 1
    assert "is closed already, by ann: a test of the exchange" in text
    assert run(*decide, "--as", "escalated", "--note", "after all", "--json")[0] == 0
    states = {one["id"]: (one["state"], one["who"], one["note"]) for one in listed(found, log)}
    assert states[name] == ("escalated", "ann", "after all")
    assert [one["id"] for one in listed(found, log, "--state", "escalated")] == [name]
    first, second = records(log)
    assert (first.action, first.subject, first.role, first.detail["was"]) == (
        "surveillance.dispose",
        name,
        "compliance",
        "open",
    )
    assert (second.detail["was"], second.detail["rule"]) == ("closed", alerts[0]["rule"])


def test_an_acknowledgement_of_the_dashboard_is_a_state_too(found: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    name = str(listed(found, log)[0]["id"])
    with AuditLog(log) as audit:
        audit.append(who="bob", role="trader", action="acknowledge", subject=name)
    assert (listed(found, log)[0]["state"], listed(found, log)[0]["who"]) == ("acknowledged", "bob")


def test_a_changed_audit_log_is_told(found: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with AuditLog(log) as audit:
        audit.append(who="bob", role="trader", action="acknowledge", subject="x")
    log.write_bytes(log.read_bytes().replace(b"bob", b"eve"))
    status, text = run("list", "--dir", found, "--audit-log", log)
    assert status == 1
    assert "is not as it was written" in text
    name = str(files.load(found / "surveillance")[0].id)
    status, text = run("dispose", name, "--dir", found, "--audit-log", log, "--as", "closed", "--note", "n")
    assert status == 1
    assert "was changed" in text


def test_running_again_gives_the_same_ids(found: Path, tmp_path: Path) -> None:
    status, text = run("run", found, "--out", tmp_path / "out", "--json")
    assert status == 0
    again = json.loads(text)
    assert [one["id"] for one in again["alerts"]] == [one.id for one in files.load(found / "surveillance")]
    summary = json.loads((tmp_path / "out/surveillance.json").read_text())
    assert summary["events"] == again["events"] > 1000
    assert summary["alerts"]["spoofing"] >= 1
    assert len(listed(tmp_path / "out", tmp_path / "a")) == len(again["alerts"])


def test_thresholds_of_a_file_count(found: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("[spoofing]\nmin_shares = 50_000\n[wash_trade]\nenabled = false\n")
    status, text = run("run", found, "--out", tmp_path / "out", "--thresholds", path, "--json")
    assert (status, json.loads(text)["alerts"]) == (0, [])


def test_the_rules_are_shown_with_their_sources() -> None:
    shown = {one["name"]: one for one in json.loads(run("rules", "--json")[1])}
    assert len(shown) == 10
    assert shown["spoofing"]["thresholds"]["ratio"]["unit"] == "times"
    assert "5210" in shown["layering"]["source"]
    assert run("rules")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "{}/nothing"), "is not there: give a run's folder"),
        (("run", "{}/bad.jsonl"), "line 1 is no event"),
        (("run", "{}/good.jsonl", "--thresholds", "{}/none.toml"), "cannot read"),
        (("run", "x", "--dsn", "ftp://x"), "is no address of a store"),
        (("list", "--dir", "{}"), "run `hftos surveillance run` on the run first"),
        (("show", "abc", "--dir", "{}/damaged"), "line 1 is no alert"),
        (("show", "zzz", "--dir", "{}/none"), "no alert with the id 'zzz'"),
        (("dispose", "zzz", "--dir", "{}/none", "--as", "closed", "--note", "n"), "no alert with the id 'zzz'"),
        (("dispose", "zzz", "--dir", "{}/none", "--as", "forgotten", "--note", "n"), "forgotten"),
        (("list", "--dir", "{}/none", "--rule", "spoofs"), "'spoofs' is not one of"),
        (("list", "--dir", "{}/none", "--state", "opne"), "'opne' is not one of"),
    ],
)
def test_wrong_input_is_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "bad.jsonl").write_text("[]\n")
    (tmp_path / "good.jsonl").write_text(attribution_file.line(Quote(1, "XYZ", 1, 1, 2, 1)) + "\n")
    for name, text in (("damaged", "{}\n"), ("none", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / files.ALERTS).write_text(text)
    status, text = run(*(one.format(tmp_path) for one in arguments))
    assert status != 0
    assert message in " ".join(text.split())


def test_texts_from_outside_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    symbol, account = "[/b]\x1b[2J", "[conceal]"
    at, step = 36_000_000_000_000, 1_000_000
    small = OrderEvent(at, ENTERED, "V", symbol, account, "own[/er]", 2, "S", 100_200, 100)
    large = small._replace(ref=1, side="B", price=99_900, shares=5_000)
    events = [
        large,
        small,
        small._replace(t=at + step, event="executed", match=7),
        large._replace(t=at + 2 * step, event="reduced"),
    ]
    attribution_file.write(tmp_path / "e.jsonl", events)
    log = tmp_path / "audit.jsonl"
    status, text = run("run", tmp_path / "e.jsonl")
    assert (status, r"[/b]\x1b[2J" in text, "own[/er]" in text, "\x1b" in text) == (0, True, True, False)
    (alert,) = files.load(tmp_path / "surveillance")
    note = "see [ticket 5] and [/red]"
    status, text = run("dispose", alert.id, "--dir", tmp_path, "--audit-log", log, "--as", "closed", "--note", note)
    assert status == 0
    status, text = run("show", alert.id, "--dir", tmp_path, "--audit-log", log)
    assert (status, note in text, account in text, "\x1b" in text) == (0, True, True, False)


@pytest.mark.parametrize(
    "field",
    [
        {"t": "x"},
        {"t": -1},
        {"id": "../../../x"},
        {"id": 5},
        {"symbol": "\ud800"},
        {"accounts": [1]},
        {"refs": ["1"]},
        {"matches": None},
        {"figures": []},
        {"figures": {"x": {}}},
    ],
)
def test_a_damaged_alert_is_named_and_never_used(found: Path, tmp_path: Path, field: dict[str, object]) -> None:
    row = files.load(found / "surveillance")[0].as_json() | field
    (tmp_path / files.ALERTS).write_text(json.dumps(row) + "\n")
    for command in ("list", "show ."):
        status, text = run(*command.split(), "--dir", tmp_path, "--audit-log", tmp_path / "none")
        assert (status, "line 1 is no alert" in text) == (1, True)


def test_evidence_that_is_no_event_is_damage_too(found: Path, tmp_path: Path) -> None:
    row = files.load(found / "surveillance")[0].as_json()
    row["evidence"]["orders"][0]["t"] = "x"
    (tmp_path / files.ALERTS).write_text(json.dumps(row) + "\n")
    with pytest.raises(files.AlertsError, match="line 1 is no alert"):
        files.load(tmp_path)


def test_a_page_goes_where_it_is_told_to_even_if_that_is_no_file(found: Path, tmp_path: Path) -> None:
    name = files.load(found / "surveillance")[0].id
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "page.html")
    assert run("show", name, "--dir", found, "--audit-log", tmp_path / "a", "--html", link)[0] == 0
    assert link.is_symlink()
    assert "<svg" in (tmp_path / "page.html").read_text()


def test_a_stores_password_is_in_no_file_and_no_answer() -> None:
    source = open_source(Path("r1"), "clickhouse://ann:secret@host:8123")
    assert source.name == "run r1 of clickhouse://…@host:8123"
    assert open_source(Path("r1"), "chdb:build/store").name == "run r1 of chdb:build/store"


def test_who_has_no_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert user() == f"uid {os.getuid()}"


def test_a_decision_needs_a_reason(found: Path, tmp_path: Path) -> None:
    name = str(files.load(found / "surveillance")[0].id)
    log = tmp_path / "a"
    status, text = run("dispose", name, "--dir", found, "--audit-log", log, "--as", "closed", "--note", " ")
    assert status == 1
    assert "say why" in text


def test_files_of_events_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    order = OrderEvent(1, ENTERED, "V", "XYZ", "A", "O", 7, "B", 10, 100)
    events: list[Event] = [order, Quote(1, "XYZ", 1, 2, 3, 4), Trade(2, "XYZ", 3, 4, 5)]
    attribution_file.write(path, events)
    assert list(attribution_file.read(path)) == events
    path.write_text(path.read_text() + '["trade",3,"X')
    assert list(attribution_file.read(path)) == events, "half a line of a crash"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "[[]]",
        '["quote"]',
        '["quote",1,"X",1,2,3,4,5]',
        '["quote","1","X",1,2,3,4]',
        '["quote",true,"X",1,2,3,4]',
        '["trade",1.0,"X",3,4,5]',
        '["order",1,"dreamt","V","X","A","O",7,"B",10,100,0,0,false,"U"]',
        '["order",1,"entered","V","X","A","O",7,"T",10,100,0,0,false,"U"]',
        "[" * 100_000,
        '["trade",-1,"X",3,4,5]',
        '["trade",1,"X",3,18446744073709551616,5]',
        '["trade",1,"\\ud800",3,4,5]',
    ],
)
def test_what_is_no_event(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(EventsError, match=r"events\.jsonl, line 1 is no event"):
        list(attribution_file.read(path))


def test_the_picture_has_the_orders_the_quotes_and_the_moment(found: Path) -> None:
    alert = next(one for one in files.load(found / "surveillance") if one.figures.get("genuine") == "traded")
    picture = svg(alert)
    assert picture.count("<rect") >= 2
    assert picture.count("<circle") >= 1
    assert "stroke-dasharray" in picture
    alert.text = "<script>"
    assert "<script>" not in page(alert)


def test_a_picture_of_nothing_says_so() -> None:
    empty = Alert("a", "message_rate", "low", 1, 1, "O", ["A"], "XYZ", "t")
    assert "No order of this alert stood in a book" in svg(empty)
    assert clock(34_201_007_000_000) == "09:30:01.007"


def test_executions_long_after_the_alert_are_not_drawn_beside_the_picture() -> None:
    second = 1_000_000_000
    order = OrderEvent(second, ENTERED, "NSDQ", "XYZ", "A", "O", 1, "B", 10_000, 300)
    traded = [order._replace(t=t, event=EXECUTED, shares=100) for t in (2 * second, 9_000 * second)]
    alert = Alert("a", "message_rate", "low", 2 * second, 1, "O", ["A"], "XYZ", "t", refs=[1])
    alert.evidence.orders = [order, *traded, order._replace(t=3 * second, event=REDUCED, shares=200)]
    assert svg(alert).count("<circle") == 1


def test_figures_are_written_for_readers() -> None:
    alert = Alert("a", "wash_trade", "low", 1, 1, "O", ["A"], "XYZ", "t")
    alert.figures = {"pressure_shares": 5_000, "apart_ns": 1_427_044, "share_of_volume": 0.25, "genuine": "traded"}
    assert "pressure shares 5,000, apart 1.427 ms, share of volume 0.25, genuine traded" in page(alert)
