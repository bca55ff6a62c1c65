"""What a run left: read whole, and every damaged record named instead of believed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qemu.accel import Accelerator
from qemu.evidence import gather
from qemu.outcome import Outcome
from qemu.report import assemble
from qemu.scenario import Image, Scenario

FILES = (
    "office/telemetry.jsonl",
    "office/journal.jsonl",
    "office/summary.json",
    "exchange/orders.jsonl",
    "exchange/books.json",
    "exchange/counters.json",
    "switch.json",
)
ENTRY = {"n": 1, "t": 5, "dir": "out", "hex": "51"}
LOGGED = {"t": 5, "login": "HFT1", "dir": "in", "hex": "51"}


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    scenario = Scenario(tmp_path / "run")
    scenario.prepare()
    return scenario


def report(scenario: Scenario) -> dict[str, Any]:
    nowhere = scenario.directory / "nowhere"
    image = Image(nowhere, nowhere, nowhere, nowhere, "")
    outcome = Outcome(Accelerator("tcg", "test"), guest_status=0)
    found = assemble(scenario, image, outcome, gather(scenario))
    assert found["ok"] is False
    json.dumps(found)
    return found


def test_files_are_gathered(scenario: Scenario) -> None:
    book = {"kind": "book", "symbol": "AAPL", "sequence": 7, "bids": [[1, 2, 3]], "asks": []}
    cpu = {"trader": 1, "isolated": [1], "nohz_full": []}
    records: list[dict[str, Any]] = [
        {"kind": "boot", "kernel_s": 1, "pid1_s": 1.5, "cpu": cpu, "knobs": []},
        {"kind": "gap", "t": 9, "from": 3, "to": 4},
        {"kind": "risk", "check": "size"},
        {"kind": "state", "state": "trading"},
        book,
    ]
    (scenario.office_directory / "telemetry.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    (scenario.office_directory / "journal.jsonl").write_text(json.dumps(ENTRY) + "\n")
    (scenario.exchange_directory / "orders.jsonl").write_text(json.dumps(LOGGED) + "\n")
    closing = {"sequence": 7, "books": {"AAPL": {"bids": [], "asks": []}}}
    (scenario.exchange_directory / "books.json").write_text(json.dumps(closing))
    evidence = gather(scenario)
    assert evidence.damaged == []
    assert (evidence.boot["kernel_s"], evidence.risks, evidence.gaps) == (1, 1, [records[1]])
    assert evidence.trader_books == {"AAPL": {"bids": [[1, 2, 3]], "asks": []}}
    assert (evidence.trader_sequences, evidence.exchange_sequence) == ({"AAPL": 7}, 7)
    assert (evidence.journal, evidence.exchange_log) == ([ENTRY], [LOGGED])
    assert evidence.summary == {}


def test_the_real_slice_is_read(scenario: Scenario) -> None:
    assert len(gather(scenario).slice) == 1_000
    assert gather(replace(scenario, replay=None)).slice == []


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("office/telemetry.jsonl", b"{cut", "telemetry.jsonl, line 1: is no JSON"),
        ("office/telemetry.jsonl", b"\xff\xfe{}", "telemetry.jsonl, line 1: is no UTF-8 (byte 0)"),
        ("office/telemetry.jsonl", b"[1]", "telemetry.jsonl, line 1: it is [1], not an object"),
        ("office/telemetry.jsonl", b'{"kind": "gap", "t": NaN, "from": 1, "to": 2}', "is no JSON"),
        ("office/telemetry.jsonl", b'{"kind": "book", "symbol": "A"}', "line 1: book: sequence is missing"),
        ("office/telemetry.jsonl", b'{"kind": "stats", "final": true, "feed": 3}', "stats: feed is 3, not an object"),
        ("office/telemetry.jsonl", b"[" * 100_000, "is no JSON"),
        ("office/journal.jsonl", b'{"n": "1", "t": 5, "dir": "out", "hex": "51"}', "n is '1', not an integer"),
        ("office/journal.jsonl", b'{"n": 1, "t": 5, "dir": "up", "hex": "51"}', "dir is 'up', not in or out"),
        ("exchange/orders.jsonl", b'{"login": "HFT1", "hex": "51"}', "orders.jsonl, line 1: dir is missing"),
        ("exchange/orders.jsonl", b'{"dir": "in", "hex": "51"}', "login is missing"),
        ("exchange/counters.json", b"[]", "counters.json: it is [], not an object"),
        ("exchange/counters.json", b'{"received": 1}', "counters.json: accepted is missing"),
        ("exchange/books.json", b'{"sequence": null, "books": {}}', "sequence is None"),
        ("exchange/books.json", b'{"sequence": 1, "books": {"A": {"bids": [[1, "2", 3]], "asks": []}}}', "bids[0][1]"),
        ("office/summary.json", b'{"malformed": 0, "oversized": 0}', "summary.json: journal is missing"),
        ("switch.json", b'"x"', "switch.json: it is 'x'"),
    ],
)
def test_damage_is_named_and_still_gives_a_report(scenario: Scenario, file: str, line: bytes, fault: str) -> None:
    (scenario.directory / file).write_bytes(line + b"\n")
    assert any(fault in text for text in report(scenario)["reasons"])


def test_good_lines_around_a_bad_one_count(scenario: Scenario) -> None:
    lines = [json.dumps(ENTRY).encode(), b"garbage \x00", json.dumps(ENTRY | {"n": 2}).encode()]
    (scenario.office_directory / "journal.jsonl").write_bytes(b"\n".join(lines))
    evidence = gather(scenario)
    assert [record["n"] for record in evidence.journal] == [1, 2]
    assert len(evidence.damaged) == 1


def test_much_damage_is_summed_up(scenario: Scenario) -> None:
    (scenario.office_directory / "journal.jsonl").write_bytes(b"x\n" * 500)
    assert report(scenario)["reasons"][-1] == "and 490 more"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.binary(max_size=200))
def test_hostile_files_never_raise(scenario: Scenario, file: str, content: bytes) -> None:
    scenario = replace(scenario, replay=None)
    (scenario.directory / file).write_bytes(content)
    report(scenario)
    (scenario.directory / file).unlink()
