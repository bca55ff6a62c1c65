"""How many huge pages the tables of a venue's feed take: to be reserved while there are any (vm.nr_hugepages)."""

from hftapp.book import memory

LOCATES = 1 << 16
_ORDER_WORDS = 4
_HALF_WORDS = 4
_SLAB_WORDS = 32
_SLAB_LEVELS = 12
_SLOT_BYTES = 1536


def of_books(max_orders: int, max_levels: int) -> int:
    """Return the huge pages of `Books(max_orders, LOCATES, max_levels)`, at its start."""
    orders = _ORDER_WORDS * max(16, 1 << (2 * max_orders - 1).bit_length())
    levels = _SLAB_WORDS * (max_levels // _SLAB_LEVELS + 3)
    return sum(map(memory.pages, (orders, levels, _HALF_WORDS * 2 * LOCATES)))


def of_early_packets(hold_packets: int) -> int:
    """Return the huge pages of the packets that are held back while a gap is open."""
    return memory.pages(-(-(hold_packets + 1) * _SLOT_BYTES // 8))
