"""The audit log: each record on disk before it is acknowledged, and no change to the file goes unnoticed."""

import dataclasses
import fcntl
import hashlib
import itertools
import json
import multiprocessing
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.audit import AuditError, AuditLog, AuditRecord
from store.audit import head as heads
from store.audit.log import RECOVERED
from store.audit.record import FIRST_PREVIOUS, MAX_RECORD, make, parse
from store.audit.verify import records, verify

ROOT = Path(__file__).resolve().parents[3]


def clock() -> Any:
    return itertools.count(1_700_000_000_000_000_000, 1_000_000).__next__


def filled(path: Path, count: int = 4) -> list[AuditRecord]:
    with AuditLog(path, clock()) as log:
        return [
            log.append(who=f"user{i}", role="risk", action="kill", subject="hft1", detail={"b": i, "a": "é\n"})
            for i in range(count)
        ]


def test_a_record_is_a_line_that_hashes_to_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    first, second = filled(path, 2)
    line = path.read_bytes().splitlines()[0]
    assert line == (
        b'{"number":1,"time":1700000000000000000,"who":"user0","role":"risk","action":"kill","subject":"hft1",'
        b'"detail":{"a":"\xc3\xa9\\n","b":0},"previous":"' + b"0" * 64 + b'","hash":"' + first.hash.encode() + b'"}'
    )
    bare = line[: line.index(b',"hash"')] + b"}"
    assert first.hash == hashlib.sha256(bytes(32) + bare).hexdigest()
    assert second.previous == first.hash
    assert list(records(path)) == [first, second]


def test_the_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.jsonl"
    one = filled(path, 2)
    with AuditLog(path) as log:
        more = log.append(who="u", role="viewer", action="login")
        assert log.anchor == f"3:{more.hash}"
    assert more.previous == one[-1].hash
    verdict = verify(path)
    assert (verdict.ok, verdict.records, verdict.length) == (True, 3, path.stat().st_size)
    assert path.stat().st_mode & 0o077 == 0, "nobody else reads it"


def _write(path: Path, name: str, count: int) -> None:
    with AuditLog(path) as log:
        for _ in range(count):
            log.append(who=name, role="", action="login")


def test_several_processes_write_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, f"p{i}", 20)) for i in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    verdict = verify(path)
    assert (verdict.ok, verdict.records) == (True, 60)


def test_a_log_that_somebody_holds_is_an_error_with_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.audit.lock.PATIENCE", 0.02)
    path = tmp_path / "audit.jsonl"
    filled(path)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match=r"another process holds .*audit\.jsonl for more than 0\.02 s: end it"):
            AuditLog(path)
        with pytest.raises(AuditError, match="another process holds"):
            verify(path)


def test_a_log_that_is_being_written_can_be_verified(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 1)
    command = [sys.executable, "-c", WRITER, str(path), "when asked"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for number in range(1, 20):
            writer.stdin.write(b"\n")
            writer.stdin.flush()
            # The record is being written now: before, in between or after, what is read belongs together.
            while (verdict := verify(path)).records <= number:
                assert verdict.ok, verdict.faults
            writer.stdout.readline()
        writer.stdin.close()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"who": " "}, "who=' ' names nobody"),
        ({"action": ""}, "action='' names nobody"),
        ({"detail": {"x": float("nan")}}, "cannot be recorded"),
        ({"detail": {"x": object()}}, "cannot be recorded"),
        ({"who": "\ud800"}, "cannot be recorded"),
        ({"detail": {"x": "y" * MAX_RECORD}}, f"a record has at most {MAX_RECORD}"),
        ({"detail": [1]}, r"detail=\[1\] is no object"),
        ({"who": 5}, "who=5 is no text"),
        ({"role": 7}, "role=7 is no text"),
        ({"subject": None}, "subject=None is no text"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_leaves_the_log_as_it_was(
    tmp_path: Path, what: dict[str, Any], message: str
) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 1)
    before = path.read_bytes()
    with AuditLog(path) as log, pytest.raises(AuditError, match=message):
        log.append(**({"who": "a", "role": "b", "action": "c"} | what))
    assert path.read_bytes() == before
    assert verify(path).ok


def crashed(path: Path, monkeypatch: pytest.MonkeyPatch, kept: int | None) -> bytes:
    """A crash in the middle of an append, after ``kept`` bytes of the line (None: all of it)."""
    with monkeypatch.context() as patch:
        real = os.write

        def write(descriptor: int, data: bytes) -> int:
            if data.startswith(b'{"number":5'):
                real(descriptor, data[:kept])
                raise SystemExit
            return real(descriptor, data)

        patch.setattr(os, "write", write)
        with AuditLog(path, clock()) as log, pytest.raises(SystemExit):
            log.append(who="x", role="risk", action="kill")
    return path.read_bytes()


@pytest.mark.parametrize("kept", [0, 1, 60, 200])
def test_a_torn_end_is_told_taken_off_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    data = crashed(path, monkeypatch, kept)
    verdict = verify(path)
    assert [fault.kind for fault in verdict.faults] == (["torn"] if kept else [])
    with AuditLog(path) as log:
        log.append(who="x", role="risk", action="kill")
    after = list(records(path))
    assert verify(path).ok
    assert len(after) == (6 if kept else 5)
    if kept:
        torn = data.rpartition(b"\n")[2]
        assert after[4].action == RECOVERED
        assert after[4].detail == {"bytes": kept, "sha256": hashlib.sha256(torn).hexdigest()}


def test_a_record_that_was_written_but_not_noted_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    crashed(path, monkeypatch, None)
    verdict = verify(path)
    assert (verdict.ok, verdict.pending, verdict.records) == (True, True, 5)
    AuditLog(path).close()
    verdict = verify(path)
    assert (verdict.ok, verdict.pending, verdict.records) == (True, False, 5)


def chained(path: Path, rows: list[AuditRecord]) -> bytes:
    """The rows as a chain of their own, as somebody who knows the format would forge it."""
    previous, out = FIRST_PREVIOUS, b""
    for number, one in enumerate(rows, 1):
        record = make(number, one.time, one.who, one.role, one.action, one.subject, one.detail, previous)
        out += record.line()
        previous = record.hash
    return out


@given(data=st.data(), count=st.integers(1, 6))
@settings(
    max_examples=int(os.environ.get("HFTOS_EXAMPLES", "300")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
def test_any_change_to_the_file_is_found(tmp_path: Path, data: st.DataObject, count: int) -> None:
    # Written once for each length: the files are what is tested, not the disk.
    path = tmp_path / f"{count}.jsonl"
    kept = tmp_path / f"{count}.kept"
    if not kept.exists():
        filled(path, count)
        kept.write_bytes(path.read_bytes())
    original = kept.read_bytes()
    path.write_bytes(original)
    rows = list(records(path))
    lines = original.splitlines(keepends=True)
    at = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(0, count - 1))
    byte = data.draw(st.integers(0, len(original) - 1))
    way = data.draw(st.sampled_from(("flip", "cut", "remove", "copy", "move", "insert", "append", "forge", "drop")))
    match way:
        case "flip":
            changed = bytearray(original)
            changed[byte] ^= data.draw(st.integers(1, 255))
            new = bytes(changed)
        case "cut":
            new = original[:byte]
        case "remove":
            new = b"".join(lines[:at] + lines[at + 1 :])
        case "copy":
            new = b"".join([*lines[:at], lines[other], *lines[at:]])
        case "move":
            rest = lines[:at] + lines[at + 1 :]
            new = b"".join([*rest[:other], lines[at], *rest[other:]])
        case "insert":
            new = original[:byte] + data.draw(st.binary(min_size=1, max_size=8)) + original[byte:]
        case "append":
            last = rows[-1]
            extra = make(count + 1, last.time, "eve", "", "login", "", {}, last.hash)
            new = original + extra.line()
        case "forge":
            detail = {"forged": data.draw(st.integers())}
            new = chained(
                path,
                [
                    one if i != at else make(1, 1, "eve", "", "x", "", detail, FIRST_PREVIOUS)
                    for i, one in enumerate(rows)
                ],
            )
        case _:
            new = chained(path, rows[:at] + rows[at + 1 :])
    path.write_bytes(new)
    assert verify(path).ok == (new == original), way


def test_each_kind_of_change_is_named(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    original = path.read_bytes()
    a, b, c, d = original.splitlines(keepends=True)

    def kinds(data: bytes) -> list[str]:
        path.write_bytes(data)
        return [fault.kind for fault in verify(path).faults]

    assert kinds(a + b.replace(b"user1", b"user9") + c + d)[0] == "changed"
    assert kinds(a + c + d)[0] == "removed"
    assert kinds(a + b + a + c + d)[0] == "inserted"
    assert kinds(a + c + b + d)[:2] == ["removed", "inserted"]
    assert kinds(a + b + c) == ["truncated"]
    assert kinds(b"") == ["truncated"]
    assert kinds(a + b + c + d[:-1])[0] == "torn"
    assert kinds(original + b"\n")[0] == "changed"
    assert kinds(original) == []


def test_a_changed_log_takes_no_more_records(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    original = path.read_bytes()
    for damaged, message in (
        (original[:-300], r"bytes, its head names"),
        (original + original.splitlines(keepends=True)[-1], "bytes follow the record 4 that its head names"),
        (original.replace(b"user3", b"user4"), "its record 4 is not the one that its head names"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(AuditError, match=message):
            AuditLog(path)
        assert path.read_bytes() == damaged, "evidence stays as it is"


def test_without_its_head_a_log_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    head = heads.path_of(path)
    kept = head.read_bytes()
    head.unlink()
    assert [fault.kind for fault in verify(path).faults] == ["head"]
    with pytest.raises(AuditError, match="and no head"):
        AuditLog(path)
    for damaged in (b"", b"[]", b"{}x", b'{"number":1,"length":2,"hash":3,"next":""}', b"[" * 100_000):
        head.write_bytes(damaged)
        assert "head" in [fault.kind for fault in verify(path).faults]
        with pytest.raises(AuditError, match="it was changed"):
            AuditLog(path)
    head.write_bytes(kept)
    path.unlink()
    assert [fault.kind for fault in verify(path).faults] == ["truncated"]


def test_a_log_made_anew_with_its_head_is_found_by_an_anchor_kept_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    rows = filled(path)
    number, digest = verify(path).anchor.split(":")
    anchor = int(number), digest
    assert verify(path, anchor).ok
    with AuditLog(path) as log:
        log.append(who="x", role="", action="login")
    assert verify(path, anchor).ok, "a log that grew since"
    forged = tmp_path / "forged.jsonl"
    with AuditLog(forged, clock()) as log:
        for one in rows:
            log.append(who="eve", role=one.role, action=one.action)
    assert verify(forged).ok
    assert [fault.kind for fault in verify(forged, anchor).faults] == ["anchor"]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    record = parse(data)
    assert record is None or record.line() == data + b"\n"


def test_hostile_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 1)
    for line in (b"[" * 50_000, b"{}", b"null", b'{"number":1e999}', b"\xff\xfe", b"x" * (3 * MAX_RECORD)):
        assert parse(line) is None
        path.write_bytes(line + b"\n")
        assert not verify(path).ok
    row = json.loads(filled(tmp_path / "b", 1)[0].line())
    assert parse(json.dumps(row).encode()) is None, "spaces are a change"


@pytest.mark.parametrize(
    "field",
    [
        {"time": -(10**20)},
        {"time": 1 << 63},
        {"time": True},
        {"number": 10**30},
        {"who": 5},
        {"role": None},
        {"action": 5},
        {"subject": []},
        {"detail": [1]},
        {"detail": 5},
    ],
)
def test_a_line_that_hashes_well_and_is_no_record_is_a_change(tmp_path: Path, field: dict[str, Any]) -> None:
    path = tmp_path / "audit.jsonl"
    (one,) = filled(path, 1)
    forged = dataclasses.replace(one, **field)
    forged = dataclasses.replace(forged, hash=forged.digest())
    path.write_bytes(forged.line())
    assert list(records(path)) == []
    assert "changed" in [fault.kind for fault in verify(path).faults]


def test_a_log_that_is_moved_away_under_a_writer_begins_anew_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, clock()) as log:
        log.append(who="ann", role="risk", action="kill")
        path.rename(tmp_path / "evidence")
        heads.path_of(path).rename(tmp_path / "evidence.head")
        assert log.append(who="bob", role="risk", action="kill").number == 1
        log.append(who="bob", role="risk", action="kill")
    assert [one.who for one in records(path)] == ["bob", "bob"]
    assert [one.who for one in records(tmp_path / "evidence")] == ["ann"]
    assert verify(path).ok
    assert verify(tmp_path / "evidence").ok


def test_nothing_is_acknowledged_that_went_into_a_deleted_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditLog(path, clock()) as log:
        log.append(who="ann", role="risk", action="kill")
        path.unlink()
        with pytest.raises(AuditError, match="it has 0 bytes, its head names"):
            log.append(who="ann", role="risk", action="kill")
    assert [fault.kind for fault in verify(path).faults] == ["truncated"]


def test_a_disk_that_fills_up_leaves_the_head_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with AuditLog(path, clock()) as log:
        for room in range(0, 400, 37):
            # What a full disk does: the file takes so many bytes and no more.
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            try:
                with pytest.raises(AuditError):
                    log.append(who="ann", role="risk", action="kill")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            assert {fault.kind for fault in verify(path).faults} <= {"torn"}
        log.append(who="ann", role="risk", action="kill")
    assert verify(path).ok
    assert [one.action for one in records(path) if one.action != RECOVERED] == ["kill", "kill"]


WRITER = """
import sys
from pathlib import Path
from store.audit import AuditLog
with AuditLog(Path(sys.argv[1])) as log:
    while len(sys.argv) == 2 or sys.stdin.readline():
        print(log.append(who="w", role="", action="login", detail={"x": "y" * 5000}).hash, flush=True)
"""


@pytest.mark.parametrize("records_before", range(int(os.environ.get("HFTOS_KILLS", "3"))))
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, records_before: int) -> None:
    path = tmp_path / "audit.jsonl"
    acknowledged = []
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().strip() for _ in range(records_before + 1)]
            writer.kill()
            acknowledged += [
                line.strip() for line in writer.stdout.read().splitlines(keepends=True) if line[-1] == "\n"
            ]
        assert {fault.kind for fault in verify(path).faults} <= {"torn"}
    AuditLog(path).close()
    assert verify(path).ok
    kept = [record.hash for record in records(path)]
    assert [one for one in kept if one in set(acknowledged)] == acknowledged
