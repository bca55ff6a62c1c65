from libc.stdint cimport int64_t, uint8_t

cimport cython

from hftapp.nic.port cimport Port
from hftapp.nic.rte cimport (
    adjust, collect_sent, configure, create_pool, driver_name, error_text, find_port, finish, free_pool, give_back, give_back_chain,
    initialise, last_error, length_of, mac_of, octets, read_stats, receive_all, receive_burst, receive_multicast,
    rte_mbuf, rte_mempool, segments, set_length, set_up_rx, set_up_tx, start, stop, take, transmit_burst, wait_for_link
)

cdef enum:
    _BURST = 32

cdef class DpdkPort(Port):
    cdef public str device
    cdef public str driver
    cdef int _number
    cdef Py_ssize_t _held
    cdef Py_ssize_t _first
    cdef Py_ssize_t _next
    cdef bint _collects
    cdef rte_mbuf *_rx[32]
    cdef rte_mbuf *_tx[32]
    cdef rte_mempool *_rx_pool
    cdef rte_mempool *_tx_pool
    cdef int64_t _rx_refused
    cdef int64_t _tx_dropped
    cdef object _binding
    cdef bint _open

    @cython.locals(number=int, counts=int, rx=int, tx=int)
    cdef _start(self, object settings)
    @cython.locals(count=Py_ssize_t, i=Py_ssize_t)
    cpdef Py_ssize_t rx_burst(self) except -1
    @cython.locals(i=Py_ssize_t)
    cdef int _release(self) except -1
    @cython.locals(kept=Py_ssize_t, i=Py_ssize_t, mbuf='rte_mbuf *')
    cdef Py_ssize_t _refuse(self, Py_ssize_t first, Py_ssize_t count) noexcept
    cdef uint8_t *room(self) except NULL
    cpdef bint send(self, Py_ssize_t length) except -1
    @cython.locals(count=Py_ssize_t, sent=Py_ssize_t)
    cpdef bint launch(self, Py_ssize_t length) except -1
    cpdef flush(self)
    @cython.locals(i=Py_ssize_t)
    cdef int _drop(self, Py_ssize_t first) except -1
    cdef int _transmit(self) except -1
    cdef int _tidy(self) except -1
    @cython.locals(i=Py_ssize_t, mbuf='rte_mbuf *')
    cdef int _fill(self, Py_ssize_t count) except -1
    cpdef stats(self)
    cpdef close(self)
