"""Waiting for a ready file: it ends with the file, however it comes, and at the latest with the time."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.ready_file import write_json
from exchange.ready_wait import wait_for

LONG = 60.0


def write(path: Path) -> None:
    path.write_text("{}")


def renamed(path: Path) -> None:
    write_json(path, {})


def in_its_way(path: Path) -> None:
    for other in "abc":
        path.with_name(other).touch()
    write_json(path, {})


@pytest.mark.parametrize("come", [write, renamed, in_its_way])
def test_it_ends_when_the_file_comes(tmp_path: Path, come: Callable[[Path], None]) -> None:
    path = tmp_path / "ready"
    writer = threading.Thread(target=come, args=(path,))
    writer.start()
    began = time.monotonic()
    assert wait_for(path, LONG)
    writer.join()
    assert time.monotonic() - began < LONG / 2


def test_a_file_that_is_there_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "ready")
    assert wait_for(tmp_path / "ready", 0)


@pytest.mark.parametrize("place", ["ready", "no/folder"])
def test_it_ends_without_the_file(tmp_path: Path, place: str) -> None:
    (tmp_path / "other").touch()
    assert not wait_for(tmp_path / place, 0.01)


def test_nothing_comes_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    began = time.monotonic()
    assert not wait_for(tmp_path / "no" / "folder", LONG)
    assert time.monotonic() - began < LONG / 2
