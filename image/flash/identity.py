"""What a disk calls itself: model, serial number and the bus it is on.

Each bus keeps them in another place of sysfs; the table has the places in the order in which they are asked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from image.flash.blocks import Block
from image.flash.host import Host, text
from image.flash.units import printable

_HEX = re.compile(r"0x[0-9a-f]+")

# What the path of a disk in sysfs contains, and the bus that tells; a USB disk is a SCSI disk too, so it comes first.
_BUSES = (
    ("/usb", "USB"),
    ("/nvme", "NVMe"),
    ("/ata", "SATA"),
    ("/virtio", "virtio"),
    ("/mmc", "MMC"),
    ("/block/loop", "loop"),
    ("/host", "SCSI"),
    ("/vbd", "Xen"),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Texts as the disk gives them; empty where it gives none."""

    model: str = ""
    serial: str = ""
    bus: str = ""


def identify(host: Host, block: Block) -> Identity:
    """Model, serial number and bus of a disk."""
    return Identity(printable(_first(_MODELS, host, block)), printable(_first(_SERIALS, host, block)), _bus(block))


def _bus(block: Block) -> str:
    return next((bus for part, bus in _BUSES if part in str(block.folder)), "")


def _attribute(name: str) -> Callable[[Host, Block], str]:
    return lambda _host, block: block.attribute(name)


def _vendor_and_model(host: Host, block: Block) -> str:
    """SCSI has both; a virtio disk's vendor is a PCI number."""
    del host
    vendor, model = block.attribute("device/vendor"), block.attribute("device/model")
    return model if not model or vendor in ("", "ATA") or _HEX.fullmatch(vendor) else f"{vendor} {model}"


def _unit_serial(host: Host, block: Block) -> str:
    """SCSI's vital product data, page 0x80: four bytes, then the number (SPC-4 §7.8.17)."""
    del host
    try:
        page = (block.folder / "device/vpd_pg80").read_bytes()
    except OSError:
        return ""
    return page[4:].decode("ascii", "replace").strip("\0 ")


def _usb_serial(host: Host, block: Block) -> str:
    """That of the USB device the disk is in: the nearest one above that has a vendor's number."""
    del host
    parents = (block.folder, *block.folder.parents)
    return next((text(folder / "serial") for folder in parents if (folder / "idVendor").exists()), "")


def _udev(key: str) -> Callable[[Host, Block], str]:
    """A property of udev's database, whose lines are `E:KEY=VALUE`."""

    def read(host: Host, block: Block) -> str:
        lines = text(host.udev / f"b{block.number}").splitlines()
        return next((line.partition("=")[2].strip() for line in lines if line.startswith(f"E:{key}=")), "")

    return read


_MODELS = (_vendor_and_model, _attribute("device/name"), _udev("ID_MODEL"), _attribute("loop/backing_file"))
_SERIALS = (
    _attribute("device/serial"),
    _attribute("serial"),
    _unit_serial,
    _usb_serial,
    _udev("ID_SERIAL_SHORT"),
    _attribute("device/wwid"),
    _attribute("wwid"),
)


def _first(sources: tuple[Callable[[Host, Block], str], ...], host: Host, block: Block) -> str:
    return next((found for source in sources if (found := source(host, block))), "")
