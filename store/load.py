"""Loads what it is given into the store: a run's folder, a capture, a BinaryFILE of ITCH messages, an audit log.

Loading again adds what has come since, and changes nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from protocols.itch_files import looks_like_capture
from store import load_alerts, load_audit, load_capture, load_itch, load_journal, load_live, load_wire, stored_files
from store.client import Store
from store.errors import StoreError
from store.fees import Fees
from store.inserter import Inserted
from store.pipeline import Pipeline
from store.run_folder import PORT, RunFolder, capture_began, captures_in, look_into, name_at
from store.tables import ALERTS, AUDIT


@dataclass(frozen=True)
class Loaded:
    """What a load did: the run, rows by table, counts of what was read, views that were made anew. `log`: the audit log
    (`store.load_audit`), None for a run."""

    run: str
    tables: dict[str, Inserted]
    counts: dict[str, int]
    repaired: tuple[str, ...]
    log: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        tables = {name: {"new": done.new, "known": done.known} for name, done in sorted(self.tables.items())}
        of = {"run": self.run} if self.log is None else {"log": self.log}
        return {**of, "tables": tables, "counts": self.counts, "repaired": list(self.repaired)}


@dataclass(frozen=True)
class Wishes:
    """How to load: the run's name ("": its own), the day of a BinaryFILE (None: from its name), fees, `final` (nothing
    more will come, though the run has no report yet), `say` for progress (what, done, in all; 0: nobody knows),
    `alerts` (also what surveillance found), `new_log` (an audit log may be another one than the store has of its
    path)."""

    fees: Fees
    run: str = ""
    day: date | None = None
    final: bool = False
    say: Callable[[str, int, int], None] = lambda *_: None
    alerts: bool = True
    new_log: bool = False

    def progress(self, what: str) -> Callable[[int, int], None]:
        """`say` about one thing."""
        return lambda done, total: self.say(what, done, total)


def load(store: Store, path: Path, wishes: Wishes) -> Loaded:
    """Load a run's folder, a capture, a BinaryFILE or an audit log. StoreError says what is wrong with it."""
    if path.is_dir():
        return _run(store, look_into(path, wishes.run, final=wishes.final), wishes)
    try:
        if load_audit.looks_like_log(path):
            return _audit(store, path, wishes)
        capture = looks_like_capture(path)
    except FileNotFoundError:
        raise StoreError(
            f"{path} is not there: give a run's folder, a capture, a BinaryFILE of ITCH messages or an audit log"
        ) from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    return _capture(store, path, wishes) if capture else _itch(store, path, wishes)


def _run(store: Store, folder: RunFolder, wishes: Wishes) -> Loaded:
    stored_files.check(store, folder, named=bool(wishes.run))
    repaired = store.repair(folder.run)
    with Pipeline(store) as pipeline:
        journalled = load_journal.load(folder, wishes.fees, pipeline, wishes.progress("journal"))
        counts = dict(journalled.counts)
        wishes.say("live stream", 0, 0)
        counts |= {f"live_{name}": count for name, count in load_live.load(folder, pipeline).items()}
        if folder.captures:
            wishes.say("captures", 0, 0)
            captured = load_capture.load(
                folder.captures,
                folder.run,
                PORT,
                pipeline,
                folder.names.sessions,
                final=folder.ended,
                progress=wishes.progress("captures"),
            )
            counts |= captured.counts | load_wire.load(folder, captured, journalled, pipeline)
    loaded = _loaded(store, folder.run, pipeline, counts, repaired)
    if wishes.alerts and folder.ended and (alerts := load_alerts.load(store, folder)):
        loaded.tables[ALERTS.name] = alerts
    return loaded


def _capture(store: Store, path: Path, wishes: Wishes) -> Loaded:
    run = wishes.run or name_at(capture_began(path), path.stem)
    repaired = store.repair(run)
    with Pipeline(store) as pipeline:
        captured = load_capture.load([path], run, path.stem, pipeline, (), progress=wishes.progress("capture"))
    return _loaded(store, run, pipeline, captured.counts, repaired)


def _itch(store: Store, path: Path, wishes: Wishes) -> Loaded:
    load_itch.check(path)
    day = wishes.day or load_itch.day_of(path)
    if day is None:
        raise StoreError(f"{path.name} says no day, and ITCH counts from midnight: give --date YYYY-MM-DD")
    run = wishes.run or path.name.partition(".")[0]
    repaired = store.repair(run)
    with Pipeline(store) as pipeline:
        counts = load_itch.load(path, run, day, pipeline, wishes.progress("messages"))
    return _loaded(store, run, pipeline, counts, repaired)


def _audit(store: Store, path: Path, wishes: Wishes) -> Loaded:
    if wishes.run:
        raise StoreError(f"{path} is an audit log, which is of no run: leave out --run {wishes.run}")
    wishes.say("audit log", 0, 0)
    done = load_audit.load(store, path, new_log=wishes.new_log)
    return Loaded("", {AUDIT.name: done.inserted}, {"records": done.records}, (), done.log)


def _loaded(store: Store, run: str, pipeline: Pipeline, counts: dict[str, int], repaired: list[str]) -> Loaded:
    return Loaded(run, dict(pipeline.inserted), counts, tuple(repaired + store.repair(run)))


__all__ = ["Loaded", "Wishes", "captures_in", "load"]
