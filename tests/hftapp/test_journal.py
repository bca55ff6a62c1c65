"""The journal: numbers without holes, torn tails cut off, damage found."""

import os
from pathlib import Path

import pytest

from hftapp.journal import HEAD, MAGIC, OVERHEAD, START, DamagedTailError, Journal, JournalError, read

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
    for size in range(START, len(whole)):
        path = tmp_path / "torn"
        path.write_bytes(whole[:size])
        kept = sum(end <= size for end in ends)
        assert len(list(read(path))) == kept
        journal = Journal(path)
        assert journal.count == kept
        assert journal.torn_bytes == size - ([START, *ends][kept])
        journal.append([(9, 9, b"after")])
        journal.close()
        assert [entry.payload for entry in read(path)][-1] == b"after"


def test_a_damaged_last_record_is_a_torn_tail(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert [entry.number for entry in read(path)] == [1, 2]


@pytest.mark.parametrize("bit", range(8 * (OVERHEAD + len(RECORDS[0][2]))))
def test_any_flipped_bit_before_the_end_is_an_error_with_its_place(tmp_path: Path, bit: int) -> None:
    """A length that grew must not make the rest of the file look like one torn record."""
    path = written(tmp_path / "j")
    data = bytearray(path.read_bytes())
    data[START + bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    with pytest.raises(JournalError, match="at offset 20 is damaged, and record 2 after it is intact"):
        list(read(path))
    with pytest.raises(JournalError, match="damaged"):
        Journal(path)
    assert path.read_bytes() == data, "the file was touched"


def test_a_damaged_head_of_the_last_record_is_set_aside(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    third = [entry.end for entry in read(path)][1]
    data = bytearray(path.read_bytes())
    data[third] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedTailError, match=f"at offset {third} is damaged, and nothing after it is intact"):
        list(read(path))
    journal = Journal(path)
    assert (journal.count, journal.set_aside) == (2, tmp_path / "j.damaged-1")
    journal.append([(1, 5, b"anew")])
    journal.close()
    assert (tmp_path / "j.damaged-1").read_bytes() == data
    assert [(entry.number, entry.payload) for entry in read(path)] == [(1, b"first"), (2, b""), (3, b"anew")]


def test_a_tail_of_zeros_is_kept_and_no_name_is_taken_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    for number in (1, 2):
        with path.open("ab") as file:
            file.write(bytes(1000))
        journal = Journal(path)
        journal.close()
        assert (journal.count, journal.set_aside) == (3, tmp_path / f"j.damaged-{number}")


def test_a_number_left_out_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    ends = [entry.end for entry in read(path)]
    data = path.read_bytes()
    path.write_bytes(data[: ends[0]] + data[ends[1] :])
    with pytest.raises(JournalError, match=f"record 2 at offset {ends[0]} is damaged"):
        list(read(path))


def test_a_refused_write_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "j")
    journal = Journal(path)
    write, calls = os.write, 0

    def full(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[: HEAD.size + 2])

    with monkeypatch.context() as patch:
        patch.setattr("hftapp.journal.os.write", full)
        with pytest.raises(OSError, match="No space left"):
            journal.append([(1, 9, b"too much")])
    assert journal.append([(1, 10, b"fits")]) == 4
    journal.close()
    assert [entry.payload for entry in read(path)][3:] == [b"fits"]


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(b"not a journal at all")
    with pytest.raises(JournalError, match="no journal"):
        Journal(path)
    path.write_bytes(b"short")
    with pytest.raises(JournalError, match="no journal"):
        Journal(path)
    assert path.read_bytes() == b"short"


def test_a_payload_has_a_limit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with pytest.raises(ValueError, match="1048577 bytes"):
        journal.append([(1, 0, b"x" * (1 << 20) + b"x")])
    journal.close()


def test_an_identity_stays_with_the_file_and_every_file_has_its_own(tmp_path: Path) -> None:
    written(tmp_path / "one")
    first, second = Journal(tmp_path / "one"), Journal(tmp_path / "two")
    assert first.identity != second.identity
    assert 0 not in (first.identity, second.identity)
    first.append([(1, 1, b"more")])
    assert Journal(tmp_path / "one").identity == first.identity
    before = first.identity
    first.renew()
    assert Journal(tmp_path / "one").identity == first.identity != before
    assert [entry.number for entry in read(tmp_path / "one")] == [1, 2, 3, 4]


@pytest.mark.parametrize("size", range(START))
def test_an_incomplete_head_is_written_anew(tmp_path: Path, size: int) -> None:
    path = written(tmp_path / "j")
    path.write_bytes(path.read_bytes()[:size])
    journal = Journal(path)
    assert (journal.count, journal.identity != 0) == (0, True)
    journal.append(RECORDS)
    journal.close()
    assert len(list(read(path))) == 3


def test_a_damaged_identity_is_replaced_and_costs_no_record(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + 3] ^= 1
    path.write_bytes(data)
    damaged = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 8], "big")
    journal = Journal(path)
    assert (journal.count, journal.identity not in (0, damaged)) == (3, True)
