"""What a process leaves behind that is killed: nothing, says whoever started something."""

import os
import select
import subprocess
import sys
from pathlib import Path

from protocols import inotify
from qemu.children import python_environment


def leaves_nothing(program: str, folder: Path) -> None:
    """Run a Python program that prints the process id of its child, kill it, and wait for the end of the child and of
    `folder`. That the keeper is done only the file system shows: it is nobody's child."""
    folder.mkdir()
    (folder / "qmp").touch()
    deletions = inotify.watch(folder.parent, inotify.DELETED)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=python_environment()
    ) as starter:
        assert starter.stdout is not None
        child = os.pidfd_open(int(starter.stdout.readline()))
        starter.kill()
    _wait_for(child, "the child outlived its starter")
    os.close(child)
    while folder.exists():
        _wait_for(deletions, "the starter's folder was left behind")
        os.read(deletions, 1 << 16)
    os.close(deletions)


def _wait_for(fd: int, problem: str) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(20_000), problem
