"""The huge pages that a trader takes beside the rings of its card: its books, and the pool of Python's small objects.

Huge pages that are not there are no failure: these tables then are in ordinary memory.
"""

from hftapp.book import memory, pages
from hftapp.config import Config
from hftapp.silence import heap


def huge_pages(settings: Config) -> int:
    """How many huge pages to reserve for a trader of this configuration, without those for its card."""
    books = sum(pages.of_books(venue.feed.max_orders, venue.feed.max_levels) for venue in settings.venues)
    pool = heap.ARENAS * heap.BLOCK if settings.cpu.silence else 0
    return books + pool // memory.HUGE
