"""One of the four rings that an AF_XDP socket shares with the kernel (Documentation/networking/af_xdp.rst).

Fill and send ring: this side produces. Receive and completion ring: this side consumes. `position` is this side's own
counter; the other side sees it after `publish` or `release`. Counters have 32 bits and wrap.
"""

import mmap

import cython

if not cython.compiled:
    from hftapp.nic.area import acquire32, base, put_word32, release32, word32

_WRAP = 0xFFFF_FFFF

Offsets = tuple[int, int, int, int]
"""Where producer, consumer, descriptors and flags lie in the mapping (struct xdp_ring_offset)."""


class XskRing:
    """A mapped ring of `size` descriptors, a power of two; 8 bytes each (an address) or 16 (struct xdp_desc).

    Addresses count bytes of the socket's memory, which is smaller than 4 GiB: only their lower halves are looked at.
    """

    def __init__(self, memory: mmap.mmap, offsets: Offsets, size: int) -> None:
        self.size = size
        self.position = 0
        self._memory: mmap.mmap | bytearray = memory
        self._area = base(memory)
        self._producer, self._consumer, self._descriptors, self._flags = offsets

    def available(self) -> int:
        """Return how many descriptors the kernel has produced that were not taken."""
        return (acquire32(self._area, self._producer) - self.position) & _WRAP

    def outstanding(self) -> int:
        """Return how many of the descriptors produced here the kernel has not taken."""
        return (self.position - acquire32(self._area, self._consumer)) & _WRAP

    def wants_wakeup(self) -> bool:
        """Whether the kernel looks into the ring only when it is told to (XDP_RING_NEED_WAKEUP)."""
        return acquire32(self._area, self._flags) & 1 != 0

    def publish(self) -> None:
        """Let the kernel see what was produced."""
        release32(self._area, self._producer, self.position)

    def release(self) -> None:
        """Let the kernel reuse what was consumed."""
        release32(self._area, self._consumer, self.position)

    def put_address(self, address: int) -> None:
        """Produce an address."""
        put_word32(self._area, self._descriptors + ((self.position & (self.size - 1)) << 3), address)
        self.advance()

    def take_address(self) -> int:
        """Consume an address."""
        address = word32(self._area, self._descriptors + ((self.position & (self.size - 1)) << 3))
        self.advance()
        return address

    def put_frame(self, address: int, length: int) -> None:
        """Produce a frame to be sent."""
        put_word32(self._area, self._descriptors + ((self.position & (self.size - 1)) << 4), address)
        put_word32(self._area, self._descriptors + ((self.position & (self.size - 1)) << 4) + 8, length)
        self.advance()

    def address(self) -> int:
        """Return where the next received frame lies."""
        return word32(self._area, self._descriptors + ((self.position & (self.size - 1)) << 4))

    def length(self) -> int:
        """Return how long the next received frame is."""
        return word32(self._area, self._descriptors + ((self.position & (self.size - 1)) << 4) + 8)

    def advance(self) -> None:
        """Go on to the next descriptor."""
        self.position = (self.position + 1) & _WRAP

    def close(self) -> None:
        """Unmap the ring: a mapping alone keeps the socket bound. It then looks empty and asks for nothing."""
        self._memory = bytearray(8)
        self._area = base(self._memory)
        self._producer = self._consumer = self._descriptors = self._flags = 0
        self.position = 0
