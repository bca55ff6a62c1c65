cimport cython
from libc.stdint cimport uint8_t, uint32_t

from hftapp.nic.area cimport move
from hftapp.octets cimport be16, put16

@cython.locals(start=Py_ssize_t, end=Py_ssize_t, place=Py_ssize_t, i=Py_ssize_t, total=uint32_t)
cdef bint fill_checksum(uint8_t *area, Py_ssize_t at, Py_ssize_t length) noexcept

cdef bint insert_tag(uint8_t *area, Py_ssize_t at, uint32_t tag_type, uint32_t tag) noexcept
