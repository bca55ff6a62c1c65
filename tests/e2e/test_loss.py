"""Lines that lose packets: one of two is enough, and what both lose ends all quoting, as it should."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

LOST_PACKET = 500


def faults(run: Any, kind: str) -> list[dict[str, Any]]:
    return [rule for rule in run.report["switch"]["faults"] if rule["kind"] == kind]


def test_different_packets_lost_on_each_line_cost_nothing(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "5", "--loss-a", "0.01", "--loss-b", "0.01")
    a, b = faults(run, "loss")
    assert a["applied"] > 0
    assert b["applied"] > 0
    assert not set(a["indices"]) & set(b["indices"])
    assert run.report["ok"], run.explain()
    assert run.report["expected_gap"] is False
    assert run.report["feed"]["lost"] == run.report["feed"]["gaps"] == 0
    assert run.report["feed"]["packets"] - run.report["feed"]["duplicates"] == a["matched"]


def test_the_same_packet_lost_on_both_lines_is_a_gap_that_is_handled(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "5", "--drop-both", str(LOST_PACKET))
    a, b = faults(run, "drop")
    assert a["indices"] == b["indices"] == [LOST_PACKET]
    assert run.report["feed"]["gaps"] == len(run.report["gaps"]) == 1
    gap = run.report["gaps"][0]
    assert run.report["feed"]["lost"] == gap["to"] - gap["from"] + 1 > 0
    assert run.report["ok"], run.explain()
    assert run.status == 0
    assert run.report["expected_gap"] is True
    assert run.report["reconciled"] is True
    assert run.report["books"] == {
        "compared": 0,
        "levels": 0,
        "equal": None,
        "not_compared": "messages were lost on purpose",
    }


def test_losses_that_nobody_planned_are_not_ok(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "5", "--link", "trader:out:loss=0.05")
    assert not run.report["ok"]
    assert run.status == 1
    assert run.report["expected_gap"] is False
    assert any("of the feed were lost in" in reason for reason in run.report["reasons"]), run.explain()


def test_a_packet_that_was_never_sent_is_no_gap(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "2", "--drop-both", "9999999")
    assert not run.report["ok"]
    assert "no message was dropped on both lines" in " ".join(run.report["reasons"])
