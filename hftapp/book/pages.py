"""How many huge pages the tables of a book take, so that they can be reserved while there are any (vm.nr_hugepages)."""

from hftapp.book import memory

LOCATES = 1 << 16
_ORDER_WORDS = 4
_HALF_WORDS = 4
_SLAB_WORDS = 32
_SLAB_LEVELS = 12


def of_books(max_orders: int, max_levels: int) -> int:
    """Return the huge pages of `Books(max_orders, LOCATES, max_levels)`, at its start."""
    orders = _ORDER_WORDS * max(16, 1 << (2 * max_orders - 1).bit_length())
    levels = _SLAB_WORDS * (max_levels // _SLAB_LEVELS + 3)
    return sum(map(memory.pages, (orders, levels, _HALF_WORDS * 2 * LOCATES)))
