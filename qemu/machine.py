"""What a virtual machine is made of, as data, and the QEMU command line that builds it.

Network cards are joined to the switch by unix datagram sockets, one frame a datagram (QEMU ≥ 7.2). The machine boots
either the kernel directly, or a disk image through OVMF; images are opened in snapshot mode and never written.
"""

from dataclasses import dataclass
from pathlib import Path

from qemu.accel import QEMU, Accelerator

FIRMWARE = (
    (Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    (Path("/usr/share/OVMF/OVMF_CODE.fd"), Path("/usr/share/OVMF/OVMF_VARS.fd")),
    (Path("/usr/share/edk2/x64/OVMF_CODE.4m.fd"), Path("/usr/share/edk2/x64/OVMF_VARS.4m.fd")),
    (Path("/usr/share/edk2/ovmf/OVMF_CODE.fd"), Path("/usr/share/edk2/ovmf/OVMF_VARS.fd")),
)


class MachineError(RuntimeError):
    """The machine cannot be built here; the text names what is missing."""


# One buffer for each received frame, none of which is longer than the MTU: buffers that are merged, and segments that
# need it, cost several times the instructions of receiving. DPDK's and the kernel's driver both gain.
ONE_BUFFER_A_FRAME = "mrg_rxbuf=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off"
# Device and options by the name of the model. Without the legacy interface, as a trading server's card, and with DMA
# through the IOMMU, or a user-space driver would program addresses that the card takes for physical ones.
MODELS = {
    # `ioeventfd=off`: a doorbell is dealt with where it is rung, not handed to QEMU's main loop.
    "virtio": f"virtio-net-pci,disable-legacy=on,iommu_platform=on,ioeventfd=off,{ONE_BUFFER_A_FRAME}",
    "e1000e": "e1000e",
    "vmxnet3": "vmxnet3",
}

# The devices between a disk image and the machine, the disk last, by the name of the bus. q35 has a SATA controller.
BUSES = {
    # One queue: with one per CPU an interrupt of the disk would belong to the trader's CPU, and stay there.
    "virtio": ("virtio-blk-pci,drive=disk,bootindex=0,disable-legacy=on,num-queues=1",),
    # Two queues are the least that firmware takes.
    "nvme": ("nvme,drive=disk,bootindex=0,serial=hftos-nvme,max_ioqpairs=2",),
    "sata": ("ide-hd,bus=ide.0,drive=disk,bootindex=0,serial=hftos-sata",),
    "usb": ("qemu-xhci,id=usb", "usb-storage,bus=usb.0,drive=disk,bootindex=0,serial=hftos-usb"),
}


_BUSES_A_SOCKET = 64


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card of a model of `MODELS`: `local` is QEMU's socket path, `remote` the switch's.

    `socket`: at which of the machine's CPUs it is.
    """

    name: str
    mac: str
    local: Path
    remote: Path
    model: str = "virtio"
    socket: int = 0

    def argv(self) -> list[str]:
        """`-netdev` and `-device`, without a boot ROM. Raises MachineError for an unknown model."""
        if self.model not in MODELS:
            raise MachineError(f"{self.model!r} is no model of a network card: must be one of {', '.join(MODELS)}")
        backend = ",".join(
            (
                f"dgram,id={self.name}",
                f"local.type=unix,local.path={_escaped(self.local)}",
                f"remote.type=unix,remote.path={_escaped(self.remote)}",
            )
        )
        device = f"{MODELS[self.model]},netdev={self.name},mac={self.mac},romfile="
        if not self.socket:
            return ["-netdev", backend, "-device", device]
        port = f"pcie-root-port,id=port-{self.name},bus=socket{self.socket},chassis={self.socket}"
        return ["-device", port, "-netdev", backend, "-device", f"{device},bus=port-{self.name}"]


@dataclass(frozen=True, slots=True)
class DirectBoot:
    """QEMU loads the kernel itself."""

    kernel: Path
    initramfs: Path
    command_line: str

    def argv(self) -> list[str]:
        """`-kernel`, `-initrd`, `-append`."""
        return ["-kernel", str(self.kernel), "-initrd", str(self.initramfs), "-append", self.command_line]


@dataclass(frozen=True, slots=True)
class DiskBoot:
    """OVMF boots a disk image.

    `variables` is this machine's own copy of the firmware's variables, `bus` one of `BUSES`.
    """

    image: Path
    firmware: Path
    variables: Path
    bus: str = "virtio"

    def argv(self) -> list[str]:
        """Two flash chips and a disk whose changes are thrown away. Raises MachineError for an unknown bus."""
        if self.bus not in BUSES:
            raise MachineError(f"{self.bus!r} is no bus of a disk: must be one of {', '.join(BUSES)}")
        return [
            *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={_escaped(self.firmware)}"),
            *("-drive", f"if=pflash,unit=1,format=raw,file={_escaped(self.variables)}"),
            *("-drive", f"if=none,id=disk,format=raw,snapshot=on,file={_escaped(self.image)}"),
            *(word for device in BUSES[self.bus] for word in ("-device", device)),
        ]


@dataclass(frozen=True, slots=True)
class Machine:
    """A q35 machine without default devices, with an IOMMU.

    `cpu` "max" is all the accelerator can give (x86-64-v3 and more). `icount` lets virtual time go by 1 ns with each
    instruction of the guest (emulation only): a figure measured in it is the same every time. While all CPUs are idle
    its time jumps to the next timer if it `skips_idle`, else it goes by as the host's, for a guest that waits for
    something outside. Of several `sockets` each has its share of `cpus` and `memory_mib`, and a PCI bus of its own.
    """

    accelerator: Accelerator
    boot: DirectBoot | DiskBoot
    nics: tuple[Nic, ...]
    console: Path
    qmp: Path
    cpus: int = 2
    memory_mib: int = 512
    cpu: str = "max"
    iommu: bool = True
    icount: bool = False
    skips_idle: bool = True
    sockets: int = 1

    def argv(self) -> list[str]:
        """The whole command line. A guest that reboots ends QEMU; the serial console goes to a file, which never
        blocks the guest."""
        return [
            *(QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"),
            *("-machine", "q35", *self._accelerator(), *self._iommu(), "-cpu", self.cpu),
            *self._processors(),
            *("-chardev", f"file,id=console,path={_escaped(self.console)}", "-serial", "chardev:console"),
            *("-chardev", f"socket,id=qmp,path={_escaped(self.qmp)}", "-mon", "chardev=qmp,mode=control"),
            *("-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"),
            *(argument for nic in self.nics if not nic.socket for argument in nic.argv()),
            *self.boot.argv(),
            *self._buses(),
            *(argument for nic in self.nics if nic.socket for argument in nic.argv()),
        ]

    def _accelerator(self) -> list[str]:
        if not self.icount:
            return self.accelerator.argv()
        if self.accelerator.name != "tcg":
            raise MachineError(
                f"instructions are counted in emulation only, not under {self.accelerator.name}: set HFTOS_ACCEL=tcg"
            )
        return ["-accel", "tcg,thread=single", "-icount", f"shift=0,sleep={'off' if self.skips_idle else 'on'}"]

    def _processors(self) -> list[str]:
        """CPUs and memory: a memory node (NUMA) for each of several sockets."""
        if self.sockets == 1:
            return ["-smp", str(self.cpus), "-m", f"{self.memory_mib}M"]
        cpus, size = self.cpus // self.sockets, self.memory_mib // self.sockets
        words = ["-smp", f"{cpus * self.sockets},sockets={self.sockets}", "-m", f"{size * self.sockets}M"]
        for number in range(self.sockets):
            first = number * cpus
            words += ["-object", f"memory-backend-ram,id=memory{number},size={size}M"]
            words += ["-numa", f"node,nodeid={number},cpus={first}-{first + cpus - 1},memdev=memory{number}"]
        return words

    def _buses(self) -> list[str]:
        """A bus for each socket but the first. QEMU would put any device on them that comes later and names none."""
        words = []
        for number in range(1, self.sockets):
            bus = f"pxb-pcie,id=socket{number},bus=pcie.0,bus_nr={number * _BUSES_A_SOCKET},numa_node={number}"
            words += ["-device", bus]
        return words

    def _iommu(self) -> list[str]:
        """Before every device that it is to serve. KVM's own interrupt controller cannot remap interrupts."""
        if not self.iommu:
            return []
        split = ["-machine", "kernel-irqchip=split"] if self.accelerator.name == "kvm" else []
        return [*split, "-device", "intel-iommu,intremap=on,caching-mode=on"]


def find_firmware() -> tuple[Path, Path]:
    """OVMF's code and variables; raises `MachineError` when it is not installed."""
    for code, variables in FIRMWARE:
        if code.exists() and variables.exists():
            return code, variables
    places = ", ".join(sorted({str(code.parent) for code, _ in FIRMWARE}))
    raise MachineError(f"no OVMF firmware in {places}: install the package ovmf (edk2-ovmf)")


def _escaped(path: Path) -> str:
    """A path inside a QEMU option list, where a comma is doubled."""
    return str(path).replace(",", ",,")
