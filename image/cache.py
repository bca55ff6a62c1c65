"""Content-addressed build products in `${XDG_CACHE_HOME:-~/.cache}/hftos`.

A product is a folder named after the hash of everything it was made from. It is made beside its place and renamed into
it, under a lock: two builds at once make it once, and a build that dies leaves nothing that looks finished.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def root(environment: Mapping[str, str] | None = None) -> Path:
    """The cache folder of this user; not created."""
    environment = os.environ if environment is None else environment
    base = environment.get("XDG_CACHE_HOME", "")
    # The base directory specification: a relative path is invalid and ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "hftos"


def key(**inputs: object) -> str:
    """A short name for the named inputs (anything JSON can express), the same on every machine."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_tree(*paths: Path, suffixes: tuple[str, ...] = ()) -> str:
    """One hash over the relative names and contents of files and folders, without byte-code caches."""
    digest = hashlib.sha256()
    for path in paths:
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            if "__pycache__" in file.parts or (suffixes and file.suffix not in suffixes):
                continue
            name = file.name if file == path else f"{path.name}/{file.relative_to(path).as_posix()}"
            digest.update(f"{name}\0{hash_file(file)}\n".encode())
    return digest.hexdigest()


@contextmanager
def lock(name: str, folder: Path) -> Iterator[None]:
    """Holds the lock `name` in `folder`, waiting for whoever has it; released even if this process is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def product(kind: str, name: str, make: Callable[[Path], None], *, cache: Path | None = None) -> tuple[Path, bool]:
    """The folder of product `name`, made by `make(empty folder)` when it is not there; and whether it was made now."""
    folder = (cache or root()) / kind
    place = folder / name
    if place.is_dir():
        os.utime(place)
        return place, False
    with lock(name, folder):
        if place.is_dir():
            return place, False
        for leftover in folder.glob(f".{name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
        try:
            made = scratch / "product"
            made.mkdir()
            make(made)
            made.rename(place)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return place, True


def prune(kind: str, keep: int, *, cache: Path | None = None) -> None:
    """Removes all but the `keep` most recently used products of a kind; those just made by others are recent."""
    folder = (cache or root()) / kind
    if not folder.is_dir():
        return
    places = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for place in sorted(places, key=lambda path: path.stat().st_mtime, reverse=True)[keep:]:
        shutil.rmtree(place, ignore_errors=True)
        place.with_name(f"{place.name}.lock").unlink(missing_ok=True)
