"""Where events come from: a file that a venue handed over, a run in a store, or a run's folder."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.dsn import shown
from store.surveillance import attribution_file, store_source
from store.surveillance.events import Event
from store.surveillance.files import FOLDER

ATTRIBUTION: Final = "attribution.jsonl"
OUTPUT: Final = Path("build/surveillance")


class SourceError(ValueError):
    """There is nothing to look at; the text names what was given and the remedy."""


@dataclass(frozen=True)
class Source:
    """A name for people, the events (a context, because stores are open meanwhile), and where alerts go by default."""

    name: str
    events: AbstractContextManager[Iterator[Event]]
    folder: Path


def open_source(run: Path, dsn: str | None) -> Source:
    """The events of a run. SourceError: there is no such thing."""
    if dsn is not None:
        return Source(f"run {run} of {shown(dsn)}", _of_store(dsn, str(run)), OUTPUT / run.name)
    if run.is_file():
        return Source(str(run), contextlib.nullcontext(attribution_file.read(run)), run.parent / FOLDER)
    if not run.is_dir():
        raise SourceError(f"{run} is not there: give a run's folder, a file of attributed events, or --dsn and a run")
    for path in (run / ATTRIBUTION, run / "exchange" / ATTRIBUTION):
        if path.is_file():
            return Source(str(path), contextlib.nullcontext(attribution_file.read(path)), run / FOLDER)
    return Source(f"the firm's orders of {run}", _of_folder(run), run / FOLDER)


@contextlib.contextmanager
def _of_store(dsn: str, run: str) -> Iterator[Iterator[Event]]:
    # ClickHouse takes a second to load, and only runs in a store need it.
    from store.client import connect
    from store.errors import StoreError

    try:
        with connect(dsn, readonly=True) as store:
            known = store.runs()
            if run not in known:
                raise SourceError(f"no run {run!r} in {shown(dsn)}: there are {', '.join(known[-8:]) or 'none'}")
            yield store_source.events(store, run)
    except StoreError as error:
        raise SourceError(str(error)) from error


@contextlib.contextmanager
def _of_folder(folder: Path) -> Iterator[Iterator[Event]]:
    """A store for this run alone, which goes with it: the loaders know how captures and journal become rows."""
    from store.client import connect
    from store.errors import StoreError
    from store.fees import read as read_fees
    from store.load import Wishes, load

    try:
        with tempfile.TemporaryDirectory(prefix="surveillance-") as scratch, connect(f"chdb:{scratch}/store") as store:
            loaded = load(store, folder, Wishes(read_fees(), alerts=False))
            yield store_source.events(store, loaded.run)
    except StoreError as error:
        raise SourceError(str(error)) from error
