"""Modules of a foreign kernel are loaded in the order of their numbers, and a refusal names module and reason."""

import errno
import os
from pathlib import Path

import pytest

from hftapp.kernel_modules import ModuleError, load_all


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(name.encode())


def test_by_number_not_by_name(tmp_path: Path) -> None:
    put(tmp_path, "10-af_packet.ko", "2-virtio_net.ko", "0-failover.ko")
    seen: list[bytes] = []
    assert load_all(tmp_path, lambda fd: seen.append(os.read(fd, 99))) == ["failover", "virtio_net", "af_packet"]
    assert seen == [b"0-failover.ko", b"2-virtio_net.ko", b"10-af_packet.ko"]


def test_nothing_to_load_is_no_error(tmp_path: Path) -> None:
    assert load_all(tmp_path / "none") == load_all(tmp_path) == []


def test_one_that_is_there_already_counts(tmp_path: Path) -> None:
    put(tmp_path, "0-failover.ko")

    def there(_fd: int) -> None:
        raise OSError(errno.EEXIST, "File exists")

    assert load_all(tmp_path, there) == ["failover"]


def test_a_file_that_is_no_module_is_refused_by_the_kernel_and_named(tmp_path: Path) -> None:
    put(tmp_path, "0-failover.ko")
    with pytest.raises(ModuleError, match=rf"0-failover\.ko does not go into Linux {os.uname().release}: "):
        load_all(tmp_path)


def test_a_file_without_a_number_is_named(tmp_path: Path) -> None:
    put(tmp_path, "failover.ko")
    with pytest.raises(ValueError, match=r"failover\.ko: modules are named N-name\.ko"):
        load_all(tmp_path)
