"""Waiting for a ready file: it ends with a living exchange's, however that comes, and at the latest with the time."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.ready_file import left_behind, running, write_json
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


@pytest.fixture
def serving() -> Iterator[int]:
    """A port that answers as a control port does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def dead() -> Iterator[int]:
    """The number of a process that ended and that nobody has waited for, so that no other one gets it."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def ready_file(pid: Any, port: Any) -> dict[str, Any]:
    return {"pid": pid, "control": {"host": "127.0.0.1", "port": port}}


def silent_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_the_file_of_a_killed_exchange_is_not_taken_for_the_next_ones(tmp_path: Path, serving: int, dead: int) -> None:
    path = tmp_path / "ready"
    write_json(path, ready_file(dead, serving))
    assert left_behind(path), "its port is served by another one"
    assert not wait_for(path, 0.01)
    successor = threading.Thread(target=write_json, args=(path, ready_file(os.getpid(), serving)))
    successor.start()
    began = time.monotonic()
    assert wait_for(path, LONG)
    successor.join()
    assert time.monotonic() - began < LONG / 2
    assert running(path) == os.getpid()


def test_a_process_of_the_same_number_is_not_the_exchange(tmp_path: Path) -> None:
    write_json(tmp_path / "ready", ready_file(os.getpid(), silent_port()))
    assert left_behind(tmp_path / "ready")
    assert not wait_for(tmp_path / "ready", 0)


@pytest.mark.parametrize("pid", [0, -1, 1 << 70, 1.5, "1", None])
def test_what_is_no_process_number_is_nobodys(tmp_path: Path, serving: int, pid: Any) -> None:
    write_json(tmp_path / "ready", ready_file(pid, serving))
    assert running(tmp_path / "ready") is None


def test_a_fifo_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ready")
    assert wait_for(tmp_path / "ready", 0)
