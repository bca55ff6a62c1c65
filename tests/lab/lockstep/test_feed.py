"""The harness's feed against the reference books: every tick moves the best bid and triggers, its undo restores."""

from lab.lockstep import job
from lab.lockstep.feed import Feed
from protocols import itch50
from protocols.order_book import OrderBooks


def opened() -> tuple[Feed, OrderBooks]:
    feed, books = Feed(), OrderBooks()
    for message in feed.opening():
        books.apply(itch50.decode(message))
    return feed, books


def best(books: OrderBooks, locate: int, side: str) -> tuple[int, int]:
    """Price and shares of the best level."""
    book = books.book(locate)
    level = book.best_bid() if side == "B" else book.best_ask()
    assert level is not None
    return level[0], level[1]


def test_no_opening_book_triggers_an_order() -> None:
    _, books = opened()
    for locate in range(1, job.SYMBOLS + 1):
        assert best(books, locate, "B") == (job.BEST_BID, job.BASE_SHARES)
        assert best(books, locate, "S") == (job.BEST_BID + 2 * job.TICK, job.BASE_SHARES)


def test_a_tick_moves_the_best_bid_past_the_ratio_and_its_undo_takes_it_back() -> None:
    feed, books = opened()
    kinds = set()
    for number in range(8 * job.SYMBOLS):
        tick = feed.tick()
        locate = number % job.SYMBOLS + 1
        books.apply(itch50.decode(tick.add))
        (price, bid), (ask_price, ask) = best(books, locate, "B"), best(books, locate, "S")
        assert price == job.BEST_BID + job.TICK
        assert bid * 100 >= int(job.JOB["RATIO_PCT"]) * (bid + ask)
        assert (tick.price, tick.shares) == (ask_price, min(int(job.JOB["SIZE"]), ask))
        for message in tick.undo:
            kinds.add(chr(message[0]))
            books.apply(itch50.decode(message))
        assert best(books, locate, "B") == (job.BEST_BID, job.BASE_SHARES)
    assert kinds == set("DXEU")
