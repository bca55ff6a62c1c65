"""The journal as a stream: from any number on, and only to an office whose copy is of this journal."""

import zlib
from pathlib import Path

import pytest

from hftapp import records
from hftapp.journal import PLACE_STEP, Journal, read
from hftapp.telemetry.journal_source import JournalSource, encoded
from protocols.management import Frame, Frames, JournalRecord

COUNT = 3 * PLACE_STEP + 7


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "orders.journal")
    for number in range(COUNT):
        made.append([(records.at_venue(records.IN, number % 3), number, b"%d" % number)])
    return made


def check(journal: Journal, number: int) -> int:
    return next(zlib.crc32(encoded(entry)) for entry in read(journal.path) if entry.number == number)


def test_a_record_becomes_a_frame_with_its_venue(journal: Journal) -> None:
    (first, second) = Frames().feed(JournalSource(journal).take(1) + JournalSource(journal).take(0))
    assert first == Frame(2, 1, 0, JournalRecord(kind=records.IN, venue=0, body=b"0"))
    assert second == first


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("number", [0, 1, PLACE_STEP, PLACE_STEP + 1, 2 * PLACE_STEP, COUNT - 1, COUNT])
def test_it_goes_on_behind_any_number(journal: Journal, number: int, opened: bool) -> None:
    source = JournalSource(Journal(journal.path) if opened else journal)
    assert source.resume(number, check(journal, number) if number else 0)
    frames = Frames().feed(source.take(1 << 30))
    assert [found.number for found in frames] == list(range(number + 1, COUNT + 1))
    assert not source.waiting
    journal.append([(records.OUT, 5, b"new")])
    if not opened:
        assert [found.number for found in Frames().feed(source.take(1 << 30))] == [COUNT + 1]


def test_an_office_with_another_history_is_known(journal: Journal) -> None:
    source = JournalSource(journal)
    assert not source.resume(COUNT + 1, 0)
    assert not source.resume(300, check(journal, 300) ^ 1)
    assert source.resume(300, check(journal, 300))


def test_pieces_are_as_large_as_asked(journal: Journal) -> None:
    source = JournalSource(journal)
    sizes = []
    while source.waiting:
        sizes.append(len(source.take(1000)))
    assert all(size < 1100 for size in sizes)
    assert len(sizes) > 10
