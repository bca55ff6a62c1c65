"""ClickHouse inside this process (chdb), its data in one folder, which one process at a time may have."""

import fcntl
import os
from pathlib import Path
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from store.errors import StoreError

LOCK: Final = "hftos.lock"
"""File in the store's folder; whoever has it locked has written its pid there."""

_held: dict[Path, tuple[int, int]] = {}  # folder → (descriptor, how often opened in this process)


def open_client(folder: Path, settings: dict[str, str], *, create: bool) -> Client:
    """Open the store in a folder, made if it is not there and `create` says so; `release` it after closing.

    StoreError when another process has it, when it is not there, or when ClickHouse refuses it.
    """
    folder = folder.resolve()
    if not create and not folder.is_dir():
        raise StoreError(f"there is no store in {folder}: load a run with `hftos store load`, or give another --dsn")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _acquire(folder)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}: give another --dsn") from error
    try:
        return clickhouse_connect.get_client(interface="chdb", path=str(folder), settings=settings)
    except (ClickHouseError, RuntimeError) as error:
        release(folder)
        reason = str(error).splitlines()[0]
        raise StoreError(f"ClickHouse cannot open {folder}: {reason}") from error
    except BaseException:
        release(folder)
        raise


def release(folder: Path) -> None:
    """Give a folder back, once for each time it was opened."""
    folder = folder.resolve()
    descriptor, count = _held[folder]
    if count > 1:
        _held[folder] = (descriptor, count - 1)
        return
    del _held[folder]
    os.close(descriptor)


def _acquire(folder: Path) -> None:
    if folder in _held:
        descriptor, count = _held[folder]
        _held[folder] = (descriptor, count + 1)
        return
    if _held:
        raise StoreError(f"this process has the store in {next(iter(_held))} open: close it before {folder}")
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreError(f"the store in {folder} is in use by process {holder}: wait for it, or end it") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    _held[folder] = (descriptor, 1)
