"""The market participants of the day (ITCH 5.0 `L`)."""

from __future__ import annotations

from collections.abc import Iterable

from exchange.market import Market
from protocols.itch50 import MarketParticipantPosition


def announce_positions(market: Market, mpids: Iterable[str], now: int) -> None:
    """Publish every participant (1 to 4 characters) as an active, non-primary market maker in every symbol."""
    time = market.stamp(now)
    for mpid in mpids:
        for listing in market.directory.listings.values():
            message = MarketParticipantPosition(
                stock_locate=listing.locate,
                tracking_number=0,
                timestamp=time,
                mpid=mpid,
                stock=listing.symbol,
                primary_market_maker="N",
                market_maker_mode="N",
                market_participant_state="A",
            )
            market.publisher.publish(message.encode())
