"""The huge pages that a trader takes beside the rings of its card: its feeds, and the pool of Python's small objects.

Huge pages that are not there are no failure: these tables then are in ordinary memory.
"""

from hftapp.book import memory, pages
from hftapp.config import Config
from hftapp.silence import heap


def huge_pages(settings: Config) -> int:
    """How many huge pages to reserve for a trader of this configuration, without those for its card."""
    feeds = [venue.feed for venue in settings.venues]
    books = sum(pages.of_books(feed.max_orders, feed.max_levels) for feed in feeds)
    early = sum(pages.of_early_packets(feed.hold_packets) for feed in feeds)
    pool = heap.ARENAS * heap.BLOCK if settings.cpu.silence else 0
    return books + early + pool // memory.HUGE
