from libc.stdint cimport int64_t

cdef class Ticket:
    cdef public int side
    cdef public int time_in_force
    cdef public int display
    cdef public int capacity
    cdef public int sweep
    cdef public int cross
    cdef public bytes cl_ord_id
    cdef public int group
    cdef public int64_t replaces
    cdef public bytes echo
    cdef public bint waits
    cdef public bint cancel_told
    cdef public bint partial_told
    cdef public tuple located
