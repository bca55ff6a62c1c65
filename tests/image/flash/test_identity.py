"""Each bus keeps the model and the serial number of a disk in a place of its own."""

import pytest

from image.flash.blocks import Block
from image.flash.identity import Identity, identify
from tests.image.flash.host_maker import Machine

DISKS = {
    "nvme": (
        "pci0/0000:01:00.0/nvme/nvme0/nvme0n1",
        {"device__model": "INTEL SSDPE2KX010T8", "device__serial": "PHLJ1234"},
        Identity("INTEL SSDPE2KX010T8", "PHLJ1234", "NVMe"),
    ),
    "sata": (
        "pci0/ata1/host0/target0:0:0/0:0:0:0/block/sda",
        {
            "device__vendor": "ATA",
            "device__model": "SAMSUNG MZ7LH480",
        },
        Identity("SAMSUNG MZ7LH480", "", "SATA"),
    ),
    "virtio": (
        "pci0/virtio1/block/vda",
        {"device__vendor": "0x1af4", "serial": "disk-7"},
        Identity("", "disk-7", "virtio"),
    ),
    "mmc": (
        "platform/mmc_host/mmc0/mmc0:1/block/mmcblk0",
        {"device__name": "DG4016", "device__serial": "0x4a2b"},
        Identity("DG4016", "0x4a2b", "MMC"),
    ),
    "loop": ("virtual/block/loop3", {"loop__backing_file": "/tmp/disk"}, Identity("/tmp/disk", "", "loop")),
    "terminal": ("a/block/sdz", {"device__model": "x\x1b[2J", "serial": "1\r2"}, Identity("x?[2J", "1?2", "")),
}


@pytest.mark.parametrize("name", DISKS)
def test_a_disk(machine: Machine, name: str) -> None:
    place, attributes, identity = DISKS[name]
    assert identify(machine.host, Block(machine.block(place, "8:0", **attributes))) == identity


def test_a_sata_disk_has_its_serial_number_in_a_page_of_scsi(machine: Machine) -> None:
    folder = machine.block("pci0/ata1/host0/target0:0:0/0:0:0:0/block/sda", "8:0")
    machine.attribute(folder, "device/vpd_pg80", b"\0\x80\0\x0eS45PNA0M5     \0")
    assert identify(machine.host, Block(folder)).serial == "S45PNA0M5"


def test_a_usb_disk_has_the_serial_number_of_the_stick(machine: Machine) -> None:
    stick = machine.host.sys / "devices/pci0/usb2/2-1"
    folder = machine.block(
        "pci0/usb2/2-1/2-1:1.0/host6/block/sdb", "8:16", device__vendor="SanDisk", device__model="Ultra"
    )
    machine.attribute(stick, "idVendor", "0781")
    machine.attribute(stick, "serial", "4C530001")
    assert identify(machine.host, Block(folder)) == Identity("SanDisk Ultra", "4C530001", "USB")


def test_udev_knows_what_sysfs_does_not(machine: Machine) -> None:
    folder = machine.block("pci0/host0/block/sda", "8:0")
    (machine.host.udev / "b8:0").write_text("S:disk/by-id/x\nE:ID_MODEL=PERC_H730\nE:ID_SERIAL_SHORT=6d09\n")
    assert identify(machine.host, Block(folder)) == Identity("PERC_H730", "6d09", "SCSI")
