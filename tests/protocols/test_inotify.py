"""Changes of a folder wake the waiter, and only the asked-for ones."""

import os
import select
from pathlib import Path

import pytest

from protocols import inotify


def test_an_asked_for_event_makes_it_readable(tmp_path: Path) -> None:
    descriptor = inotify.watch(tmp_path, inotify.DELETED)
    (tmp_path / "file").touch()
    assert select.select([descriptor], [], [], 0)[0] == []
    (tmp_path / "file").unlink()
    assert select.select([descriptor], [], [], 20)[0] == [descriptor]
    os.close(descriptor)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        inotify.watch(tmp_path / "nowhere", inotify.CREATED)
