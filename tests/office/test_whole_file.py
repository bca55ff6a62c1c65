"""A file is there whole or as it was before, whoever else writes it."""

import os
import stat
from pathlib import Path

import pytest

from office.whole_file import whole_file


def test_it_is_there_at_the_end_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    with whole_file(path) as temporary:
        temporary.write_bytes(b"behind")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"behind"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), whole_file(path) as temporary:
        temporary.write_bytes(b"ha")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with whole_file(path) as one:
        one.write_bytes(b"one")
        with whole_file(path) as other:
            other.write_bytes(b"other")
        assert path.read_bytes() == b"other"
    assert path.read_bytes() == b"one"


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with whole_file(tmp_path / "link") as temporary:
        temporary.write_bytes(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"
    os.mkfifo(tmp_path / "pipe")
    with whole_file(tmp_path / "pipe") as temporary:
        assert temporary == tmp_path / "pipe"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, whole_file(tmp_path / "no" / "out"):
        pass
    assert caught.value.filename == str(tmp_path / "no")
