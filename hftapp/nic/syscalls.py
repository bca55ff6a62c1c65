"""The system calls on the path of the ports whose card the kernel keeps: none of them blocks or allocates.

Each returns a negative errno instead of raising. Compiled they are inlined from `syscalls.pxd`.
"""

import ctypes
import socket
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)


def sendmmsg(descriptor: int, messages: memoryview, count: int) -> int:
    """sendmmsg(2): send the first `count` messages of an array of `struct mmsghdr`; how many were sent."""
    first = ctypes.c_char.from_buffer(messages)
    return _result(_libc.sendmmsg(descriptor, ctypes.byref(first), count, socket.MSG_DONTWAIT))


def kick_tx(descriptor: int) -> int:
    """sendto(2) of nothing: the kernel looks into the socket's transmit ring."""
    return _result(_libc.sendto(descriptor, None, 0, socket.MSG_DONTWAIT, None, 0))


def kick_rx(descriptor: int) -> int:
    """recvfrom(2) of nothing: the kernel polls the card for the socket's receive ring."""
    return _result(_libc.recvfrom(descriptor, None, 0, socket.MSG_DONTWAIT, None, None))


def _result(returned: int) -> int:
    return returned if returned >= 0 else -ctypes.get_errno()
