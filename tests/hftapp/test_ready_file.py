"""The ready file: taken once it is whole and its exchange alive; otherwise what is wrong is said."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from hftapp.ready_file import wait_for


def content(pid: int, host: str = "127.0.0.1") -> str:
    return json.dumps({"pid": pid, "ouch": {"host": host}})


def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_file_that_is_there_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content(os.getpid()))
    assert wait_for(path, 0)["pid"] == os.getpid()


@pytest.mark.parametrize("by_rename", [False, True])
def test_a_file_that_appears_wakes_the_waiter(tmp_path: Path, by_rename: bool) -> None:
    path = tmp_path / "ready.json"
    found: list[object] = []
    waiter = threading.Thread(target=lambda: found.append(wait_for(path, 20)))
    waiter.start()
    if by_rename:
        (tmp_path / "draft").write_text(content(os.getpid()))
        (tmp_path / "draft").rename(path)
    else:
        path.write_text(content(os.getpid()))
    waiter.join(20)
    assert found == [{"pid": os.getpid(), "ouch": {"host": "127.0.0.1"}}]


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match=r"ready.json: no such file; is `hftos exchange --ready-file` running\?"):
        wait_for(tmp_path / "ready.json", 0)


def test_a_file_left_by_an_exchange_that_ended_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content(ended_process()))
    with pytest.raises(TimeoutError, match="left by an exchange that has ended"):
        wait_for(path, 0)


def test_an_exchange_on_another_host_is_taken_at_its_word(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content(ended_process(), host="10.20.0.1"))
    assert wait_for(path, 0)["ouch"] == {"host": "10.20.0.1"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pid": "x", "ouch": {"host": "127.0.0.1"}}', '{"pid": 1, "ouch": 3}']
)
def test_something_else_is_not_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ready.json"
    path.write_text(text)
    with pytest.raises(TimeoutError, match="not the ready file of an exchange"):
        wait_for(path, 0)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        wait_for(tmp_path / "nowhere" / "ready.json", 0)
