"""The audit log in the store: every record, once, and none of a log that is not as it was written."""

import itertools
import json
import shutil
from pathlib import Path

import pytest

from store import fees
from store.audit import AuditLog, AuditRecord
from store.audit import head as heads
from store.audit.verify import records
from store.client import Store
from store.errors import StoreError
from store.inserter import Inserted
from store.load import Loaded, Wishes, load

BEGIN = 1_800_000_000_000_000_000
HOUR = 3_600_000_000_000
starts = itertools.count(BEGIN, 1_000 * HOUR)
"""Every log begins at another time, so that its first record has another hash."""


def write(path: Path, count: int, *, step: int = HOUR) -> list[AuditRecord]:
    """Append so many records; gives all of the log."""
    clock = itertools.count(next(starts), step)
    with AuditLog(path, clock.__next__) as log:
        for number in range(count):
            log.append(who="ann", role="risk", action="kill", subject="hft1", detail={"b": number, "a": ["é\n", None]})
    return list(records(path))


def take(store: Store, path: Path) -> Loaded:
    return load(store, path, Wishes(fees.read()))


def numbers(store: Store, log: str) -> list[int]:
    return store.table("audit", log)["number"].to_list()


def test_every_record_is_a_row_with_its_hash(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    written = write(path, 3)
    done = take(opened, path)
    assert done.log == written[0].hash
    assert done.as_json() == {
        "log": done.log,
        "tables": {"audit": {"new": 3, "known": 0}},
        "counts": {"records": 3},
        "repaired": [],
    }
    table = opened.table("audit", done.log)
    assert table["t"].to_physical().to_list() == [record.time for record in written]
    assert [json.loads(text) for text in table["detail"]] == [record.detail for record in written]
    same = ("number", "who", "role", "action", "subject", "previous", "hash")
    assert table.select(same).rows() == [tuple(getattr(record, name) for name in same) for record in written]
    assert opened.runs() == [], "a log is of no run"


def test_a_log_again_adds_what_came_since(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = write(path, 2)[0].hash
    assert [take(opened, path).tables["audit"] for _ in range(2)] == [Inserted(2, 0), Inserted(0, 2)]
    write(path, 3)
    assert take(opened, path).tables["audit"] == Inserted(3, 2)
    assert numbers(opened, log) == [1, 2, 3, 4, 5]


def test_a_load_broken_off_between_months_is_finished(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    # The clock goes back, so the rows of the earlier month are those of the higher numbers; they go in first.
    log = write(path, 4, step=-20 * 24 * HOUR)[0].hash
    take(opened, path)
    opened.run("DELETE FROM hftos.audit WHERE log = {log:String} AND number <= 2", {"log": log})
    assert take(opened, path).tables["audit"] == Inserted(2, 2)
    assert numbers(opened, log) == [1, 2, 3, 4]


def test_two_logs_are_two_and_one_without_records_is_none(opened: Store, tmp_path: Path) -> None:
    one, other = (write(tmp_path / name / "audit.jsonl", 2)[0].hash for name in ("one", "other"))
    for name in ("one", "other"):
        take(opened, tmp_path / name / "audit.jsonl")
    assert numbers(opened, one) == numbers(opened, other) == [1, 2]
    AuditLog(tmp_path / "audit.jsonl").close()
    assert take(opened, tmp_path / "audit.jsonl").tables["audit"] == Inserted(0, 0)


def changed(data: bytes) -> bytes:
    return data.replace(b'"ann"', b'"bob"', 1)


def removed(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:1] + lines[2:])


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (changed, "changed at byte 0: the line at byte 0 is not a record as it was written"),
        (removed, "removed at byte .*: records 2 to 2 are missing before record 3"),
        (lambda data: data[: data.rindex(b"\n", 0, -1) + 1], "truncated at byte .*: the log ends in record 2"),
        (lambda data: data + data, "inserted at byte .*: record 1 stands where record 4 should"),
        (lambda data: data[:-20], "torn at byte .*: .* bytes without an end follow record 2"),
        (lambda data: data + b'{"number":4', "torn at byte .*: 11 bytes without an end follow record 3"),
        (lambda data: b"\x00" + data, "changed at byte 0: "),
        (lambda data: b"", "truncated at byte 0: the log ends in record 0"),
    ],
)
def test_a_log_that_was_changed_is_refused_whole(opened: Store, tmp_path: Path, tamper: object, fault: str) -> None:
    path = tmp_path / "audit.jsonl"
    log = write(path, 3)[0].hash
    assert callable(tamper)
    path.write_bytes(tamper(path.read_bytes()))
    with pytest.raises(StoreError, match=f"not as it was written, nothing of it was loaded: {fault}.*hftos audit ver"):
        take(opened, path)
    assert numbers(opened, log) == []


def test_half_a_line_that_a_crash_left_is_refused_until_a_writer_took_it_off(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = write(path, 2)[0].hash
    shutil.copytree(tmp_path, tmp_path / "more")
    last = write(tmp_path / "more/audit.jsonl", 1)[-1]
    head = heads.read(path)
    assert head is not None
    heads.write(path, heads.Head(head.number, head.length, head.hash, last.hash))
    with path.open("ab") as file:
        file.write(last.line()[:50])
    with pytest.raises(StoreError, match=r"torn at byte .*: 50 bytes without an end follow record 2"):
        take(opened, path)
    AuditLog(path).close()
    assert take(opened, path).tables["audit"] == Inserted(3, 0)
    assert opened.table("audit", log)["action"].to_list() == ["kill", "kill", "audit.recovered"]


def test_a_log_made_anew_with_right_hashes_is_told_by_the_store(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = write(path, 1)[0].hash
    shutil.copytree(tmp_path, tmp_path / "forged")
    write(path, 2)
    take(opened, path)
    before = opened.table("audit", log)
    write(tmp_path / "forged/audit.jsonl", 4)
    with pytest.raises(StoreError, match=r"anchor at byte .*: no record 3 with the hash"):
        take(opened, tmp_path / "forged/audit.jsonl")
    assert opened.table("audit", log).equals(before)


def test_a_log_made_anew_from_its_first_record_on_is_told_by_its_path(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = write(path, 3)[0].hash
    take(opened, path)
    for file in (path, heads.path_of(path)):
        file.unlink()
    AuditLog(path).close()
    with pytest.raises(StoreError, match=r"another log than the store has of this path, .* it has no record, the"):
        take(opened, path)
    forged = write(path, 4)[0].hash
    said = f"it begins with the hash {forged[:16]}…, the store's with {log[:16]}… and has 3 records.*--new-log"
    with pytest.raises(StoreError, match=said):
        take(opened, path)
    assert numbers(opened, forged) == []
    assert load(opened, path, Wishes(fees.read(), new_log=True)).tables["audit"] == Inserted(4, 0)
    assert take(opened, path).tables["audit"] == Inserted(0, 4), "once is enough"


def test_a_log_that_was_moved_is_the_log_that_it_was(opened: Store, tmp_path: Path) -> None:
    path, moved = tmp_path / "audit.jsonl", tmp_path / "old.jsonl"
    write(path, 2)
    take(opened, path)
    heads.path_of(path).rename(heads.path_of(moved))
    path.rename(moved)
    assert take(opened, moved).tables["audit"] == Inserted(0, 2)


def test_a_log_without_head_or_gone_is_named(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write(path, 1)
    shutil.copy(path, tmp_path / "copy.jsonl")
    with pytest.raises(StoreError, match=r"head at byte 0: .*copy\.jsonl\.head is missing"):
        take(opened, tmp_path / "copy.jsonl")
    path.unlink()
    with pytest.raises(StoreError, match="truncated at byte 0: the log ends in record 0"):
        take(opened, path)
    heads.path_of(path).unlink()
    with pytest.raises(StoreError, match=r"audit\.jsonl is not there: give a run's folder, .* or an audit log"):
        take(opened, path)
