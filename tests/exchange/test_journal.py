"""The journal keeps every whole record, cuts a torn end, and refuses what is damaged or not its own."""

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.journal import (
    COMMAND,
    FILE,
    FLOW,
    MAX_RECORD,
    MAX_SETTINGS,
    MESSAGE,
    CommittedLine,
    Journal,
    JournalError,
    JournalWriteError,
    Record,
    open_journal,
)
from tests.exchange.recording_line import Wire

SETTINGS = {"session": "TEST", "seed": 1}
RECORDS = [
    Record(MESSAGE, 3, 34_200_000_000_000, b"O" * 47),
    Record(FLOW, 0, 34_200_000_000_001, b""),
    Record(COMMAND, 0, 34_200_000_000_002, b'{"do":"halt"}'),
]


def written(folder: Path, records: list[Record] = RECORDS) -> bytes:
    journal, _ = open_journal(folder, SETTINGS)
    for record in records:
        journal.append(*record)
    journal.close()
    return (folder / FILE).read_bytes()


def reread(folder: Path) -> list[Record]:
    journal, records = open_journal(folder, SETTINGS)
    found = list(records)
    journal.close()
    return found


def test_a_new_journal_holds_nothing(tmp_path: Path) -> None:
    journal, records = open_journal(tmp_path / "new" / "folder", SETTINGS)
    assert list(records) == []
    journal.close()


def test_what_was_written_comes_back_in_order(tmp_path: Path) -> None:
    written(tmp_path)
    assert reread(tmp_path) == RECORDS


def test_appending_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    written(tmp_path)
    journal, records = open_journal(tmp_path, SETTINGS)
    assert list(records) == RECORDS
    journal.append(*RECORDS[0])
    journal.close()
    assert reread(tmp_path) == [*RECORDS, RECORDS[0]]


def test_nothing_is_in_the_file_before_commit_and_all_of_it_after(tmp_path: Path) -> None:
    journal, _ = open_journal(tmp_path, SETTINGS)
    size = (tmp_path / FILE).stat().st_size
    journal.append(*RECORDS[0])
    assert (tmp_path / FILE).stat().st_size == size
    journal.commit()
    # Frame 8, head 13, payload 47 bytes.
    assert (tmp_path / FILE).stat().st_size == size + 8 + 13 + 47
    journal.close()


def test_a_packet_leaves_only_behind_its_inputs(tmp_path: Path) -> None:
    journal, _ = open_journal(tmp_path, SETTINGS)
    line = Wire()
    journal.append(*RECORDS[0])
    CommittedLine(line, journal).send(b"packet")
    assert line.packets == [b"packet"]
    assert (tmp_path / FILE).read_bytes().endswith(b"O" * 47)
    journal.close()


@pytest.mark.parametrize("sync", [False, True])
def test_syncing_changes_nothing_in_the_file(tmp_path: Path, sync: bool) -> None:
    journal, _ = open_journal(tmp_path, SETTINGS, sync)
    journal.append(*RECORDS[2])
    journal.close()
    assert reread(tmp_path) == [RECORDS[2]]


def test_any_torn_end_costs_the_last_record_only(tmp_path: Path) -> None:
    whole = written(tmp_path)
    last = 8 + 13 + len(RECORDS[-1].payload)
    for lost in range(1, last + 1):
        (tmp_path / FILE).write_bytes(whole[:-lost])
        assert reread(tmp_path) == RECORDS[:-1], lost
        assert (tmp_path / FILE).stat().st_size == len(whole) - last


def test_what_was_torn_is_kept_aside_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = written(tmp_path)
    (tmp_path / FILE).write_bytes(whole[:-3])
    reread(tmp_path)
    torn = 8 + 13 + len(RECORDS[-1].payload) - 3
    assert (tmp_path / "journal.torn").read_bytes() == whole[-3 - torn : -3]
    assert f"{torn} bytes of a torn record were cut off" in caplog.text


def test_a_plausible_but_wrong_length_in_front_of_whole_records_is_damage(tmp_path: Path) -> None:
    whole = bytearray(written(tmp_path))
    at = whole.index(b"OOOO") - 21
    whole[at : at + 4] = struct.pack(">I", 60_000)
    (tmp_path / FILE).write_bytes(whole)
    with pytest.raises(JournalError, match="damaged"):
        reread(tmp_path)
    assert (tmp_path / FILE).read_bytes() == whole, "nothing was cut off"


def test_zeros_of_a_lost_page_are_a_torn_end(tmp_path: Path) -> None:
    whole = written(tmp_path)
    (tmp_path / FILE).write_bytes(whole + bytes(4096))
    assert reread(tmp_path) == RECORDS


def test_a_damaged_record_in_the_middle_is_named(tmp_path: Path) -> None:
    whole = bytearray(written(tmp_path))
    at = whole.index(b"OOOO")
    whole[at] ^= 1
    (tmp_path / FILE).write_bytes(whole)
    with pytest.raises(JournalError, match=r"record at byte \d+ is damaged .* restore the file"):
        reread(tmp_path)


def test_an_absurd_length_in_the_middle_is_damage_not_a_torn_end(tmp_path: Path) -> None:
    whole = bytearray(written(tmp_path))
    at = whole.index(b"OOOO") - 21
    whole[at : at + 4] = struct.pack(">I", 1 << 31)
    (tmp_path / FILE).write_bytes(whole)
    with pytest.raises(JournalError, match="damaged"):
        reread(tmp_path)


@settings(max_examples=200, deadline=None)
@given(noise=st.binary(min_size=1, max_size=300))
def test_noise_behind_the_records_never_becomes_an_input(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    whole = written(folder)
    (folder / FILE).write_bytes(whole + noise)
    try:
        assert reread(folder) == RECORDS
    except JournalError as error:
        assert "damaged" in str(error)


def test_other_settings_are_refused_by_name_and_value(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(JournalError, match=r"seed = 1, not 2; start with the same settings"):
        open_journal(tmp_path, SETTINGS | {"seed": 2})


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is a letter, not a journal")
    with pytest.raises(JournalError, match="damaged"):
        open_journal(tmp_path, SETTINGS)


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(JournalError, match=r"cannot write to --journal .*; give another folder"):
        open_journal(tmp_path / "file", SETTINGS)


def test_a_disk_that_takes_no_more_is_an_error_of_its_own() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        journal = Journal(os.dup(full.fileno()))
        journal.append(*RECORDS[0])
        with pytest.raises(JournalWriteError, match="the journal cannot be written: No space left"):
            journal.commit()
        with pytest.raises(JournalWriteError):
            journal.close()


def test_a_disk_that_has_room_again_does_not_mend_a_journal_that_failed(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / FILE, os.O_RDWR | os.O_CREAT)
    journal = Journal(os.open("/dev/full", os.O_WRONLY))
    journal.append(*RECORDS[0])
    with pytest.raises(JournalWriteError):
        journal.commit()
    os.dup2(descriptor, journal._descriptor)
    with pytest.raises(JournalWriteError, match="No space left"):
        journal.commit()
    assert journal.failed is not None
    with pytest.raises(JournalWriteError):
        journal.close()
    os.close(descriptor)
    assert (tmp_path / FILE).read_bytes() == b""


def test_settings_with_thousands_of_symbols_come_back(tmp_path: Path) -> None:
    many = SETTINGS | {"symbols": [f"S{number:05}" for number in range(20_000)]}
    journal, _ = open_journal(tmp_path, many)
    journal.append(*RECORDS[0])
    journal.close()
    assert (tmp_path / FILE).stat().st_size > MAX_RECORD
    journal, records = open_journal(tmp_path, many)
    assert list(records) == RECORDS[:1]
    journal.close()


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    journal, _ = open_journal(tmp_path, SETTINGS)
    with pytest.raises(JournalError, match=f"at most {MAX_RECORD}"):
        journal.append(COMMAND, 0, 0, bytes(MAX_RECORD))
    journal.append(COMMAND, 0, 0, bytes(MAX_RECORD - 13))
    journal.close()
    assert len(reread(tmp_path)) == 1
    with pytest.raises(JournalError, match=f"at most {MAX_SETTINGS}"):
        open_journal(tmp_path / "other", {"symbols": "x" * MAX_SETTINGS})


def test_two_exchanges_cannot_have_one_journal(tmp_path: Path) -> None:
    journal, _ = open_journal(tmp_path, SETTINGS)
    with pytest.raises(JournalError, match="in use by another exchange"):
        open_journal(tmp_path, SETTINGS)
    journal.close()
    reread(tmp_path)
