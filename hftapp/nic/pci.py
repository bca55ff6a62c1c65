"""Network cards on the PCI bus as /sys/bus/pci/devices shows them: also those that no kernel driver has."""

from pathlib import Path
from typing import Final, NamedTuple

DEVICES: Final = "sys/bus/pci/devices"
_NETWORK: Final = "0x02"
"""Base class of network controllers (PCI Code and ID Assignment, 02h)."""


class PciDevice(NamedTuple):
    """Address such as `0000:00:03.0`, `vendor:device` in hex, bound driver ("" for none)."""

    address: str
    ids: str
    driver: str


def network_devices(root: Path = Path("/")) -> list[PciDevice]:
    """Return the network controllers, by address; none where there is no PCI bus. `root`: where /sys lies."""
    folder = root / DEVICES
    found = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        if _read(entry / "class").startswith(_NETWORK):
            ids = ":".join(_read(entry / name).removeprefix("0x") for name in ("vendor", "device"))
            driver = entry / "driver"
            found.append(PciDevice(entry.name, ids, driver.resolve().name if driver.exists() else ""))
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""  # pulled out while we looked
