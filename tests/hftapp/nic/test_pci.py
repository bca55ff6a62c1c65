from pathlib import Path

from hftapp.nic.pci import PciDevice, network_devices


def device(root: Path, address: str, kind: str, ids: tuple[str, str], driver: str = "") -> None:
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    for name, value in (("class", kind), ("vendor", ids[0]), ("device", ids[1])):
        (folder / name).write_text(value + "\n")
    if driver:
        target = root / "sys/bus/pci/drivers" / driver
        target.mkdir(parents=True, exist_ok=True)
        (folder / "driver").symlink_to(target)


def test_network_controllers_by_address(tmp_path: Path) -> None:
    device(tmp_path, "0000:00:04.0", "0x020000", ("0x8086", "0x10d3"))
    device(tmp_path, "0000:00:03.0", "0x020000", ("0x1af4", "0x1041"), "vfio-pci")
    device(tmp_path, "0000:00:02.0", "0x030000", ("0x1234", "0x1111"), "bochs")
    assert network_devices(tmp_path) == [
        PciDevice("0000:00:03.0", "1af4:1041", "vfio-pci"),
        PciDevice("0000:00:04.0", "8086:10d3", ""),
    ]


def test_a_machine_without_a_pci_bus(tmp_path: Path) -> None:
    assert network_devices(tmp_path) == []
