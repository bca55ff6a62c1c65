"""The virtual environment of the packages that are measured beside ours; the project itself does not depend on them."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LOCK = Path(__file__).resolve().parent / "requirements.lock"
FEED_LOCK = LOCK.with_name("feed-requirements.lock")
"""The packages of `hftos bench decode` and `books`, apart because they need much more."""


class PeerEnvironmentError(Exception):
    """The environment could not be made; the text says why."""


def python(folder: Path, say: Callable[[str], None], lock: Path | None = None) -> Path:
    """The interpreter of the environment in `folder`, made or made anew where the lock file (`LOCK`) has changed."""
    lock = lock or LOCK
    stamp = folder / ".stamp"
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    interpreter = folder / "bin/python"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return interpreter
    say(f"installing the packages of {lock.parent.name}/{lock.name} into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    install = [str(interpreter), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    _run([*install, "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)])
    stamp.write_text(wanted, encoding="utf-8")
    return interpreter


def versions(interpreter: Path) -> dict[str, str]:
    """Every package of the environment, by name."""
    code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    return dict(json.loads(_run([str(interpreter), "-c", code])))


def _run(command: list[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerEnvironmentError(f"{' '.join(command[:4])} … failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
