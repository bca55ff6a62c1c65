"""Files of the stream: every frame once, torn tails cut, a full device changes nothing."""

import os
import zlib
from pathlib import Path

import pytest

from office.stream_file import STEP, StreamFile, Taken
from protocols.management import CONTROL, JOURNAL, LIVE
from protocols.management_files import BLOCK, MAGIC, FileError, read
from tests.office.scripted_server import hello, record, state


def written(path: Path, count: int = 3) -> StreamFile:
    file = StreamFile(path)
    file.take(CONTROL, 0, hello())
    for number in range(1, count + 1):
        assert file.take(JOURNAL, number, record(number)) is Taken.NEW
    return file


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    written(tmp_path / "s" / "journal.bin").close()
    data = (tmp_path / "s" / "journal.bin").read_bytes()
    assert data == MAGIC + hello() + record(1) + record(2) + record(3)
    assert [(found.stream, found.number) for found in read(tmp_path / "s" / "journal.bin")] == [
        (CONTROL, 0),
        (JOURNAL, 1),
        (JOURNAL, 2),
        (JOURNAL, 3),
    ]


def test_what_comes_again_is_known_and_what_differs_is_told(tmp_path: Path) -> None:
    file = written(tmp_path / "journal.bin", 3 * STEP)
    for number in (1, STEP, STEP + 1, 2 * STEP, 3 * STEP):
        assert file.content(number) == record(number)
        assert file.take(JOURNAL, number, record(number)) is Taken.DUPLICATE
        assert file.take(JOURNAL, number, record(number, b"other")) is Taken.CONFLICT
    assert file.content(3 * STEP + 1) is None
    assert (file.count, file.last) == (3 * STEP, 3 * STEP)


def test_every_torn_tail_is_cut_and_gone_on_behind(tmp_path: Path) -> None:
    written(tmp_path / "whole").close()
    whole = (tmp_path / "whole").read_bytes()
    ends = [len(MAGIC) + len(hello()) + len(record(1)) * count for count in range(4)]
    for size in range(len(whole)):
        path = tmp_path / "torn"
        path.write_bytes(whole[:size])
        file = StreamFile(path)
        kept = max(0, sum(end <= size for end in ends) - 1)
        assert (file.last, file.count, file.synced) == (kept, kept, kept)
        assert file.check == (zlib.crc32(record(kept)) if kept else 0)
        file.take(CONTROL, 0, hello())
        for number in range(kept + 1, 4):
            assert file.take(JOURNAL, number, record(number)) is Taken.NEW
        file.close()
        assert path.read_bytes() == whole
        path.unlink()


@pytest.mark.parametrize("zeros", [1, 20, 21, 4096, 100_000])
def test_zeros_behind_the_frames_are_a_torn_tail(tmp_path: Path, zeros: int) -> None:
    """A loss of power: the file's size was on the device, its last blocks were not."""
    written(tmp_path / "journal.bin").close()
    whole = (tmp_path / "journal.bin").read_bytes()
    (tmp_path / "journal.bin").write_bytes(whole + bytes(zeros))
    assert [found.number for found in read(tmp_path / "journal.bin")] == [0, 1, 2, 3]
    file = StreamFile(tmp_path / "journal.bin")
    assert (file.last, file.torn) == (3, zeros)
    assert file.take(JOURNAL, 4, record(4)) is Taken.NEW
    assert file.path.read_bytes() == whole + record(4)


@pytest.mark.parametrize("tail", [0, 1, BLOCK])
def test_a_frame_whose_end_is_in_a_lost_block_is_not_believed(tmp_path: Path, tail: int) -> None:
    frame = record(1, b"x" * (2 * BLOCK))
    data = MAGIC + hello() + frame + bytes(BLOCK)
    (tmp_path / "journal.bin").write_bytes(data[:BLOCK] + bytes(2 * BLOCK + tail))
    assert [found.number for found in read(tmp_path / "journal.bin")] == [0]
    file = StreamFile(tmp_path / "journal.bin")
    assert (file.last, file.path.read_bytes()) == (0, MAGIC + hello())


def test_a_frame_that_ends_in_zeros_of_its_own_is_believed(tmp_path: Path) -> None:
    frame = record(1, bytes(3 * BLOCK))
    (tmp_path / "journal.bin").write_bytes(MAGIC + frame)
    assert [found.number for found in read(tmp_path / "journal.bin")] == [1]
    assert StreamFile(tmp_path / "journal.bin").last == 1


def test_a_file_of_zeros_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "journal.bin").write_bytes(bytes(5_000))
    assert list(read(tmp_path / "journal.bin")) == []
    file = StreamFile(tmp_path / "journal.bin")
    assert (file.last, file.torn, file.path.read_bytes()) == (0, 5_000, MAGIC)


def test_a_frame_that_comes_again_is_compared_with_that_frame_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [record(number, bytes([number]) * 100_000) for number in range(1, 100)]
    file = StreamFile(tmp_path / "journal.bin")
    for number, data in enumerate(large, 1):
        file.take(CONTROL, 0, hello(session=number))
        file.take(JOURNAL, number, data)
    read_bytes = 0
    pread = os.pread

    def counted(fd: int, size: int, at: int) -> bytes:
        nonlocal read_bytes
        read_bytes += size
        return pread(fd, size, at)

    monkeypatch.setattr(os, "pread", counted)
    assert file.take(JOURNAL, 7, large[6]) is Taken.DUPLICATE
    assert file.take(JOURNAL, 8, b"short") is Taken.CONFLICT
    assert file.take(JOURNAL, 99, large[98]) is Taken.DUPLICATE
    assert read_bytes < 2 * len(large[0]) + 1_000


def test_frames_that_come_again_in_order_are_found_one_behind_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "journal.bin", 2 * STEP)
    calls: list[int] = []
    pread = os.pread

    def counted(fd: int, size: int, at: int) -> bytes:
        calls.append(size)
        return pread(fd, size, at)

    monkeypatch.setattr(os, "pread", counted)
    for number in range(1, 2 * STEP + 1):
        assert file.take(JOURNAL, number, record(number)) is Taken.DUPLICATE
    assert len(calls) == 4 * STEP  # of each the head and the whole
    assert file.take(JOURNAL, 5, record(5)) is Taken.DUPLICATE


def test_a_file_that_rests_is_opened_again_when_it_is_needed(tmp_path: Path) -> None:
    file = written(tmp_path / "journal.bin")
    assert not file.rest()  # not on the device
    file.sync()
    file.users = 1
    assert not file.rest()
    file.users = 0
    assert file.rest()
    file.sync()
    assert file.content(2) == record(2)
    assert file.rest()
    assert file.take(JOURNAL, 4, record(4)) is Taken.NEW
    file.sync()
    assert file.rest()
    with file.path.open("ab") as other:
        other.write(b"x")
    with pytest.raises(FileError, match="start the office again"):
        file.take(JOURNAL, 5, record(5))


def test_holes_are_counted_and_found_again(tmp_path: Path) -> None:
    file = StreamFile(tmp_path / "live.bin")
    for number in (1, 2, 5, 9):
        file.take(LIVE, number, state(number))
    assert (file.missing, file.holes, file.content(4)) == (5, [(3, 4), (6, 8)], None)
    file.close()
    again = StreamFile(tmp_path / "live.bin")
    assert (again.missing, again.holes, again.count, again.last) == (5, [(3, 4), (6, 8)], 4, 9)
    assert again.take(LIVE, 4, state(4)) is Taken.CONFLICT  # a lost one that comes after all is not in order


def test_a_greeting_is_kept_again_only_when_it_says_something_else(tmp_path: Path) -> None:
    file = written(tmp_path / "journal.bin", 1)
    assert file.take(CONTROL, 0, hello()) is Taken.DUPLICATE
    assert file.take(CONTROL, 0, hello(session=7)) is Taken.NEW
    file.close()
    again = StreamFile(tmp_path / "journal.bin")
    assert again.take(CONTROL, 0, hello(session=7)) is Taken.DUPLICATE


def test_a_write_that_is_refused_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "journal.bin")
    before = file.path.read_bytes()
    pwrite = os.pwrite

    def half(fd: int, data: bytes, at: int) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return pwrite(fd, data[: len(data) - 5], at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half)
        with pytest.raises(OSError, match="No space"):
            file.take(JOURNAL, 4, record(4))
    assert (file.path.read_bytes(), file.last) == (before, 3)
    assert file.take(JOURNAL, 4, record(4)) is Taken.NEW
    assert file.path.read_bytes() == before + record(4)


def test_what_is_not_on_the_device_is_not_said_to_be(tmp_path: Path) -> None:
    file = written(tmp_path / "journal.bin")
    assert (file.last, file.synced) == (3, 0)
    file.sync()
    assert file.synced == 3


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"something else", "is no file of the management stream"),
        (MAGIC + b"\xff" * 40, "is damaged"),
        (MAGIC + record(2) + record(1), "number 1 after 2"),
        (MAGIC + record(1)[:4] + b"\x09" + record(1)[5:], "is damaged"),
    ],
)
def test_another_file_or_a_damaged_one_is_not_touched(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "journal.bin"
    path.write_bytes(content)
    with pytest.raises(FileError, match=text):
        StreamFile(path)
    assert path.read_bytes() == content
