"""Lines that lose packets: one of two is enough, and what both lose is reported."""

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
    assert run.report["feed"]["lost"] == run.report["feed"]["gaps"] == 0
    assert run.report["feed"]["packets"] - run.report["feed"]["duplicates"] == a["matched"]


def test_the_same_packet_lost_on_both_lines_is_a_reported_gap(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "5", "--drop-both", str(LOST_PACKET))
    a, b = faults(run, "drop")
    assert a["indices"] == b["indices"] == [LOST_PACKET]
    assert run.report["feed"]["gaps"] == len(run.report["gaps"]) == 1
    gap = run.report["gaps"][0]
    assert run.report["feed"]["lost"] == gap["to"] - gap["from"] + 1 > 0
    # Orders still add up; but a run that lost market data is not a good one.
    assert run.report["reconciled"], run.explain()
    assert run.report["guest"]["status"] == 0
    assert not run.report["ok"]
    assert run.status == 1
    assert any("lost in 1 gaps" in reason for reason in run.report["reasons"])
