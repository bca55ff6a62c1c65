"""The disks of a machine as sysfs lists them."""

from image.flash import blocks
from tests.image.flash.host_maker import Machine


def test_a_disk_that_the_kernel_hides_is_none_to_choose(machine: Machine) -> None:
    """An NVMe disk with two ports: the paths have no node in /dev, the disk that goes over both has."""
    for name, number, hidden in (("nvme0n1", "259:0", "0"), ("nvme0c0n1", "259:1", "1"), ("nvme0c1n1", "259:2", "1")):
        machine.block(f"virtual/nvme-subsystem/nvme-subsys0/{name}", number, hidden=hidden)
    machine.block("pci0/ata2/host1/block/sda", "8:0")  # a kernel without that file
    assert [block.name for block in blocks.disks(machine.host)] == ["nvme0n1", "sda"]
