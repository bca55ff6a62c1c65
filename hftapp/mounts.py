"""The kernel file systems PID 1 mounts itself: nothing mounts them for an initramfs (DEVTMPFS_MOUNT does not apply)."""

import errno
from pathlib import Path
from typing import NamedTuple

from hftapp import libc

NOSUID, NODEV, NOEXEC = 2, 4, 8


class Mount(NamedTuple):
    """One row: what to mount where; `required` says whether trading makes sense without it."""

    fstype: str
    target: str
    flags: int
    data: str
    required: bool
    reason: str


class MountError(Exception):
    """A required file system could not be mounted; the text names it, the target and the reason."""


TABLE = (
    Mount("proc", "/proc", NOSUID | NODEV | NOEXEC, "", True, "interrupt counts, knobs, affinities"),
    Mount("sysfs", "/sys", NOSUID | NODEV | NOEXEC, "", True, "isolation read-back, network interfaces"),
    Mount("devtmpfs", "/dev", NOSUID, "mode=0755", True, "console, kmsg, vfio"),
    Mount("debugfs", "/sys/kernel/debug", NOSUID | NODEV | NOEXEC, "", False, "fair_server knobs"),
    Mount("tmpfs", "/run", NOSUID | NODEV, "mode=0755", True, "journal"),
    Mount("tmpfs", "/tmp", NOSUID | NODEV, "mode=1777", False, "libraries that insist on it"),
    Mount("hugetlbfs", "/dev/hugepages", NOSUID | NODEV, "", False, "packet buffers of user-space drivers"),
)


def mount_all(table: tuple[Mount, ...] = TABLE) -> list[str]:
    """Mount every row; returns notes about optional rows that are not there.

    A target that is already mounted counts as done. Raises MountError for a required row that fails.
    """
    notes = []
    for row in table:
        try:
            Path(row.target).mkdir(parents=True, exist_ok=True)
            libc.mount(row.fstype, row.target, row.fstype, row.flags, row.data)
        except OSError as error:
            if error.errno == errno.EBUSY:
                continue
            if row.required:
                raise MountError(f"{row.fstype} on {row.target} ({row.reason}): {error.strerror}") from error
            notes.append(f"{row.target} not mounted: {error.strerror}")
    return notes
