import cython

from libc.stdint cimport int32_t, int64_t

from hftapp.trader.instrument cimport Instrument
from hftapp.trader.order cimport Order
from hftapp.trader.risk.checks cimport (
    DUPLICATE,
    EXECUTED_NOTIONAL,
    FAT_FINGER,
    GROSS_EXPOSURE,
    HALTED,
    KILL_SWITCH,
    LOCATE,
    NET_EXPOSURE,
    OPEN_GAP,
    OPEN_NOTIONAL,
    OPEN_ORDERS,
    ORDER_NOTIONAL,
    PERMISSION,
    PORT_RATE,
    POSITION,
    PRICE,
    PRICE_COLLAR,
    QUANTITY,
    RESTRICTED,
    SELF_CROSS,
    SHORT_PRICE,
    SIDE,
    STALE_BOOK,
    SYMBOL_OPEN_NOTIONAL,
    SYMBOL_RATE,
)
from hftapp.trader.risk.limits cimport Limits
from hftapp.trader.risk.packing cimport place_of, terms_of
from hftapp.trader.risk.sent cimport SentOrders
from hftapp.trader.totals cimport Totals
from hftapp.units cimport Notional, Price, Shares, notional_t, price_t, shares_t

cdef enum:
    _MAX_PRICE = 1_999_999_900
    _INCREMENT = 100
    _DOLLAR = 10_000
    _BPS = 10_000
    _SECOND = 1_000_000_000
    _NOTHING = -1

cdef class Walk:
    cdef public bint killed             # whoever pulls the kill switch
    cdef public bint stale              # the books are not to be trusted
    cdef public bint gap_open           # messages are known to exist that have not arrived
    cdef readonly bint tripped          # the gate pulled the kill switch itself: the breaker has to act
    cdef readonly int venue             # order session of the order that `check` is asked about next
    cdef readonly int64_t value         # of the last refusal: what was found,
    cdef readonly int64_t limit         # and the limit it breaks
    cdef readonly int64_t[::1] refused  # refusals by code
    cdef readonly Limits limits
    cdef readonly object settings
    cdef int _sessions
    cdef Totals _held
    cdef SentOrders _sent
    cdef list _every
    cdef int32_t[::1] _counts

    cpdef load(self, object settings)
    # After executions: whether their notional is over its limit; pulls the kill switch then (`tripped`), once.
    cpdef bint overrun(self) noexcept
    cpdef turn_to(self, int venue)
    # What goes together: shares count as open although nothing was sent (`sent` 1), and no longer (-1).
    @cython.locals(signed=shares_t)
    cdef void suppose(self, Instrument instrument, int side, shares_t shares, price_t price, int sent) noexcept

    @cython.locals(code=int, terms=int64_t)
    cdef int _decide(
        self, Instrument instrument, int side, shares_t shares, price_t price, Order replaces, int64_t now
    ) noexcept
    cdef int _state(self, Instrument instrument) noexcept
    @cython.locals(reference=price_t, distance=int64_t, through=int64_t)
    cdef int _terms(self, Instrument instrument, int64_t side, shares_t shares, price_t price) noexcept
    @cython.locals(extra=shares_t, reached=shares_t)
    cdef int _holdings(self, Instrument instrument, int side, shares_t shares, price_t price, Order replaces) noexcept
    @cython.locals(total=notional_t)
    cdef int _totals(self, Instrument instrument, int64_t side, notional_t notional, bint adds) noexcept
    @cython.locals(order=Order, i=Py_ssize_t)
    cdef int _crossing(self, Instrument instrument, int64_t side, price_t price) noexcept
    @cython.locals(sent=SentOrders, found=int64_t, left=int64_t, window=int64_t)
    cdef int _history(self, Instrument instrument, int64_t place, int64_t terms, int64_t now) noexcept
    cdef int _refuse(self, int code, int64_t value, int64_t limit) noexcept
    cdef int _refuse_value(self, int code, int64_t value, int64_t limit) noexcept
    cdef int _refuse_ratio(self, int code, int64_t distance, int64_t reference, int64_t limit) noexcept
