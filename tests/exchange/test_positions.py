"""The participants of the day on the feed."""

from exchange.positions import announce_positions
from protocols.itch50 import MarketParticipantPosition
from tests.exchange.floor import Floor


def test_every_participant_in_every_symbol() -> None:
    floor = Floor("AAPL", "MSFT")
    announce_positions(floor.market, ("MKMA", "MKB"), floor.now)
    news = floor.news()
    assert [(m.mpid, m.stock) for m in news if isinstance(m, MarketParticipantPosition)] == [
        ("MKMA", "AAPL"),
        ("MKMA", "MSFT"),
        ("MKB", "AAPL"),
        ("MKB", "MSFT"),
    ]
    assert news[0] == MarketParticipantPosition(
        stock_locate=1,
        tracking_number=0,
        timestamp=floor.now,
        mpid="MKMA",
        stock="AAPL",
        primary_market_maker="N",
        market_maker_mode="N",
        market_participant_state="A",
    )
