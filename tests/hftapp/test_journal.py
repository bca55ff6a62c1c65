"""The journal: numbers without holes, torn tails cut off, damage found."""

from pathlib import Path

import pytest

from hftapp.journal import MAGIC, Journal, JournalError, read

RECORDS = [(1, 100, b"first"), (2, 200, b""), (1, 300, b"third" * 10)]


def written(path: Path) -> Path:
    journal = Journal(path)
    assert journal.append(RECORDS) == 3
    journal.close()
    return path


def test_records_are_numbered_from_one_and_read_back(tmp_path: Path) -> None:
    path = written(tmp_path / "deep" / "orders.journal")
    assert [(e.number, e.kind, e.time, e.payload) for e in read(path)] == [
        (number, kind, time, payload) for number, (kind, time, payload) in enumerate(RECORDS, start=1)
    ]


def test_opening_again_goes_on_counting(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    journal = Journal(path)
    assert journal.count == 3
    assert journal.append([(1, 400, b"four")]) == 4
    journal.close()
    assert [entry.number for entry in read(path)] == [1, 2, 3, 4]


def test_reading_can_start_where_it_ended(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    first = next(read(path))
    assert [entry.number for entry in read(path, start=first.end)] == [2, 3]


def test_every_torn_tail_is_found_and_cut(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole").read_bytes()
    ends = [entry.end for entry in read(tmp_path / "whole")]
    for size in range(len(MAGIC), len(whole)):
        path = tmp_path / "torn"
        path.write_bytes(whole[:size])
        kept = sum(end <= size for end in ends)
        assert len(list(read(path))) == kept
        journal = Journal(path)
        assert journal.count == kept
        assert journal.torn_bytes == size - ([len(MAGIC), *ends][kept])
        journal.append([(9, 9, b"after")])
        journal.close()
        assert [entry.payload for entry in read(path)][-1] == b"after"


def test_a_damaged_last_record_is_a_torn_tail(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert [entry.number for entry in read(path)] == [1, 2]


def test_damage_before_the_end_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + 26] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalError, match="at offset 8 is damaged"):
        list(read(path))
    with pytest.raises(JournalError, match="damaged"):
        Journal(path)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(b"not a journal at all")
    with pytest.raises(JournalError, match="no journal"):
        Journal(path)


def test_a_payload_has_a_limit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with pytest.raises(ValueError, match="1048577 bytes"):
        journal.append([(1, 0, b"x" * (1 << 20) + b"x")])
    journal.close()
