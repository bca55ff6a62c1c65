"""Every field of an ITCH 5.0 message into a record that is made once: decoding without objects.

The record's attributes have the names of the tables in `protocols.itch50`, whose offsets are those of the literals
below (a test decodes every message type both ways). Text is kept as it is on the wire: one character as its byte, more
as the big-endian number of their bytes, padding included. `check` says whether text and codes are legal.
"""

from __future__ import annotations

from array import array

import cython

from hftapp.feed.itch_rules import ItchRules

if not cython.compiled:
    from hftapp.feed.itch_types import (
        ADD,
        ADD_MPID,
        BROKEN,
        CANCEL,
        CROSS,
        DELETE,
        DLCR,
        EXECUTED,
        EXECUTED_WITH_PRICE,
        IPO_QUOTING,
        LULD_COLLAR,
        MWCB_DECLINE,
        MWCB_STATUS,
        NOII,
        OPERATIONAL_HALT,
        PARTICIPANT_POSITION,
        REG_SHO,
        REPLACE,
        RPII,
        STOCK_DIRECTORY,
        SYSTEM_EVENT,
        TRADE,
        TRADING_ACTION,
    )
    from hftapp.octets import Octets, be16, be32, be48, be64
    from hftapp.units import Price, Shares

    _48_BITS = (1 << 48) - 1


@cython.final
@cython.cclass
class ItchRecord:
    """The fields of the message decoded last; those of other message types keep what they had.

    `kind`: its type byte. `malformed`: messages of `decode_all` that were refused.

    What an add has and a delete has not lies in pairs: the field, then room for what `decode_all` reads there of a
    delete. Nine of ten messages are one or the other, in an order that no branch predictor learns: a mispredicted
    branch costs more than the stores in vain.
    """

    def __init__(self) -> None:
        self._rules = ItchRules()
        sizes = self._rules.sizes
        self._common = array("i", [sizes[kind] if kind in (ADD, DELETE) else -1 for kind in range(256)])
        self.kind = 0
        self.malformed = 0
        self.stock_locate = 0
        self.tracking_number = 0
        self.timestamp = 0
        self.order_reference_number = 0
        self._buy_sell_indicator = [0, 0]
        self._shares = [Shares(0), Shares(0)]
        self._stock = [0, 0]
        self._price = [Price(0), Price(0)]
        self.original_order_reference_number = 0
        self.new_order_reference_number = 0
        self.executed_shares = Shares(0)
        self.match_number = 0
        self.attribution = 0
        self.cancelled_shares = Shares(0)
        self.printable = 0
        self.execution_price = Price(0)
        self.cross_price = Price(0)
        self.cross_type = 0
        self.paired_shares = Shares(0)
        self.imbalance_shares = Shares(0)
        self.imbalance_direction = 0
        self.far_price = Price(0)
        self.near_price = Price(0)
        self.current_reference_price = Price(0)
        self.price_variation_indicator = 0
        self.event_code = 0
        self.market_category = 0
        self.financial_status_indicator = 0
        self.round_lot_size = 0
        self.round_lots_only = 0
        self.issue_classification = 0
        self.issue_sub_type = 0
        self.authenticity = 0
        self.short_sale_threshold_indicator = 0
        self.ipo_flag = 0
        self.luld_reference_price_tier = 0
        self.etp_flag = 0
        self.etp_leverage_factor = 0
        self.inverse_indicator = 0
        self.trading_state = 0
        self.reserved = 0
        self.reason = 0
        self.reg_sho_action = 0
        self.mpid = 0
        self.primary_market_maker = 0
        self.market_maker_mode = 0
        self.market_participant_state = 0
        self.level_1 = 0
        self.level_2 = 0
        self.level_3 = 0
        self.breached_level = 0
        self.ipo_quotation_release_time = 0
        self.ipo_quotation_release_qualifier = 0
        self.ipo_price = Price(0)
        self.auction_collar_reference_price = Price(0)
        self.upper_auction_collar_price = Price(0)
        self.lower_auction_collar_price = Price(0)
        self.auction_collar_extension = 0
        self.market_code = 0
        self.operational_halt_action = 0
        self.interest_flag = 0
        self.open_eligibility_status = 0
        self.minimum_allowable_price = Price(0)
        self.maximum_allowable_price = Price(0)
        self.near_execution_price = Price(0)
        self.near_execution_time = 0
        self.lower_price_range_collar = Price(0)
        self.upper_price_range_collar = Price(0)

    @property
    def buy_sell_indicator(self) -> int:
        """B or S."""
        return self._buy_sell_indicator[0]

    @property
    def shares(self) -> Shares:
        """Of an order or a trade."""
        return self._shares[0]

    @property
    def stock(self) -> int:
        """The symbol."""
        return self._stock[0]

    @property
    def price(self) -> Price:
        """Of an order or a trade."""
        return self._price[0]

    def check(self, data: Octets, at: int, length: int) -> bool:
        """Whether these bytes are one ITCH message: known type, its length, legal codes, ASCII text."""
        return self._rules.valid(data, at, length)

    def decode(self, data: Octets, at: int, length: int) -> bool:
        """Load every field of a message; False when type and length do not fit. Codes are not looked at."""
        if length < 1 or self._rules.sizes[data[at]] != length:
            return False
        kind = data[at]
        self.kind = kind
        self.stock_locate = be16(data, at + 1)
        self.tracking_number = be16(data, at + 3)
        self.timestamp = be48(data, at + 5)
        if kind == ADD:
            self.order_reference_number = be64(data, at + 11)
            self._buy_sell_indicator[0] = data[at + 19]
            self._shares[0] = Shares(be32(data, at + 20))
            self._stock[0] = be64(data, at + 24)
            self._price[0] = Price(be32(data, at + 32))
        elif kind == DELETE:
            self.order_reference_number = be64(data, at + 11)
        elif kind == REPLACE:
            self.original_order_reference_number = be64(data, at + 11)
            self.new_order_reference_number = be64(data, at + 19)
            self._shares[0] = Shares(be32(data, at + 27))
            self._price[0] = Price(be32(data, at + 31))
        elif kind == EXECUTED:
            self.order_reference_number = be64(data, at + 11)
            self.executed_shares = Shares(be32(data, at + 19))
            self.match_number = be64(data, at + 23)
        elif kind == ADD_MPID:
            self.order_reference_number = be64(data, at + 11)
            self._buy_sell_indicator[0] = data[at + 19]
            self._shares[0] = Shares(be32(data, at + 20))
            self._stock[0] = be64(data, at + 24)
            self._price[0] = Price(be32(data, at + 32))
            self.attribution = be32(data, at + 36)
        elif kind == CANCEL:
            self.order_reference_number = be64(data, at + 11)
            self.cancelled_shares = Shares(be32(data, at + 19))
        elif kind == TRADE:
            self.order_reference_number = be64(data, at + 11)
            self._buy_sell_indicator[0] = data[at + 19]
            self._shares[0] = Shares(be32(data, at + 20))
            self._stock[0] = be64(data, at + 24)
            self._price[0] = Price(be32(data, at + 32))
            self.match_number = be64(data, at + 36)
        elif kind == EXECUTED_WITH_PRICE:
            self.order_reference_number = be64(data, at + 11)
            self.executed_shares = Shares(be32(data, at + 19))
            self.match_number = be64(data, at + 23)
            self.printable = data[at + 31]
            self.execution_price = Price(be32(data, at + 32))
        elif kind == CROSS:
            self._shares[0] = Shares(be64(data, at + 11))
            self._stock[0] = be64(data, at + 19)
            self.cross_price = Price(be32(data, at + 27))
            self.match_number = be64(data, at + 31)
            self.cross_type = data[at + 39]
        elif kind == NOII:
            self.paired_shares = Shares(be64(data, at + 11))
            self.imbalance_shares = Shares(be64(data, at + 19))
            self.imbalance_direction = data[at + 27]
            self._stock[0] = be64(data, at + 28)
            self.far_price = Price(be32(data, at + 36))
            self.near_price = Price(be32(data, at + 40))
            self.current_reference_price = Price(be32(data, at + 44))
            self.cross_type = data[at + 48]
            self.price_variation_indicator = data[at + 49]
        elif kind == SYSTEM_EVENT:
            self.event_code = data[at + 11]
        elif kind == STOCK_DIRECTORY:
            self._stock[0] = be64(data, at + 11)
            self.market_category = data[at + 19]
            self.financial_status_indicator = data[at + 20]
            self.round_lot_size = be32(data, at + 21)
            self.round_lots_only = data[at + 25]
            self.issue_classification = data[at + 26]
            self.issue_sub_type = be16(data, at + 27)
            self.authenticity = data[at + 29]
            self.short_sale_threshold_indicator = data[at + 30]
            self.ipo_flag = data[at + 31]
            self.luld_reference_price_tier = data[at + 32]
            self.etp_flag = data[at + 33]
            self.etp_leverage_factor = be32(data, at + 34)
            self.inverse_indicator = data[at + 38]
        elif kind == TRADING_ACTION:
            self._stock[0] = be64(data, at + 11)
            self.trading_state = data[at + 19]
            self.reserved = data[at + 20]
            self.reason = be32(data, at + 21)
        elif kind == REG_SHO:
            self._stock[0] = be64(data, at + 11)
            self.reg_sho_action = data[at + 19]
        elif kind == PARTICIPANT_POSITION:
            self.mpid = be32(data, at + 11)
            self._stock[0] = be64(data, at + 15)
            self.primary_market_maker = data[at + 23]
            self.market_maker_mode = data[at + 24]
            self.market_participant_state = data[at + 25]
        elif kind == MWCB_DECLINE:
            self.level_1 = be64(data, at + 11)
            self.level_2 = be64(data, at + 19)
            self.level_3 = be64(data, at + 27)
        elif kind == MWCB_STATUS:
            self.breached_level = data[at + 11]
        elif kind == IPO_QUOTING:
            self._stock[0] = be64(data, at + 11)
            self.ipo_quotation_release_time = be32(data, at + 19)
            self.ipo_quotation_release_qualifier = data[at + 23]
            self.ipo_price = Price(be32(data, at + 24))
        elif kind == LULD_COLLAR:
            self._stock[0] = be64(data, at + 11)
            self.auction_collar_reference_price = Price(be32(data, at + 19))
            self.upper_auction_collar_price = Price(be32(data, at + 23))
            self.lower_auction_collar_price = Price(be32(data, at + 27))
            self.auction_collar_extension = be32(data, at + 31)
        elif kind == OPERATIONAL_HALT:
            self._stock[0] = be64(data, at + 11)
            self.market_code = data[at + 19]
            self.operational_halt_action = data[at + 20]
        elif kind == BROKEN:
            self.match_number = be64(data, at + 11)
        elif kind == RPII:
            self._stock[0] = be64(data, at + 11)
            self.interest_flag = data[at + 19]
        elif kind == DLCR:
            self._stock[0] = be64(data, at + 11)
            self.open_eligibility_status = data[at + 19]
            self.minimum_allowable_price = Price(be32(data, at + 20))
            self.maximum_allowable_price = Price(be32(data, at + 24))
            self.near_execution_price = Price(be32(data, at + 28))
            self.near_execution_time = be64(data, at + 32)
            self.lower_price_range_collar = Price(be32(data, at + 40))
            self.upper_price_range_collar = Price(be32(data, at + 44))
        return True

    def decode_all(self, data: Octets, at: int, end: int) -> int:
        """Decode messages with a 2-byte length before each (BinaryFILE §3.6, MoldUDP64 blocks); returns how many.

        Ends at `end`, at a length of 0, or before a message that goes beyond the end.
        """
        count = 0
        while at + 3 <= end:
            length = be16(data, at)
            kind = data[at + 2]
            at += 2
            # All of an add is read of a delete too, so its 36 bytes must be there.
            if self._common[kind] == length and end - at >= 36:
                unused = kind == DELETE
                self.kind = kind
                self.stock_locate = be16(data, at + 1)
                both = be64(data, at + 3)
                self.tracking_number = both >> 48
                self.timestamp = both & _48_BITS
                self.order_reference_number = be64(data, at + 11)
                self._buy_sell_indicator[unused] = data[at + 19]
                self._shares[unused] = Shares(be32(data, at + 20))
                self._stock[unused] = be64(data, at + 24)
                self._price[unused] = Price(be32(data, at + 32))
            # Not `at + length > end`: what GCC makes of that takes a tenth longer for the whole loop.
            elif length == 0 or length > end - at:
                break
            elif not self.decode(data, at, length):
                self.malformed += 1
            count += 1
            at += length
        return count
