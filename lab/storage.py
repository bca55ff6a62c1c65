"""The folder of an experiment: its file, its plan, a file for each run that has ended.

Whatever kills us, a file is whole or absent.

experiment.toml    the file as it was when the experiment began
plan.json          `Plan.as_dict` of the runs in their order, `lab.raises` of their repeats
runs/KEY.json      `Result.as_dict` of one run
runs/KEY.console   what its guest's console said
durations.jsonl    how long each run took here, one line a run
report*            `lab.report`'s pages and their JSON
finding.json       what a search of `lab.searching` found

Whatever else is there is somebody else's: it is neither moved nor written over.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from lab.errors import StorageError
from lab.model import Result, result_from
from qemu.lock import LOCK_FILE, locked

LAB_FOLDER: Final = Path("build/lab")
EXPERIMENT: Final = "experiment.toml"
PLAN: Final = "plan.json"
RUNS: Final = "runs"
DURATIONS: Final = "durations.jsonl"
FINDING: Final = "finding.json"
KIND: Final = "kind"
"""In a plan's dictionary; without it the plan is an experiment's."""
SEARCH: Final = "bisect"
_OWN: Final = (EXPERIMENT, PLAN, RUNS, DURATIONS, FINDING, "report*.html", "report*.json")
_SCRATCH: Final = ".tmp"


class Folder:
    """An experiment's files below `path`; made when something is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = path / RUNS

    def write_result(self, result: Result) -> None:
        """Keep a run's result in the place of one it may have; on the device when this returns."""
        write_json(self.runs / f"{result.run.key}.json", result.as_dict())

    def results(self) -> list[Result]:
        """All results, sorted by the runs' numbers. Raises StorageError for a file that holds none."""
        found = [_read(path) for path in sorted(self.runs.glob("*.json"))]
        return sorted(found, key=lambda result: result.run.number)

    def set_damaged_aside(self) -> list[Path]:
        """Rename files that hold no result, so that their runs are done again; gives the new names."""
        aside = []
        for path in sorted(self.runs.glob("*.json")):
            try:
                _read(path)
            except StorageError:
                aside.append(path.rename(_free(path.with_name(f"{path.stem}.damaged"))))
        return aside

    def write_plan(self, table: Mapping[str, Any], experiment: bytes) -> None:
        """Keep the plan and, before it, the experiment's file."""
        write(self.path / EXPERIMENT, experiment)
        write_json(self.path / PLAN, table)

    def read_plan(self) -> dict[str, Any] | None:
        """The plan's dictionary; None when there is none. Raises StorageError when it is damaged."""
        path = self.path / PLAN
        if not path.exists():
            return None
        try:
            table = _load(path)
        except StorageError as error:
            raise StorageError(f"{path} is damaged, no plan: begin anew with --fresh, which keeps the runs") from error
        if not {"definition", "runs"} <= set(table):
            raise StorageError(f"{path} holds no plan: begin anew with --fresh")
        return table

    def add_duration(self, row: Mapping[str, Any]) -> None:
        """Add how long a run took, on a line of its own also after the half line of a killed writer."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / DURATIONS).open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
            gap = b"\n" if file.read(1) not in (b"", b"\n") else b""
            file.write(gap + json.dumps(row).encode() + b"\n")

    def refuse_others(self) -> None:
        """Raises StorageError for a folder without a plan in which there are files that are not the lab's."""
        others = [path.name for path in self.path.iterdir() if not _own(path)] if self.path.is_dir() else []
        try:
            begun = self.read_plan() is not None
        except StorageError:
            begun = False  # somebody's plan, or a damaged one
        if others and not begun:
            some = ", ".join(sorted(others)[:3]) + (", …" if len(others) > 3 else "")
            raise StorageError(
                f"{self.path} is no folder of the lab, and not empty ({some}): give a new or an empty one as --dir"
            )

    def keep_aside(self) -> Path | None:
        """Move the lab's files into a new folder beside this one and give its name; None when there are none.

        The lock stays: it is held. So do files of others.
        """
        own = [path for path in self.path.iterdir() if _own(path)] if self.path.is_dir() else []
        names = [path for path in own if path.name != LOCK_FILE]
        if not names:
            return None
        aside = _free(self.path.with_name(f"{self.path.name}.before"))
        aside.mkdir()
        for path in sorted(
            names, key=lambda path: path.name == PLAN
        ):  # the plan goes last: half a move is seen as such
            path.rename(aside / path.name)
        sync_folder(aside)
        return aside


@contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """The folder for one writer at a time, without what a killed one left half written.

    Raises `qemu.lock.DirectoryBusyError` that names the other writer, and StorageError, before anything is written, for
    a folder that is somebody else's.
    """
    folder = Folder(path)
    folder.refuse_others()
    with locked(path):
        for leftover in (*path.glob(f".*{_SCRATCH}"), *folder.runs.glob(f".*{_SCRATCH}")):
            if leftover.parent != path or _own(leftover):
                leftover.unlink()
        yield folder


def is_search(plan: Mapping[str, Any]) -> bool:
    """Whether a plan's dictionary is that of a search for a culprit, and no experiment's."""
    definition = plan["definition"]
    return plan.get(KIND) == SEARCH or (isinstance(definition, dict) and {"good", "bad", "units"} <= set(definition))


def durations(experiment: Path | None = None, everything: Path = LAB_FOLDER) -> Iterator[dict[str, Any]]:
    """How long earlier runs took, of an experiment's folder and of all in `everything`; other lines are passed over."""
    places = {path.resolve() for path in everything.glob(f"*/{DURATIONS}")}
    if experiment is not None and (experiment / DURATIONS).is_file():
        places.add((experiment / DURATIONS).resolve())
    for path in sorted(places):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # a killed writer's half line
            if isinstance(row, dict):
                yield row


def write_json(path: Path, table: Mapping[str, Any]) -> None:
    """Write a file that is the same for the same table."""
    write(path, (json.dumps(table, sort_keys=True) + "\n").encode())


def write_readable(path: Path, table: Mapping[str, Any]) -> None:
    """Write a file that people read too, in the table's order."""
    write(path, (json.dumps(table, indent=1, ensure_ascii=False) + "\n").encode())


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: under another name, onto the device, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}{_SCRATCH}")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """See to it that the device has a folder's names."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _own(path: Path) -> bool:
    """Whether a name in an experiment's folder is one that the lab gives."""
    name = path.name
    if name.startswith(".") and name.endswith(_SCRATCH):
        name = name.removeprefix(".").removesuffix(_SCRATCH)
    return name == LOCK_FILE or any(fnmatchcase(name, pattern) for pattern in _OWN)


def _read(path: Path) -> Result:
    try:
        result = result_from(_load(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path} holds no result ({error!r}): remove it, its run is then done again") from error
    if path.stem != result.run.key:
        raise StorageError(f"{path} holds the result of {result.run.key!r}: remove it, its run is then done again")
    return result


def _load(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path} is damaged ({error}): remove it, what it held is then done again") from error
    if not isinstance(table, dict):
        raise StorageError(f"{path} is damaged (it holds {type(table).__name__}, no table): remove it")
    return table


def _free(path: Path) -> Path:
    """`path` with the first number that no file has."""
    number = 1
    while (found := path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return found
