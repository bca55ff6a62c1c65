from libc.stdint cimport uint8_t


cdef class MessageHandler:
    cdef void on_message(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    cdef void foresee(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
