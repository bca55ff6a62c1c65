"""Files of the management stream: read whole, read while they are written, and never believed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.management import FRAME, JOURNAL, Frame, JournalRecord
from protocols.management_files import MAGIC, FileError, Head, heads, read


def record(number: int) -> Frame:
    return Frame(JOURNAL, number, 5 * number, JournalRecord(kind=1, venue=0, body=b"%d" % number))


WHOLE = MAGIC + b"".join(record(number).encode() for number in (1, 2, 30))


def test_frames_are_read_in_order_and_from_any_place(tmp_path: Path) -> None:
    path = tmp_path / "journal.bin"
    path.write_bytes(WHOLE)
    assert list(read(path)) == [record(1), record(2), record(30)]
    places = list(heads(WHOLE))
    assert places[0] == Head(8, 8 + FRAME.size + 4, JOURNAL, 1, 5)
    assert list(read(path, start=places[1].start)) == [record(2), record(30)]


def test_a_file_that_is_still_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "journal.bin"
    ends = [head.end for head in heads(WHOLE)]
    for size in range(len(WHOLE) + 1):
        path.write_bytes(WHOLE[:size])
        assert len(list(read(path))) == sum(end <= size for end in ends)


@pytest.mark.parametrize("content", [b"x", b"HFTOSM02", MAGIC[::-1] + bytes(50)])
def test_another_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.bin"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"journal\.bin is no file of the management stream"):
        list(read(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=100), cut=st.integers(0, len(WHOLE)))
def test_damage_is_an_error_that_names_the_file(tmp_path: Path, data: bytes, cut: int) -> None:
    path = tmp_path / "journal.bin"
    path.write_bytes(WHOLE[:cut] + data)
    try:
        list(read(path))
    except FileError as error:
        assert str(path) in str(error)
