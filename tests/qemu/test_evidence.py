"""What a run left: read whole, and every damaged record named instead of believed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.management import (
    CONTROL,
    DECISION,
    JOURNAL,
    LIVE,
    OUT,
    Book,
    Frame,
    Gap,
    Hello,
    JournalRecord,
    ManagementMessage,
    State,
    Stats,
)
from protocols.management_files import MAGIC
from qemu.accel import Accelerator
from qemu.evidence import gather
from qemu.outcome import Outcome
from qemu.report import assemble
from qemu.scenario import Image, Scenario
from tests.office.scripted_server import decision

LIVE_FILE = "office/000000000000000a/live.bin"
JOURNAL_FILE = "office/000000000000000b/journal.bin"
FILES = (
    LIVE_FILE,
    JOURNAL_FILE,
    "office/summary.json",
    "exchange/orders.jsonl",
    "exchange/books.json",
    "exchange/counters.json",
    "switch.json",
)
ENTRY = {"n": 2, "t": 5, "dir": "out", "hex": "51"}
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


def boot(**record: Any) -> Hello:
    return Hello(version=1, session=10, journal=11, ticks_per_second=1, host="h", body=json.dumps(record).encode())


BOOT = {"kernel_s": 1, "pid1_s": 1.5, "cpu": {"trader": 1, "isolated": [1], "nohz_full": []}, "knobs": []}


def write(scenario: Scenario, file: str, *frames: bytes) -> None:
    path = scenario.directory / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(MAGIC + b"".join(frames))


def live(number: int, message: ManagementMessage) -> bytes:
    return Frame(LIVE, number, 9, message).encode()


def record(number: int, kind: int, body: bytes) -> bytes:
    return Frame(JOURNAL, number, 5, JournalRecord(kind=kind, venue=0, body=body)).encode()


def test_files_are_gathered(scenario: Scenario) -> None:
    book = {"symbol": "AAPL", "sequence": 7, "bids": [[1, 2, 3]], "asks": []}
    write(
        scenario,
        LIVE_FILE,
        Frame(CONTROL, 0, 9, boot(**BOOT)).encode(),
        live(1, Gap(venue=0, first=3, last=4)),
        live(2, State(body=b"trading")),
        live(3, Book(body=json.dumps(book).encode())),
    )
    decisions = decision(code=3), decision(reference=1)
    write(
        scenario,
        JOURNAL_FILE,
        record(1, DECISION, decisions[0].encode()),
        record(2, OUT, b"\x51"),
        record(3, DECISION, decisions[1].encode()),
    )
    (scenario.exchange_directory / "orders.jsonl").write_text(json.dumps(LOGGED) + "\n")
    closing = {"sequence": 7, "books": {"AAPL": {"bids": [], "asks": []}}}
    (scenario.exchange_directory / "books.json").write_text(json.dumps(closing))
    evidence = gather(scenario)
    assert evidence.damaged == []
    assert (evidence.boot["kernel_s"], evidence.refusals) == (1, 1)
    assert evidence.gaps == [{"t": 9, "from": 3, "to": 4, "venue": 0}]
    assert evidence.trader_books == {"AAPL": {"bids": [[1, 2, 3]], "asks": []}}
    assert (evidence.trader_sequences, evidence.exchange_sequence) == ({"AAPL": 7}, 7)
    assert (evidence.journal, evidence.exchange_log) == ([ENTRY], [LOGGED])
    assert evidence.decisions == {1: decisions[0], 3: decisions[1]}
    assert evidence.summary == {}


def test_the_real_slice_is_read(scenario: Scenario) -> None:
    assert len(gather(scenario).slice) == 1_000
    assert gather(replace(scenario, replay=None)).slice == []


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("exchange/orders.jsonl", b'{"login": "HFT1", "hex": "51"}', "orders.jsonl, line 1: dir is missing"),
        ("exchange/orders.jsonl", b'{"dir": "in", "hex": "51"}', "login is missing"),
        ("exchange/counters.json", b"[]", "counters.json: it is [], not an object"),
        ("exchange/counters.json", b'{"received": 1}', "counters.json: accepted is missing"),
        ("exchange/books.json", b'{"sequence": null, "books": {}}', "sequence is None"),
        ("exchange/books.json", b'{"sequence": 1, "books": {"A": {"bids": [[1, "2", 3]], "asks": []}}}', "bids[0][1]"),
        ("office/summary.json", b'{"faults": 0, "duplicates": 0}', "summary.json: conflicts is missing"),
        ("switch.json", b'"x"', "switch.json: it is 'x'"),
    ],
)
def test_damage_is_named_and_still_gives_a_report(scenario: Scenario, file: str, line: bytes, fault: str) -> None:
    (scenario.directory / file).write_bytes(line + b"\n")
    assert any(fault in text for text in report(scenario)["reasons"])


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (Stats(body=b"{cut"), "stats: is no JSON"),
        (Stats(body=b"\xff\xfe{}"), "stats: is no UTF-8 (byte 0)"),
        (Stats(body=b"[1]"), "stats: it is [1], not an object"),
        (Stats(body=b'{"t": NaN}'), "stats: is no JSON"),
        (Stats(body=b'{"final": true, "feed": 3}'), "stats: feed is 3, not an object"),
        (Stats(body=b"[" * 100_000), "stats: is no JSON"),
        (Book(body=b'{"symbol": "A"}'), "book: sequence is missing"),
    ],
)
def test_what_a_server_said_wrongly_is_named(scenario: Scenario, message: ManagementMessage, fault: str) -> None:
    write(scenario, LIVE_FILE, live(1, message))
    assert any(fault in text for text in report(scenario)["reasons"])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"something else", "is no file of the management stream"),
        (MAGIC + b"\xff" * 30, "damaged"),
        (MAGIC + record(1, 9, b"x"), "record 1: no record has the kind 9"),
        (MAGIC + record(1, DECISION, b"Dx"), "needs 88 bytes"),
    ],
)
def test_damaged_files_are_named(scenario: Scenario, content: bytes, fault: str) -> None:
    write(scenario, JOURNAL_FILE)
    (scenario.directory / JOURNAL_FILE).write_bytes(content)
    assert any(fault in text for text in report(scenario)["reasons"])


def test_good_frames_before_a_bad_one_count(scenario: Scenario) -> None:
    write(scenario, JOURNAL_FILE, record(1, OUT, b"\x51"), record(2, OUT, b"\x51"), b"\xff" * 30)
    evidence = gather(scenario)
    assert [entry["n"] for entry in evidence.journal] == [1, 2]
    assert len(evidence.damaged) == 1


def test_good_lines_around_a_bad_one_count(scenario: Scenario) -> None:
    lines = [json.dumps(LOGGED).encode(), b"garbage \x00", json.dumps(LOGGED).encode()]
    (scenario.exchange_directory / "orders.jsonl").write_bytes(b"\n".join(lines))
    evidence = gather(scenario)
    assert (len(evidence.exchange_log), len(evidence.damaged)) == (2, 1)


def test_much_damage_is_summed_up(scenario: Scenario) -> None:
    (scenario.exchange_directory / "orders.jsonl").write_bytes(b"x\n" * 500)
    assert report(scenario)["reasons"][-1] == "and 490 more"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.binary(max_size=200))
def test_hostile_files_never_raise(scenario: Scenario, file: str, content: bytes) -> None:
    scenario = replace(scenario, replay=None)
    (scenario.directory / file).parent.mkdir(exist_ok=True)
    (scenario.directory / file).write_bytes(content)
    report(scenario)
    (scenario.directory / file).unlink()
