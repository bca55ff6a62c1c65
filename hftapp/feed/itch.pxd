cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hftapp.feed.itch_rules cimport ItchRules
from hftapp.feed.itch_types cimport (
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
from hftapp.octets cimport be16, be32, be48, be64
from hftapp.units cimport Price, Shares

cdef enum:
    _48_BITS = 0xFFFF_FFFF_FFFF


cdef class ItchRecord:
    cdef ItchRules _rules
    cdef readonly int kind
    cdef readonly int64_t malformed
    cdef readonly uint32_t stock_locate
    cdef readonly uint32_t tracking_number
    cdef readonly uint64_t timestamp
    cdef readonly uint64_t order_reference_number
    cdef int _buy_sell_indicator[2]
    cdef uint64_t _shares[2]
    cdef uint64_t _stock[2]
    cdef uint32_t _price[2]
    cdef readonly uint64_t original_order_reference_number
    cdef readonly uint64_t new_order_reference_number
    cdef readonly uint32_t executed_shares
    cdef readonly uint64_t match_number
    cdef readonly uint32_t attribution
    cdef readonly uint32_t cancelled_shares
    cdef readonly int printable
    cdef readonly uint32_t execution_price
    cdef readonly uint32_t cross_price
    cdef readonly int cross_type
    cdef readonly uint64_t paired_shares
    cdef readonly uint64_t imbalance_shares
    cdef readonly int imbalance_direction
    cdef readonly uint32_t far_price
    cdef readonly uint32_t near_price
    cdef readonly uint32_t current_reference_price
    cdef readonly int price_variation_indicator
    cdef readonly int event_code
    cdef readonly int market_category
    cdef readonly int financial_status_indicator
    cdef readonly uint32_t round_lot_size
    cdef readonly int round_lots_only
    cdef readonly int issue_classification
    cdef readonly uint32_t issue_sub_type
    cdef readonly int authenticity
    cdef readonly int short_sale_threshold_indicator
    cdef readonly int ipo_flag
    cdef readonly int luld_reference_price_tier
    cdef readonly int etp_flag
    cdef readonly uint32_t etp_leverage_factor
    cdef readonly int inverse_indicator
    cdef readonly int trading_state
    cdef readonly int reserved
    cdef readonly uint32_t reason
    cdef readonly int reg_sho_action
    cdef readonly uint32_t mpid
    cdef readonly int primary_market_maker
    cdef readonly int market_maker_mode
    cdef readonly int market_participant_state
    cdef readonly uint64_t level_1
    cdef readonly uint64_t level_2
    cdef readonly uint64_t level_3
    cdef readonly int breached_level
    cdef readonly uint32_t ipo_quotation_release_time
    cdef readonly int ipo_quotation_release_qualifier
    cdef readonly uint32_t ipo_price
    cdef readonly uint32_t auction_collar_reference_price
    cdef readonly uint32_t upper_auction_collar_price
    cdef readonly uint32_t lower_auction_collar_price
    cdef readonly uint32_t auction_collar_extension
    cdef readonly int market_code
    cdef readonly int operational_halt_action
    cdef readonly int interest_flag
    cdef readonly int open_eligibility_status
    cdef readonly uint32_t minimum_allowable_price
    cdef readonly uint32_t maximum_allowable_price
    cdef readonly uint32_t near_execution_price
    cdef readonly uint64_t near_execution_time
    cdef readonly uint32_t lower_price_range_collar
    cdef readonly uint32_t upper_price_range_collar
    cdef int[::1] _common

    cdef bint check(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(kind=int)
    cdef bint decode(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    @cython.locals(count=int64_t, length=Py_ssize_t, kind=int, unused=Py_ssize_t, both=uint64_t)
    cpdef int64_t decode_all(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end) noexcept
