"""The files of a run: the journal comes first, and a recording leaves it room."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from hftapp import journal, records, run_files
from hftapp.records import Rings
from hftapp.run_files import RunFiles

MIB = 1 << 20


@pytest.fixture
def rings() -> Iterator[Rings]:
    rings = Rings(recording=MIB)
    yield rings
    rings.close()


class FileSystem:
    """How much it holds, and how much of that is free; in bytes."""

    def __init__(self, size: int, free: int) -> None:
        self.size, self.free = size, free

    def statvfs(self, _path: Path) -> SimpleNamespace:
        return SimpleNamespace(f_frsize=1, f_blocks=self.size, f_bavail=self.free)


def frame(rings: Rings, text: bytes) -> None:
    assert rings.recording is not None
    assert rings.recording.push(records.FRAME_FIRST, 1, text)


def payloads(path: Path) -> list[bytes]:
    return [entry.payload for entry in journal.read(path)]


@pytest.mark.parametrize(
    ("size", "reserve"), [(1024 * MIB, run_files.RESERVE), (100 * MIB, 25 * MIB)], ids=["large", "small"]
)
def test_a_recording_ends_while_there_is_room_for_the_journal_and_what_it_has_is_sent(
    tmp_path: Path, rings: Rings, monkeypatch: pytest.MonkeyPatch, size: int, reserve: int
) -> None:
    system = FileSystem(size, reserve)
    monkeypatch.setattr(os, "statvfs", system.statvfs)
    said: list[str] = []
    files = RunFiles(tmp_path, rings, said.append)
    frame(rings, b"first")
    files.write_recording()
    system.free -= 1
    frame(rings, b"second")
    files.write_recording()
    system.free += MIB
    frame(rings, b"third")
    files.write_recording()
    rings.journal.push(records.OUT, 1, b"order")
    assert files.write_orders()
    assert files.close() == ""
    left = (reserve - 1) >> 20
    assert said == [f"{tmp_path}/recording ends here: {left} MiB of {size >> 20} are left, for the journal"]
    assert payloads(tmp_path / run_files.RECORDING) == [b"first"]
    assert payloads(tmp_path / run_files.ORDERS) == [b"order"]
    assert b"".join(piece.body for piece in files.recorded()) == (tmp_path / run_files.RECORDING).read_bytes()


def test_a_recording_that_is_refused_ends_whole(tmp_path: Path, rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    files = RunFiles(tmp_path, rings, said.append)
    frame(rings, b"first")
    files.write_recording()
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:-5])

    frame(rings, b"second")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        files.write_recording()
    files.close()
    assert said == [f"{tmp_path}/recording ends here: [Errno 28] No space left on device"]
    assert payloads(tmp_path / run_files.RECORDING) == [b"first"]
    assert list(files.recorded())


def test_a_run_that_is_not_recorded_has_nothing_to_send(tmp_path: Path) -> None:
    rings = Rings()
    files = RunFiles(tmp_path, rings, lambda _: None)
    files.write_recording()
    assert not list(files.recorded())
    files.close()
    rings.close()
