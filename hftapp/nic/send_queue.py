"""Frames that wait for a packet socket, and one system call that sends them all (sendmmsg(2)).

A PACKET_TX_RING would spare the copy, but the kernel gives a slot back when the frame leaves the interface, not when
its reader is done: on virtual links the next frame would overwrite one that still waits in a socket.
"""

import ctypes
import struct
from typing import Final

import cython

from hftapp.octets import Room

if not cython.compiled:
    from hftapp.nic.area import base, part, put_word32, word32
    from hftapp.nic.syscalls import sendmmsg

FRAMES: Final = 64
"""Frames that can wait: twice what one burst may lead to."""
_ROOM: Final = 2048
_IOVEC: Final = struct.Struct("@PN")
"""struct iovec: address, length."""
_MMSGHDR: Final = struct.Struct("@PI4xPNPNi4xI4x")
"""struct mmsghdr: name and its length, vector and its length, control data and its length, flags; bytes sent."""


class SendQueue:
    """The frames to be sent by one connected packet socket.

    After `flush`, `sent_frames` and `sent_bytes` say what left, `error` is the errno that ended it, or 0.
    """

    def __init__(self, descriptor: int) -> None:
        self.waiting = 0
        self.error = 0
        self.sent_frames = self.sent_bytes = 0
        self._descriptor = descriptor
        self._store = bytearray((FRAMES + 1) * _ROOM)  # one to build a frame in when all others wait
        self._parts = bytearray(FRAMES * _IOVEC.size)
        self._messages = bytearray(FRAMES * _MMSGHDR.size)
        for i in range(FRAMES):
            _IOVEC.pack_into(self._parts, i * _IOVEC.size, _address(self._store) + i * _ROOM, 0)
            vector = _address(self._parts) + i * _IOVEC.size
            _MMSGHDR.pack_into(self._messages, i * _MMSGHDR.size, 0, 0, vector, 1, 0, 0, 0, 0)
        self._rooms = base(self._store)
        self._lengths = base(self._parts)
        self._headers = base(self._messages)

    def room(self) -> Room:
        """Return where the next frame is built."""
        return part(self._rooms, self.waiting << 11, 2048)

    def append(self, length: int) -> bool:
        """Queue the frame in `room`; False when the queue is full."""
        if self.waiting == 64:
            return False
        put_word32(self._lengths, (self.waiting << 4) + 8, length)
        self.waiting += 1
        return True

    def length(self, i: int) -> int:
        """Return the length of frame `i` of the queue, also after it was flushed."""
        return word32(self._lengths, (i << 4) + 8)

    def flush(self) -> int:
        """Send all; returns how many could not be sent. The queue is empty in any case."""
        done = 0
        self.error = 0
        self.sent_bytes = 0
        while done < self.waiting:
            result = sendmmsg(self._descriptor, part(self._headers, done << 6, 4096 - (done << 6)), self.waiting - done)
            if result <= 0:
                self.error = -result
                break
            for i in range(done, done + result):
                self.sent_bytes += word32(self._lengths, (i << 4) + 8)
            done += result
        self.sent_frames = done
        done = self.waiting - done
        self.waiting = 0
        return done


def _address(memory: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
