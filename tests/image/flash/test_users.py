"""Who uses a disk is found through partitions, arrays, mapped devices, loops and other mount namespaces."""

import os
from pathlib import Path

from image.flash import blocks, users
from image.flash.blocks import Block
from image.flash.host import Host
from tests.image.flash.host_maker import Machine, mount


def used(machine: Machine, folder: Path) -> users.Users:
    return users.of_disk(machine.host, Block(folder))


def disk(machine: Machine, name: str = "sdb", number: str = "8:16") -> Path:
    return machine.block(f"pci0/ata2/host1/block/{name}", number)


def part(machine: Machine, of: Path, index: int, number: str) -> Path:
    return machine.block(f"pci0/ata2/host1/block/{of.name}/{of.name}{index}", number, partition=str(index))


def test_nobody_uses_a_disk(machine: Machine) -> None:
    machine.process("self", [mount("8:1", "/"), mount("0:21", "/proc", "proc", "proc")])
    assert used(machine, disk(machine)) == users.Users()


def test_a_mounted_disk_and_a_mounted_partition(machine: Machine) -> None:
    sdb = disk(machine)
    part(machine, sdb, 1, "8:17")
    machine.process("self", [mount("8:17", "/mnt/my\\040data"), mount("8:16", "/srv")])
    assert used(machine, sdb).mounted == ("/mnt/my data", "/srv")


def test_the_system_disk_is_known_by_its_mount_points(machine: Machine) -> None:
    sda = disk(machine, "sda", "8:0")
    part(machine, sda, 1, "8:1")
    part(machine, sda, 2, "8:2")
    machine.process("self", [mount("8:2", "/"), mount("8:1", "/boot/efi", kind="vfat"), mount("8:2", "/bind")])
    found = used(machine, sda)
    assert (found.system, found.mounted) == (("/", "/boot/efi"), ("/bind",))


def test_the_system_on_a_volume_of_an_encrypted_array(machine: Machine) -> None:
    members = [disk(machine, "sda", "8:0"), disk(machine, "sdb", "8:16")]
    parts = [part(machine, members[0], 1, "8:1"), part(machine, members[1], 1, "8:17")]
    array = machine.block("virtual/block/md0", "9:0")
    crypt = machine.block("virtual/block/dm-0", "253:0", dm__name="crypt")
    root = machine.block("virtual/block/dm-1", "253:1", dm__name="vg-root")
    machine.builds(array, *parts)
    machine.builds(crypt, array)
    machine.builds(root, crypt)
    machine.process("self", [mount("253:1", "/")])
    for member in members:
        found = used(machine, member)
        assert found.system == ("/",)
        assert found.holders == ("dm-0 (crypt)", "dm-1 (vg-root)", "md0")


def test_the_system_on_a_file_in_the_disks_file_system(machine: Machine, tmp_path: Path) -> None:
    """A live system: / is a loop device whose file lies on the medium."""
    medium = disk(machine, number=f"{os.major(tmp_path.stat().st_dev)}:{os.minor(tmp_path.stat().st_dev)}")
    squashed = tmp_path / "root.squashfs"
    squashed.touch()
    machine.block("virtual/block/loop0", "7:0", loop__backing_file=str(squashed))
    machine.process("self", [mount("7:0", "/", kind="squashfs")])
    assert used(machine, medium).system == ("/",)


def test_a_member_of_a_btrfs_over_several_disks(machine: Machine) -> None:
    """Its mounts have an anonymous number, and name the first device only."""
    first, second = disk(machine), disk(machine, "sdc", "8:32")
    for folder in (first, second):
        link = machine.host.sys / "fs/btrfs/uuid/devices" / folder.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)
    machine.process("self", [mount("8:16", "/pool", "/dev/sdb", "btrfs")])
    assert used(machine, second).mounted == ("/pool",)


def test_a_mount_in_a_container(machine: Machine) -> None:
    machine.process("self", [])
    machine.process("812", [mount("8:16", "/data")], namespace="mnt:[2]")
    machine.process("813", [mount("8:16", "/data")], namespace="mnt:[2]")
    assert used(machine, disk(machine)).mounted == ("/data (as process 812 sees it)",)


def test_a_line_of_mountinfo_that_is_none_is_passed_over(machine: Machine) -> None:
    machine.process("self", ["", "nonsense", "24 1 8:16 / /mnt rw -", mount("8:16", "/srv")])
    assert used(machine, disk(machine)).mounted == ("/srv",)


def test_a_held_disk_without_a_mount(machine: Machine) -> None:
    sdb = disk(machine)
    machine.builds(machine.block("virtual/block/dm-3", "253:3", dm__name="mpatha"), sdb)
    assert used(machine, sdb).holders == ("dm-3 (mpatha)",)


def test_this_machines_own_root_is_found() -> None:
    """No double: the kernel's own tables."""
    host, root = Host(), Path("/").stat().st_dev
    found = Path(f"/sys/dev/block/{os.major(root)}:{os.minor(root)}")
    if found.exists():
        assert "/" in users.of_disk(host, Block(found.resolve()).disk()).system
    else:  # a root without a device of its own: then no disk may be taken for it
        assert all("/" not in users.of_disk(host, disk).system for disk in blocks.disks(host))
