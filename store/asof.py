"""The quote in force at each trade of a feed, as SQL.

The join counts with the feed's sequence numbers, not with times: they are unique, so there are no ties, and the answer
is the same on every run; and with the feed's number of the symbol, because an integer is the quickest key. The quote is
the last one changed before the trade's own message: the trade itself changes it. A trade before the first quote of its
symbol has NULL.
"""

from typing import Final

from store.schema import DATABASE

QUOTED_TRADES: Final = f"""
SELECT t.sequence AS sequence, t.t AS t, t.symbol AS symbol, t.price AS price, t.shares AS shares, t.side AS side,
    q.sequence AS quote_sequence, q.bid AS bid, q.bid_shares AS bid_shares, q.ask AS ask, q.ask_shares AS ask_shares
FROM (
    SELECT sequence, t, symbol, locate, price, shares, side
    FROM {DATABASE}.trades WHERE run = {{run:String}} AND venue = {{venue:UInt8}}
) AS t
ASOF LEFT JOIN (
    SELECT locate, sequence, bid, bid_shares, ask, ask_shares
    FROM {DATABASE}.quotes WHERE run = {{run:String}} AND venue = {{venue:UInt8}}
) AS q ON t.locate = q.locate AND t.sequence > q.sequence
SETTINGS join_algorithm = 'hash', max_threads = 1
"""
"""Parameters `run` and `venue`. One thread: one builds the side that is looked up in, whatever is allowed, and to hand
blocks to a second cost more than it gave."""
