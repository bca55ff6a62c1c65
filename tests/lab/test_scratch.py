"""Folders that are gone when they are not needed any more, and when their process is killed."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab import scratch
from protocols import inotify
from qemu.children import python_environment

HOLDER = """
import sys, time
from lab import scratch
if sys.argv[1] == "process":
    place = scratch.of_process()
    (place / "vmlinuz").write_bytes(b"kernel")
    print(place, flush=True)
else:
    with scratch.folder() as place:
        (place / "initramfs").write_bytes(b"initramfs")
        print(place, flush=True)
        if sys.argv[2] == "waits":
            time.sleep(600)
if sys.argv[2] == "waits":
    time.sleep(600)
"""


def start(tmp_path: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = python_environment() | {"TMPDIR": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_a_folder_is_removed_at_the_end_of_its_context() -> None:
    with scratch.folder("hftos-test-") as place:
        (place / "file").touch()
        assert place.name.startswith("hftos-test-")
        assert place.stat().st_mode & 0o077 == 0
    assert not place.exists()


@pytest.mark.parametrize("kind", ["process", "context"])
def test_a_process_that_is_killed_leaves_no_folder(tmp_path: Path, kind: str) -> None:
    deletions = inotify.watch(tmp_path, inotify.DELETED)
    with start(tmp_path, kind, "waits") as process:
        assert process.stdout is not None
        place = Path(process.stdout.readline().strip())
        assert place.parent == tmp_path
        assert place.is_dir()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    poll = select.poll()
    poll.register(deletions, select.POLLIN)  # who removes it is nobody's child: only the file system shows that
    while place.exists():
        assert poll.poll(20_000), "the folder was left behind"
        os.read(deletions, 1 << 16)
    os.close(deletions)


@pytest.mark.parametrize("kind", ["process", "context"])
def test_nor_does_one_that_ends_by_itself(tmp_path: Path, kind: str) -> None:
    with start(tmp_path, kind, "ends") as process:
        assert process.stdout is not None
        assert process.stdout.read().startswith(str(tmp_path))
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
