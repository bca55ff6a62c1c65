"""A file that is whole or not there, whoever writes it."""

import multiprocessing
from pathlib import Path

import pytest

from store import whole_file


def test_two_that_write_the_same_file_leave_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [b"a" * 300_000, b"b" * 400_000]

    def write(content: bytes) -> None:
        for _ in range(30):
            whole_file.write(path, content)

    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(content,)) for content in contents]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0, 0]
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole_file.write(path, b"old")
    with pytest.raises(TypeError):
        whole_file.write(path, "no bytes")  # type: ignore[arg-type]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        whole_file.write(tmp_path / "folder", b"new")
    assert path.read_bytes() == b"old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]
