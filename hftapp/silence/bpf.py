"""The seccomp filter as a classic BPF program (seccomp(2), linux/filter.h): what is not listed ends the process."""

import struct
from collections.abc import Sequence
from typing import Final

from hftapp.silence.calls import NUMBERS, Call

LOAD: Final = 0x20
"""BPF_LD | BPF_W | BPF_ABS: 4 bytes of struct seccomp_data."""
EQUAL: Final = 0x15
"""BPF_JMP | BPF_JEQ | BPF_K."""
RETURN: Final = 0x06
"""BPF_RET | BPF_K."""
NUMBER, ARCHITECTURE, FIRST_LOW, FIRST_HIGH = 0, 4, 16, 20
"""Offsets in struct seccomp_data: nr, arch, the halves of args[0]."""
X86_64: Final = 0xC000_003E
KILL_PROCESS: Final = 0x8000_0000
TRAP: Final = 0x0003_0000
ALLOW: Final = 0x7FFF_0000

INSTRUCTION: Final = struct.Struct("=HBBI")
"""struct sock_filter: code, jt, jf, k."""
Instruction = tuple[int, int, int, int]


def program(allowed: Sequence[Call], refuse: int = KILL_PROCESS) -> list[Instruction]:
    """The instructions that allow these calls and answer every other with `refuse` (`KILL_PROCESS` or `TRAP`).

    A call under another architecture's numbers (32-bit, x32) is refused too. Raises KeyError for an unknown name.
    """
    code: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, X86_64),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
    ]
    for call in allowed:
        number = NUMBERS[call.name]
        if call.first is None:
            code += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
            continue
        code += [
            (EQUAL, 0, 6, number),
            (LOAD, 0, 0, FIRST_LOW),
            (EQUAL, 0, 3, call.first & 0xFFFF_FFFF),
            (LOAD, 0, 0, FIRST_HIGH),
            (EQUAL, 0, 1, call.first >> 32),
            (RETURN, 0, 0, ALLOW),
            (RETURN, 0, 0, refuse),
        ]
    return [*code, (RETURN, 0, 0, refuse)]


def assembled(code: Sequence[Instruction]) -> bytes:
    """The program as the kernel wants it."""
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in code)
