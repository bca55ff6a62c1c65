"""The blocks that show the books to the supervisor: five levels a side, and an edition for every changed book."""

from hftapp import figures
from hftapp.book.books import Books
from hftapp.figures import Figures, Layout
from hftapp.trader.board import Board
from hftapp.trader.market import Market
from hftapp.trader.venue_market import VenueMarket
from hftapp.units import Shares
from protocols import itch50


def made(instruments: int = 4) -> Figures:
    groups: dict[str, tuple[str, ...] | int] = {"feed": ("packets", "messages"), "types": 3}
    return Figures(Layout(groups, ("nic",), ("cost",), ("session",), instruments))


def feed(market: Market, venue: VenueMarket, *orders: tuple[int, str, int, int]) -> None:
    """Orders (reference, side, shares, price4) of the symbol A, locate 1."""
    for reference, side, shares, price in orders:
        message = itch50.AddOrder(
            stock_locate=1,
            tracking_number=0,
            timestamp=1,
            order_reference_number=reference,
            buy_sell_indicator=side,
            shares=shares,
            stock="A",
            price=price,
        ).encode()
        venue.on_message(message, 0, len(message))
    market.take_touched()


def pairs(values: list[int]) -> list[tuple[int, int]]:
    return [(values[i], values[i + 1]) for i in range(0, len(values), 2) if values[i]]


def test_a_block_has_five_levels_a_side_of_all_venues_put_together() -> None:
    market = Market()
    one, two = (VenueMarket(market, Books()) for _ in range(2))
    feed(market, one, *((1 + i, "B", 10 + i, 100_0000 - 100 * i) for i in range(7)), (20, "S", 5, 101_0000))
    feed(market, two, (1, "B", 1000, 100_0000 - 100), (2, "S", 7, 100_9900))
    shown = made()
    board = Board(shown, market)
    board.turn(market.instruments)
    block = shown.block(0)
    assert block is not None
    bids, asks = figures.DEPTH, figures.DEPTH + 2 * figures.LEVELS
    assert pairs(block[bids:asks]) == [
        (100_0000, 10),
        (99_9900, 1011),
        (99_9800, 12),
        (99_9700, 13),
        (99_9600, 14),
    ]
    assert pairs(block[asks:]) == [(100_9900, 7), (101_0000, 5)]
    assert (block[2], block[3], block[4], block[5]) == (100_0000, 10, 100_9900, 7)


def test_an_edition_is_a_changed_book_and_nothing_else() -> None:
    market = Market()
    venue = VenueMarket(market, Books())
    feed(market, venue, (1, "B", 10, 100_0000))
    shown = made()
    board = Board(shown, market)
    board.turn(market.instruments)
    assert shown.editions() == [2]
    market.instruments[0].position = Shares(5)
    board.turn(market.instruments)
    assert (shown.editions(), shown.column("position")) == ([2], [5])
    feed(market, venue, (2, "B", 10, 100_0100))
    board.turn(market.instruments)
    assert shown.editions() == [4]


def test_levels_of_a_single_venue_are_its_own() -> None:
    market = Market()
    venue = VenueMarket(market, Books())
    feed(market, venue, *((1 + i, "S", 10 + i, 100_0000 + 100 * i) for i in range(7)), (20, "B", 5, 99_0000))
    shown = made()
    Board(shown, market).turn(market.instruments)
    block = shown.block(0)
    assert block is not None
    asks = figures.DEPTH + 2 * figures.LEVELS
    assert pairs(block[figures.DEPTH : asks]) == [(99_0000, 5)]
    assert pairs(block[asks:]) == [(100_0000 + 100 * i, 10 + i) for i in range(5)]
