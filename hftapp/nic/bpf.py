"""The XDP program of the AF_XDP port: loaded and attached through bpf(2), without a compiler or a library.

The program sends every frame of a queue to the socket that is registered for it, and all others on to the kernel:

    r2 = ctx->rx_queue_index
    return bpf_redirect_map(map, r2, XDP_PASS)
"""

import ctypes
import os
import struct
from typing import Final

from hftapp.nic.port import PortError

_SYS_BPF: Final = 321
"""The number of bpf(2) on x86-64."""
_MAP_CREATE, _MAP_UPDATE_ELEM, _PROG_LOAD, _LINK_CREATE = 0, 2, 5, 28
_MAP_TYPE_XSKMAP: Final = 17
_PROG_TYPE_XDP: Final = 6
_ATTACH_XDP: Final = 37
_ATTRIBUTES: Final = 128
_LOG_BYTES: Final = 1 << 16

NATIVE, GENERIC = 1 << 2, 1 << 1
"""XDP_FLAGS_DRV_MODE: in the driver. XDP_FLAGS_SKB_MODE: behind it, for drivers without XDP."""

_INSTRUCTION: Final = struct.Struct("=BBhi")
"""struct bpf_insn: operation, source register << 4 | destination register, offset, constant."""
_LOAD_WORD, _LOAD_64, _MOVE, _CALL, _EXIT = 0x61, 0x18, 0xB7, 0x85, 0x95
_PSEUDO_MAP: Final = 1
_REDIRECT_MAP: Final = 51
_XDP_PASS: Final = 2
_RX_QUEUE_INDEX: Final = 16
"""Offset in struct xdp_md."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


def program(map_descriptor: int) -> bytes:
    """Return the instructions that use this map (Documentation/bpf/standardization/instruction-set.rst)."""
    steps = (
        (_LOAD_WORD, 1 << 4 | 2, _RX_QUEUE_INDEX, 0),
        (_LOAD_64, _PSEUDO_MAP << 4 | 1, 0, map_descriptor),
        (0, 0, 0, 0),
        (_MOVE, 3, 0, _XDP_PASS),
        (_CALL, 0, 0, _REDIRECT_MAP),
        (_EXIT, 0, 0, 0),
    )
    return b"".join(_INSTRUCTION.pack(*step) for step in steps)


def create_map(queues: int) -> int:
    """Return the descriptor of a map from queue to socket; raises PortError."""
    return _bpf(_MAP_CREATE, struct.pack("=IIII", _MAP_TYPE_XSKMAP, 4, 4, queues), "create a map of AF_XDP sockets")


def register(map_descriptor: int, queue: int, descriptor: int) -> None:
    """Let the frames of a queue go to a bound AF_XDP socket; raises PortError."""
    key, value = ctypes.c_uint32(queue), ctypes.c_uint32(descriptor)
    attributes = struct.pack("=I4xQQQ", map_descriptor, ctypes.addressof(key), ctypes.addressof(value), 0)
    _bpf(_MAP_UPDATE_ELEM, attributes, f"register the AF_XDP socket for queue {queue}")


def load(instructions: bytes) -> int:
    """Return the descriptor of a verified XDP program; raises PortError with the verifier's words."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    log = ctypes.create_string_buffer(_LOG_BYTES)
    count = len(instructions) // _INSTRUCTION.size
    attributes = struct.pack(
        "=IIQQIIQ",
        _PROG_TYPE_XDP,
        count,
        ctypes.addressof(code),
        ctypes.addressof(licence),
        1,
        _LOG_BYTES,
        ctypes.addressof(log),
    )
    try:
        return _bpf(_PROG_LOAD, attributes, "load the XDP program")
    except PortError as error:
        said = log.value.decode(errors="replace").strip()
        raise PortError(f"{error}\n{said}" if said else str(error)) from error


def attach(program_descriptor: int, interface: int, mode: int) -> int:
    """Attach a program to an interface; returns the link's descriptor, whose closing detaches it. Raises PortError."""
    attributes = struct.pack("=IIII", program_descriptor, interface, _ATTACH_XDP, mode)
    return _bpf(_LINK_CREATE, attributes, "attach the XDP program")


def _bpf(command: int, attributes: bytes, what: str) -> int:
    buffer = ctypes.create_string_buffer(attributes, _ATTRIBUTES)
    result = int(_libc.syscall(_SYS_BPF, command, buffer, _ATTRIBUTES))
    if result < 0:
        number = ctypes.get_errno()
        remedy = {1: "; needs CAP_BPF and CAP_NET_ADMIN, so root", 38: "; the kernel needs CONFIG_BPF_SYSCALL"}
        raise PortError(number, f"cannot {what}: {os.strerror(number)}{remedy.get(number, '')}")
    return result
