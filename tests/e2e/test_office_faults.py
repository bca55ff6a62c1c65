"""The office dies, the management network fails, then loses: afterwards the office has everything exactly once."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from office import files
from protocols import ouch50
from protocols.management import DECISION, IN, LIVE, OUT

pytestmark = pytest.mark.e2e

LOSS_SECONDS = float(os.environ.get("HFTOS_LOSS_SECONDS", "6"))
"""How long 5 % of the management network's frames are lost, each way."""
KILLED, CUT, LOSSY = (1.0, 3.0), (4.5, 8.5), (9.5, 9.5 + LOSS_SECONDS)
"""Seconds of trading from and until which the office is dead, the network is cut, frames are lost."""


def exchanged(directory: Path) -> list[tuple[str, bytes]]:
    """What went over the order session, as the exchange logged it: ("in" is to the exchange, message)."""
    lines = (directory / "exchange" / "orders.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [(record["dir"], bytes.fromhex(record["hex"])) for record in records if record["login"] == "HFT1"]


def test_every_order_execution_and_decision_is_in_the_office_exactly_once(boot: Callable[..., Any]) -> None:
    run = boot(
        *("--seconds", str(LOSSY[1] + 2)),
        *("--office-away", f"{KILLED[0]}s,{KILLED[1]}s"),
        *("--link", f"server:both:down,from=+{CUT[0]}s,until=+{CUT[1]}s"),
        *("--link", f"server:both:loss=0.05,from=+{LOSSY[0]}s,until=+{LOSSY[1]}s"),
    )
    assert run.report["ok"], run.explain()

    # The faults took place: a second collector, frames cut off and lost.
    office = run.report["office"]
    assert office["starts"] == 2
    applied = Counter[str]()
    for fault in run.report["switch"]["faults"]:
        applied[fault["kind"]] += fault["applied"]
    assert applied["down"] > 0
    assert applied["loss"] > LOSS_SECONDS

    # Orders, answers and decisions: numbered without a hole, none twice, none different.
    entries = list(files.journal(run.directory))
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert (office["conflicts"], office["faults"]) == (0, 0)

    # The same bytes in the same order as at the exchange, each way.
    log = exchanged(run.directory)
    for kind, way in ((OUT, "in"), (IN, "out")):
        assert [entry.payload for entry in entries if entry.kind == kind] == [data for to, data in log if to == way]
    executions = [data for way, data in log if way == "out" and data[:1] == b"E"]
    assert executions, "a run without an execution shows nothing"

    # Every order has one decision that let it pass; refusals are as many as the trader counted.
    decisions = [entry.decision() for entry in entries if entry.kind == DECISION]
    orders = Counter(
        message.user_ref_num
        for way, data in log
        if way == "in" and isinstance(message := ouch50.decode_inbound(data), ouch50.EnterOrder | ouch50.ReplaceOrder)
    )
    assert Counter(decision.reference for decision in decisions if decision.reference) == orders
    stats = [json.loads(frame.message.body) for _, frame in files.live(run.directory) if frame.message.TYPE == "V"]
    assert sum(decision.code != 0 for decision in decisions) == sum(stats[-1]["risk"].values())

    # Of everything else nothing is missing either: the backlog was large enough.
    numbers = [frame.number for _, frame in files.live(run.directory) if frame.stream == LIVE]
    assert numbers == list(range(1, len(numbers) + 1))
