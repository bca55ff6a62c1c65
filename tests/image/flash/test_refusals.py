"""A device is refused for everything that speaks against it, each with its value and what to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from image.flash import refusals
from image.flash.device import FILE, Device
from image.flash.identity import Identity
from image.flash.refusals import RULES, Image, check
from image.flash.users import Users

GIB = 1 << 30
IMAGE = Image(353 << 20, "8:1/77")
DISK = Device(
    "/dev/disk/by-id/usb-stick",
    Path("/dev/sdb"),
    "SCSI, SATA or USB disk",
    name="sdb",
    number="8:16",
    bytes=GIB,
    writable=True,
    identity=Identity("Ultra", "4C53", "USB"),
)
FILE_TARGET = Device("disk", Path("/home/disk"), FILE, name="disk", number="8:1/78", bytes=GIB, writable=True)

# What is different about the device; the rule that must refuse it, alone; words of its reason.
CASES = [
    (Device("", Path(), "missing"), "no-device", "no device was named"),
    (Device("/dev/sdx", Path("/dev/sdx"), "missing"), "missing", "there is no /dev/sdx"),
    (Device("/dev/by", Path("/dev/sdx"), "missing"), "missing", "it leads to /dev/sdx"),
    (Device("/tmp", Path("/tmp"), "directory"), "no-disk", "/tmp is a directory"),
    (Device("/dev/null", Path("/dev/null"), "character device"), "no-disk", "is a character device"),
    (Device("/p", Path("/p"), "pipe"), "no-disk", "is a pipe"),
    (Device("/s", Path("/s"), "socket"), "no-disk", "is a socket"),
    (Device("/dev/sdb1", Path("/dev/sdb1"), "partition", whole="/dev/sdb"), "partition", "is a partition of /dev/sdb"),
    (Device("/dev/md0", Path("/dev/md0"), "unknown", bytes=GIB), "unknown", "arrays, mapped, optical"),
    (replace(DISK, writable=False), "permission", "may not be read and written"),
    (replace(DISK, unreadable="Input/output error"), "unreadable", "cannot be read (Input/output error)"),
    (replace(DISK, bytes=0), "no-medium", "has no medium"),
    (replace(DISK, read_only=True), "read-only", "/dev/sdb (Ultra) is read-only"),
    (replace(DISK, users=Users(system=("/", "/boot"))), "system-disk", "system disk: it holds /, /boot"),
    (replace(DISK, users=Users(("/",), ("/srv",))), "system-disk", "system disk: it holds /"),
    (replace(DISK, users=Users(mounted=("/srv",))), "mounted", "is mounted on /srv"),
    (replace(DISK, users=Users(mounted=tuple("abcdefg"))), "mounted", "a, b, c, d, e and 2 more"),
    (replace(DISK, users=Users(swaps=("/dev/sdb2",))), "swap", "swapped to: /dev/sdb2"),
    (replace(DISK, users=Users(holders=("dm-0 (vg)",))), "held", "in use by dm-0 (vg), built on it"),
    (replace(DISK, users=Users(writers=("dd (pid 5)",))), "open", "open for writing by dd (pid 5)"),
    (replace(DISK, sector=4096), "sectors", "sectors of 4096 bytes; the image is for 512"),
    (replace(DISK, bytes=1 << 20), "too-small", "it has 1048576 bytes, the image 370147328 (353.0 MiB)"),
    (replace(FILE_TARGET, bytes=GIB + 1), "odd-size", "no whole sectors of 512"),
    (replace(FILE_TARGET, number="8:1/77"), "itself", "is the image itself"),
    (replace(DISK, files=("8:1/5", "8:1/77")), "itself", "shows the image itself"),
]


@pytest.mark.parametrize("good", [DISK, FILE_TARGET, replace(DISK, bytes=353 << 20), replace(DISK, files=("8:1/5",))])
def test_nothing_speaks_against_a_disk_that_nobody_uses(good: Device) -> None:
    assert check(good, IMAGE) == []


@pytest.mark.parametrize(
    ("device", "rule", "words"), CASES, ids=[f"{rule}-{i}" for i, (_, rule, _) in enumerate(CASES)]
)
def test_one_thing_is_refused_by_its_rule_alone(device: Device, rule: str, words: str) -> None:
    found = check(device, IMAGE)
    assert [refusal.name for refusal in found] == [rule]
    assert words in found[0].reason


def test_every_rule_has_a_case_and_a_remedy() -> None:
    assert {rule.name for rule in RULES} == {rule for _, rule, _ in CASES}
    assert all(rule.remedy for rule in RULES)


def test_all_reasons_are_told_at_once() -> None:
    device = replace(DISK, read_only=True, sector=4096, users=Users((), ("/x",), ("/dev/sdb1",), ("md0",), ("a",)))
    names = [refusal.name for refusal in check(device, IMAGE)]
    assert names == ["read-only", "mounted", "swap", "held", "open", "sectors"]
    assert str(refusals.check(device, IMAGE)[0]).endswith("; look for a write protection, or name another disk")
