"""One run on a worker of a Dask cluster: in a process of its own, which ends when the worker does.

The worker needs this project's files, the very same ones, and what they need; a guest is measured as it is here. As a
program: `python -m lab.dask_worker MODULE:FUNCTION FOLDER` takes a run, and the packages of Debian's kernels to prefer,
as JSON from the first line of its standard input, leaves `FOLDER/answer.json`, and ends early when standard input does.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from image import cache
from lab import kernels_for, scratch
from lab.durations import machine
from lab.model import Result, run_from
from lab.runner import Measure, attempt

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = (
    *("lab", "qemu", "image", "rootfs", "protocols", "hftapp", "strategies", "kernel-config"),
    *("hftos/compiling", "pyproject.toml", "requirements.lock"),
)
"""What decides a run's result: what measures, what is in the image, and how that is compiled."""
ANSWER: Final = "answer.json"
_one_at_a_time = threading.Lock()


def identity() -> str:
    """A hash of the sources as they are now: two machines with the same one measure the same."""
    return cache.hash_tree(*(ROOT / name for name in SOURCES), suffixes=(".py", ".pxd", ".toml", ".lock"))


def measured(run: Mapping[str, Any], packages: Mapping[str, str], target: str, sources: str) -> dict[str, Any]:
    """What the worker answers: `refused`, or the `result`, the seconds it `took`, the `machine`, and `files`.

    `packages`: those of Debian's kernels to take where this machine has kept them (`lab.kernels_for.packages`). One
    guest at a time in a worker, however many threads it has: guests beside each other would measure each other.
    """
    with _one_at_a_time, scratch.folder() as folder:
        if identity() != sources:  # each time: the measuring process imports what is there then
            return {"refused": f"{machine()} has other sources than the coordinator: bring both to the same commit"}
        began = time.monotonic()
        status, said = _run({"run": run, "packages": packages}, target, folder)
        took = time.monotonic() - began
        if not (folder / ANSWER).is_file():
            error = f"the measuring process ended with status {status}: {said}"
            result = Result(run_from(run), error=error).as_dict()
        else:
            result = json.loads((folder / ANSWER).read_bytes())
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != ANSWER}
        return {"result": result, "took": took, "machine": machine(), "files": files}


def _run(task: Mapping[str, Any], target: str, folder: Path) -> tuple[int, str]:
    """Exit status and the last words of the measuring process."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "lab.dask_worker", target, str(folder)]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | {"PYTHONPATH": path},
        ) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
        status = process.wait()  # its standard input stays open as long as this worker lives
        errors.seek(0)
        return status, " ".join(errors.read().decode(errors="replace").split()[-60:])


def main(target: str, folder: Path) -> None:
    """Measure the run on standard input."""
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_worker, daemon=True).start()
    module, _, attribute = target.partition(":")
    measure = cast("Measure", getattr(importlib.import_module(module), attribute))
    kernels_for.prefer(task["packages"])
    result = attempt(measure, run_from(task["run"]), folder, lambda _text: None)
    (folder / ANSWER).write_text(json.dumps(result.as_dict()), encoding="utf-8")


def _end_with_worker() -> None:
    """Interrupt the measurement when standard input ends, so that it takes its guest with it."""
    os.read(sys.stdin.fileno(), 1)  # not through the file object, whose lock would be held when the interpreter ends
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
