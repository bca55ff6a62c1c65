"""What the lab's commands make of errors: one line, exit status 1."""

from image.command import reporting
from image.errors import ImageError
from lab.errors import LabError
from lab.lockstep.kernels import KernelError
from qemu.lock import DirectoryBusyError
from qemu.machine import MachineError
from rootfs.errors import RootfsError

explained = reporting(LabError, KernelError, ImageError, RootfsError, MachineError, DirectoryBusyError)
