"""The report: what it says of a run, and that every failing condition makes it not ok."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from protocols import ouch50
from qemu import table
from qemu.accel import Accelerator
from qemu.evidence import Evidence, gather
from qemu.outcome import Outcome
from qemu.report import assemble, write
from qemu.scenario import Image, Scenario
from tests.office.scripted_server import decision


def enter_order() -> str:
    return (
        ouch50.EnterOrder(
            user_ref_num=1,
            side="B",
            quantity=100,
            symbol="AAPL",
            price=1_000_000,
            time_in_force="0",
            display="Y",
            capacity="P",
            inter_market_sweep_eligibility="N",
            cross_type="N",
            cl_ord_id="C1",
        )
        .encode()
        .hex()
    )


def rejected() -> str:
    return ouch50.Rejected(timestamp=1, user_ref_num=1, reason=1, cl_ord_id="C1").encode().hex()


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    scenario = Scenario(tmp_path / "run")
    scenario.prepare()
    return scenario


@pytest.fixture
def image(tmp_path: Path) -> Image:
    kernel, initramfs, uki, disk = (tmp_path / name for name in ("vmlinuz", "initramfs", "uki", "disk"))
    for size, path in enumerate((kernel, initramfs, uki, disk), 1):
        path.write_bytes(bytes(size * 100))
    return Image(kernel, initramfs, uki, disk, "console=ttyS0")


@pytest.fixture
def outcome() -> Outcome:
    return Outcome(Accelerator("tcg", "no device"), guest_status=0, guest_reason="end of session")


FALLBACK = {
    "source": "image",
    "path": "/etc/hftos.toml",
    "fallback": True,
    "refused": [{"path": "/.extra/x", "problems": ["nic.prot: unknown"]}],
}


def knob(name: str, requested: str, effective: str, reason: str = "") -> dict[str, Any]:
    values = {"name": name, "layer": "sysctl", "requested": requested, "effective": effective}
    return {**values, "ok": True, "reason": reason}


@pytest.fixture
def evidence() -> Evidence:
    """A small session: one order, rejected; one book; all of it known to both sides."""
    book = {"bids": [[1_000_000, 100, 1]], "asks": []}
    return Evidence(
        boot={
            "kernel_s": 1.1,
            "pid1_s": 1.5,
            "cpu": {"trader": 1, "isolated": [1], "nohz_full": [1]},
            "knobs": [
                knob("vm.stat_interval", "120", "120"),
                knob("ksm.run", "0", "absent", reason="no KSM in this kernel"),
                knob("nic.rx_usecs", "0", "not applicable", reason="the driver is the trader's own"),
                knob("nohz", "unset", "on"),
            ],
        },
        stats={
            "final": True,
            "feed": {
                "next": 1_201,
                "packets": 9,
                "messages": 1_200,
                "gaps": 0,
                "lost": 0,
                "duplicates": 4,
                "symbols": 3,
                "malformed": 0,
                "by_type": {"A": 1_200},
            },
            "orders": {"sent": 1, "accepted": 0, "rejected": 1, "executed_shares": 0, "cancelled": 0},
            "position": {"AAPL": 0},
            "pnl_price4": 0,
            "cash_price4": 0,
            "tick_to_trade": {"unit": "ns", "count": 1, "min": 5, "p50": 5, "p99": 5, "p999": 5, "max": 5},
            "first_order_s": 4.5,
            "cpu": {"local_timer_interrupts": 2, "per_s": 0.1},
        },
        journal=[
            {"n": 1, "t": 10, "dir": "out", "hex": enter_order()},
            {"n": 2, "t": 20, "dir": "in", "hex": rejected()},
        ],
        decisions={3: decision(reference=1)},
        summary={
            "faults": 0,
            "duplicates": 0,
            "conflicts": 0,
            "live": {"1": {"count": 9, "last": 9, "missing": 0}},
            "journals": {"2": {"count": 3, "last": 3, "missing": 0}},
        },
        trader_books={"AAPL": book},
        trader_sequences={"AAPL": 1_200},
        exchange={
            "received": 1,
            "accepted": 0,
            "rejected": 1,
            "executed_shares": 0,
            "cancelled": 0,
            "by_login": {
                "HFT1": {"received": 1, "accepted": 0, "rejected": 1, "executed_shares": 0, "cancelled": 0},
            },
            "feed": {"messages": 1_200, "by_type": {"A": 1_200}},
            "flow": {"replay": {"messages": 1_000}},
        },
        exchange_log=[
            {"login": "HFT1", "dir": "in", "hex": enter_order()},
            {"login": "HFT1", "dir": "out", "hex": rejected()},
        ],
        exchange_books={"AAPL": book},
        exchange_sequence=1_200,
        slice=[bytes(3)] * 1_000,
    )


def test_a_right_run_is_ok_and_says_everything(
    scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence
) -> None:
    report = assemble(scenario, image, outcome, evidence)
    assert report["reasons"] == []
    assert (report["ok"], report["reconciled"], report["accel"]) == (True, True, "tcg")
    assert report["image"] == {"uki_bytes": 300, "kernel_bytes": 100, "rootfs_bytes": 200}
    assert report["boot"] == {"kernel_s": 1.1, "pid1_s": 1.5, "first_order_s": 4.5}
    feed = {"packets": 9, "messages": 1_200, "gaps": 0, "duplicates": 4, "symbols": 3, "lost": 0}
    assert report["feed"] == feed
    assert report["orders"] == {"sent": 1, "accepted": 0, "rejected": 1, "executed_shares": 0, "cancelled": 0}
    assert report["exchange"] == {"received": 1, "accepted": 0, "rejected": 1, "executed_shares": 0, "cancelled": 0}
    assert (report["position"], report["pnl"], report["pnl_unmarked"]) == ({}, 0, [])
    assert report["knob_counts"] == {"all": 4, "effective": 1, "absent": 2, "failed": 0, "unset": 1}
    assert [knob["name"] for knob in report["knobs"]] == ["vm.stat_interval", "ksm.run", "nic.rx_usecs", "nohz"]
    assert report["expected_gap"] is False
    latency = {"unit": "ns", "count": 1, "min": 5, "p50": 5, "p99": 5, "p999": 5, "max": 5}
    assert report["tick_to_trade"] == latency | {"quotable": False, "not_quotable": "emulated"}
    assert report["books"] == {"compared": 1, "levels": 1, "equal": True}
    assert report["cpu"]["isolated"] == [1]
    assert report["cpu"]["per_s"] == 0.1
    assert report["replay"]["received"] == report["replay"]["messages"] == 1_000
    assert report["executions"] == {"bought": 0, "sold": 0}
    assert json.loads(write(report, scenario).read_text()) == report


Spoil = Callable[[Evidence, Outcome], None]


def spoiled(name: str) -> Spoil:
    def spoil(evidence: Evidence, outcome: Outcome) -> None:
        match name:
            case "status":
                outcome.guest_status = 3
            case "final":
                del evidence.stats["final"]
            case "exchange":
                evidence.exchange = {}
            case "journal":
                del evidence.journal[1]
            case "hole":
                evidence.summary["journals"]["2"]["count"] = 4
            case "collector":
                evidence.summary = {}
            case "no books":
                evidence.trader_books, evidence.exchange_books, evidence.trader_sequences = {}, {}, {}
            case "no sequence":
                evidence.exchange_sequence = None
            case "counters":
                evidence.exchange["rejected"] = 0
            case "types":
                evidence.stats["feed"]["by_type"] = {"A": 1_199, "D": 1}
            case "money":
                evidence.stats["cash_price4"] = 1
            case "ticks":
                evidence.stats["tick_to_trade"]["count"] = 2
            case "knob":
                evidence.boot["knobs"][0] |= {"effective": "1", "ok": False, "reason": "write refused"}
            case "configuration":
                evidence.boot["configuration"] = FALLBACK
            case "boot":
                evidence.boot = {}
            case "claim":
                evidence.stats["orders"]["executed_shares"] = 1
            case "book":
                evidence.trader_books = {}
            case "sequence":
                evidence.trader_sequences["AAPL"] = 1_199
            case "lost":
                evidence.stats["feed"] |= {"lost": 2, "gaps": 1, "messages": 1_198}
            case "silent":
                evidence.stats["feed"]["messages"] = 0
            case "idle":
                evidence.journal, evidence.exchange_log = [], []
                evidence.stats["orders"] |= {"sent": 0, "rejected": 0}
            case "damaged":
                evidence.damaged.append("stats: is no JSON")
            case _:
                outcome.reasons.append("boot: it hung")

    return spoil


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("status", "exit status is 3"),
        ("final", "final statistics"),
        ("exchange", "counters are missing"),
        ("journal", "do not agree"),
        ("hole", "do not agree"),
        ("claim", "do not agree"),
        ("book", "books are not the exchange's"),
        ("sequence", "books are not the exchange's"),
        ("lost", "2 messages of the feed were lost in 1 gaps"),
        ("lost", "of the real slice's 1000 messages only 0"),
        ("collector", "do not agree"),
        ("no books", "books are not the exchange's"),
        ("no sequence", "books are not the exchange's"),
        ("counters", "do not agree"),
        ("types", "do not agree"),
        ("money", "do not agree"),
        ("ticks", "do not agree"),
        ("knob", "knob vm.stat_interval: wanted 120, got 1 (write refused)"),
        ("configuration", "refused its configuration and ran on /etc/hftos.toml instead: /.extra/x: nic.prot: unknown"),
        ("boot", "boot record is missing"),
        ("silent", "no market data"),
        ("idle", "no order reached the exchange"),
        ("damaged", "no JSON"),
        ("phase", "it hung"),
    ],
)
def test_each_failing_condition_is_a_reason(
    scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence, name: str, reason: str
) -> None:
    spoiled(name)(evidence, outcome)
    report = assemble(scenario, image, outcome, evidence)
    assert report["ok"] is False
    assert any(reason in text for text in report["reasons"]), report["reasons"]


def test_times_of_a_guest_are_not_quotable_under_kvm_either(
    scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence
) -> None:
    outcome.accelerator = Accelerator("kvm", "ran")
    latency = assemble(scenario, image, outcome, evidence)["tick_to_trade"]
    assert (latency["quotable"], latency["not_quotable"]) == (False, "a virtual machine")


def test_without_a_replay_nothing_is_expected_of_it(
    scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence
) -> None:
    evidence.slice, evidence.exchange["flow"] = [], {"replay": None}
    report = assemble(scenario, image, outcome, evidence)
    assert report["replay"]["messages"] == report["replay"]["received"] == 0
    assert report["ok"]


def test_a_run_that_the_operator_stopped_is_judged_by_what_it_did(
    scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence
) -> None:
    outcome.guest_reason = "stop command"
    evidence.stats["feed"] |= {"next": 1_101, "messages": 1_100, "by_type": {"A": 1_100}}
    evidence.trader_sequences["AAPL"] = 1_100
    end_of_day = ouch50.SystemEvent(timestamp=9, event_code="E").encode().hex()
    evidence.exchange_log.append({"login": "HFT1", "dir": "out", "hex": end_of_day})
    report = assemble(scenario, image, outcome, evidence)
    assert report["ok"], report["reasons"]
    assert report["books"] == {
        "compared": 0,
        "levels": 0,
        "equal": None,
        "not_compared": "the trader was told to stop early",
    }
    evidence.stats["feed"]["next"] = 1_300
    assert not assemble(scenario, image, outcome, evidence)["ok"]


def test_a_run_that_left_nothing_still_gives_a_report(scenario: Scenario, image: Image, outcome: Outcome) -> None:
    outcome.reasons.append("boot: QEMU did not start")
    outcome.console = "last words"
    report = assemble(scenario, image, outcome, gather(scenario))
    assert report["reasons"] == ["boot: QEMU did not start"]
    assert report["console"] == "last words"
    out = io.StringIO()
    table.show(report, Console(file=out, width=200))
    assert "QEMU did not start" in out.getvalue()
    assert "last words" in out.getvalue()


def test_the_table_shows_figures_and_marks_what_may_not_be_quoted(
    scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence
) -> None:
    out = io.StringIO()
    table.show(assemble(scenario, image, outcome, evidence), Console(file=out, width=200))
    text = out.getvalue()
    parts = ("to the last share", "0.0000 dollars", "not quotable", "1 book, 1 level, equal", "1 tick:", "ok:")
    for part in (*parts, "1 in effect, 2 with nothing to act on, 0 failed, 1 left alone"):
        assert part in text
