from libc.stdint cimport int64_t, uint64_t

from exchange.book cimport Book, Level

cdef class Party:
    cdef public int firm
    cdef public int organisation
    cdef public int affiliate

cdef class Order:
    # In the order of use: what a cancel or an execution touches lies in the first two cache lines.
    cdef public int64_t shares
    cdef public Level level
    cdef public Order prev
    cdef public Order next
    cdef public Book book
    cdef public Order reserve
    cdef public Order front
    cdef public int64_t price
    cdef public uint64_t shown_ref
    cdef public bint buy
    cdef public bint displayed
    cdef public bint midpoint
    cdef public bint ioc
    cdef public int owner
    cdef public int aiq
    cdef public int64_t min_quantity
    cdef public int64_t executed
    cdef public int64_t token
    cdef public object ticket
    cdef public uint64_t ref
    cdef public int64_t limit
    cdef public int64_t time
    cdef public Party party
    cdef public bytes mpid
    cdef public int64_t max_floor
    cdef public int64_t random_floor
    cdef public bint post_only
    cdef public bint short_sale
    cdef public bint imbalance_only
    cdef public int auction
    cdef public int aiq_group

    cpdef int64_t open_shares(self)

cpdef warm(int count=*)
cpdef Order limit_order(
    Book book, bint buy, int64_t shares, int64_t price, uint64_t ref, int owner=*, int64_t token=*
)
