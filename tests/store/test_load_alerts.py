"""What surveillance found, in the store: once the run is over, on the run's clock, with what was decided about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from store import fees
from store.audit import AuditLog
from store.client import Store
from store.errors import StoreError
from store.inserter import Inserted
from store.load import Wishes, load
from store.surveillance import files
from store.surveillance.alert import Alert
from store.surveillance.dispositions import ACKNOWLEDGE, dispose, read_states
from store.surveillance.events import LIMIT
from tests.store.feed_maker import BEGIN, MIDNIGHT_NS
from tests.store.run_maker import make_run

DOCS = Path(__file__).parents[2] / "docs/store.md"


def alert(number: int, **given: Any) -> Alert:
    """An alert of a time and a rule, with the rest as a rule leaves it."""
    values: dict[str, Any] = {"id": f"{number:010x}", "rule": "wash_trade", "severity": "high", "symbol": "AAPL"}
    values |= {"t": MIDNIGHT_NS + number, "last": MIDNIGHT_NS + number + 5, "owner": "firm", "text": "é [b] \x1b"}
    values |= {"accounts": ["0:market_maker", "1:imbalance_taker"], "refs": [1, LIMIT - 1], "matches": []}
    return Alert(**values | {"figures": {"shares": 40, "share": 0.5, "side": "B"}} | given)


def save(run: Path, *alerts: Alert) -> None:
    files.save(run / files.FOLDER, alerts, files.Summary("a test", 1, 0, 0, {}, {}))


def wishes(run: str, *, final: bool = False) -> Wishes:
    return Wishes(fees.read(), run, final=final)


def ids(store: Store, run: str) -> list[str]:
    return store.table("alerts", run)["id"].to_list()


def test_an_alert_is_its_row_at_the_time_of_the_run(opened: Store, tmp_path: Path) -> None:
    make_run(tmp_path)
    save(tmp_path, alert(7, repeats=3))
    assert load(opened, tmp_path, wishes("row")).tables["alerts"] == Inserted(1, 0)
    sql = "SELECT min(toUnixTimestamp64Nano(t) - toInt64(exchange_ns)) FROM hftos.l3_events WHERE run = 'row'"
    ((zero,),) = opened.rows(sql)
    table = opened.table("alerts", "row")
    assert table["t"].to_physical().to_list() == [zero + MIDNIGHT_NS + 7]
    assert table["last"].to_physical().to_list() == [zero + MIDNIGHT_NS + 12]
    assert BEGIN <= zero + MIDNIGHT_NS < BEGIN + 1_000_000, "the run's own clock, not New York's"
    (row,) = table.drop("run", "t", "last").to_dicts()
    wanted = alert(7, repeats=3).as_json()
    figures = '{"shares":40,"share":0.5,"side":"B"}'
    for name in ("evidence", "last"):
        del wanted[name]
    assert row == wanted | {"exchange_ns": wanted.pop("t"), "figures": figures}
    sql = "SELECT id FROM hftos.alerts WHERE run = 'row' AND has(refs, {ref:UInt64})"
    assert opened.rows(sql, {"ref": LIMIT - 1}) == [("0000000007",)]


def test_alerts_wait_for_the_end_and_come_once(opened: Store, tmp_path: Path) -> None:
    make_run(tmp_path, ended=False)
    save(tmp_path, alert(2))
    assert "alerts" not in load(opened, tmp_path, wishes("end")).tables, "it may still be found again"
    save(tmp_path, alert(2, repeats=1), alert(1))
    assert load(opened, tmp_path, wishes("end", final=True)).tables["alerts"] == Inserted(2, 0)
    assert load(opened, tmp_path, wishes("end", final=True)).tables["alerts"] == Inserted(0, 2)
    save(tmp_path, alert(1), alert(3))
    assert load(opened, tmp_path, wishes("end", final=True)).tables["alerts"] == Inserted(1, 1)
    assert ids(opened, "end") == ["0000000001", "0000000002", "0000000003"]
    assert opened.table("alerts", "end")["repeats"].to_list() == [0, 1, 0]
    opened.forget("end")
    assert ids(opened, "end") == []


def test_two_alerts_of_one_moment_are_two_rows(opened: Store, tmp_path: Path) -> None:
    make_run(tmp_path)
    save(tmp_path, alert(1), alert(2, t=MIDNIGHT_NS + 1))
    load(opened, tmp_path, wishes("moment"))
    assert ids(opened, "moment") == ["0000000001", "0000000002"]


def test_damaged_alerts_are_named_and_nothing_else_is_lost(opened: Store, tmp_path: Path) -> None:
    make_run(tmp_path)
    save(tmp_path, alert(1))
    path = tmp_path / files.FOLDER / files.ALERTS
    row = json.loads(path.read_text())
    for text in ("{", json.dumps(row | {"id": "x"}), json.dumps(row | {"t": -1})):
        path.write_text(text)
        with pytest.raises(StoreError, match=r"alerts\.jsonl, line 1 is no alert .* run surveillance again"):
            load(opened, tmp_path, wishes("damaged"))
    assert opened.table("executions", "damaged").height == 2
    load(opened, tmp_path, Wishes(fees.read(), "damaged", alerts=False))
    save(tmp_path, alert(1, t=LIMIT - 1))
    with pytest.raises(StoreError, match=r"table alerts: a value of t does not fit DateTime64"):
        load(opened, tmp_path, wishes("damaged"))
    save(tmp_path)
    assert load(opened, tmp_path, wishes("damaged")).tables["alerts"] == Inserted(0, 0)


def test_alerts_of_a_run_without_an_event_have_no_time(opened: Store, tmp_path: Path) -> None:
    make_run(tmp_path)
    for path in (*tmp_path.glob("captures/*"), *tmp_path.glob("office/*/journal.bin")):
        path.unlink()
    save(tmp_path, alert(1))
    with pytest.raises(StoreError, match=r"surveillance has alerts, and no event of run bare has a time"):
        load(opened, tmp_path, wishes("bare"))


def test_decisions_are_joined_from_the_audit_log_as_the_page_says(opened: Store, tmp_path: Path) -> None:
    make_run(tmp_path)
    alerts = [alert(number) for number in range(1, 5)]
    save(tmp_path, *alerts)
    path = tmp_path / "audit.jsonl"
    with AuditLog(path) as log:
        for number in (2, 3):
            log.append(who="bob", role="risk", action=ACKNOWLEDGE, subject=alerts[number].id)
        for state in ("escalated", "closed"):
            dispose(log, alerts[1], state, "why", "ann", "compliance", "here")
        dispose(log, alerts[2], "escalated", "why", "ann", "compliance", "here")
        log.append(who="bob", role="risk", action=ACKNOWLEDGE, subject=alerts[2].id)
    load(opened, tmp_path, wishes("decided"))
    load(opened, path, wishes(""))
    sql = DOCS.read_text(encoding="utf-8").partition("```sql\n")[2].partition("```")[0]
    found = {name: (state, who) for name, _, _, state, who in opened.rows(sql, {"run": "decided"})}
    assert found == {
        alerts[0].id: ("open", None),
        alerts[1].id: ("closed", "ann"),
        alerts[2].id: ("escalated", "ann"),
        alerts[3].id: ("acknowledged", "bob"),
    }
    states = {name: (state.state, state.who) for name, state in read_states(path).items()}
    assert {name: both for name, both in found.items() if both[1]} == states
