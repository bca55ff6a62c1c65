"""One run at a time in a directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qemu.children import python_environment
from qemu.lock import LOCK_FILE, DirectoryBusyError, locked

HOLDER = """
import sys
from pathlib import Path
from qemu.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_holder_is_named_and_the_lock_ends_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=python_environment(), text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(DirectoryBusyError, match=f"in use by the run with pid {holder.pid}"),
            locked(tmp_path / "run"),
        ):
            pass
        holder.kill()
    with locked(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK_FILE).read_text() == f"{os.getpid()}\n"


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), locked(tmp_path):
        raise ValueError("broken")
    with locked(tmp_path):
        pass
