cimport cython

cdef unsigned char _A, _C, _D, _E, _F, _P, _U, _X, _BUY, _SELL

cdef int put_u32(unsigned char* buffer, Py_ssize_t at, unsigned int value) noexcept
cdef int put_u64(unsigned char* buffer, Py_ssize_t at, unsigned long long value) noexcept
@cython.locals(i=Py_ssize_t)
cdef int put_text(unsigned char* buffer, Py_ssize_t at, bytes text, Py_ssize_t size) except -1

cdef class ItchWriter:
    cdef bytearray _buffer

    cdef Py_ssize_t _begin(self, unsigned char code, Py_ssize_t length) except -1
    @cython.locals(at=Py_ssize_t, length=Py_ssize_t)
    cpdef publish(self, bytes message)
    cpdef add_order(self, unsigned int locate, unsigned long long time, unsigned long long ref, bint buy, unsigned int shares, bytes stock, unsigned int price)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cpdef add_attributed(self, unsigned int locate, unsigned long long time, unsigned long long ref, bint buy, unsigned int shares, bytes stock, unsigned int price, bytes mpid)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cpdef executed(self, unsigned int locate, unsigned long long time, unsigned long long ref, unsigned int shares, unsigned long long match)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cpdef executed_with_price(self, unsigned int locate, unsigned long long time, unsigned long long ref, unsigned int shares, unsigned long long match, bint printable, unsigned int price)
    @cython.locals(at=Py_ssize_t)
    cpdef cancelled(self, unsigned int locate, unsigned long long time, unsigned long long ref, unsigned int shares)
    cpdef deleted(self, unsigned int locate, unsigned long long time, unsigned long long ref)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cpdef replaced(self, unsigned int locate, unsigned long long time, unsigned long long old, unsigned long long new, unsigned int shares, unsigned int price)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cpdef trade(self, unsigned int locate, unsigned long long time, unsigned long long ref, bint buy, unsigned int shares, bytes stock, unsigned int price, unsigned long long match)
    @cython.locals(at=Py_ssize_t, buffer=cython.p_uchar)
    cdef Py_ssize_t _head(self, unsigned char code, Py_ssize_t length, unsigned int locate, unsigned long long time, unsigned long long ref) except -1
    @cython.locals(buffer=cython.p_uchar)
    cdef _add(self, Py_ssize_t at, bint buy, unsigned int shares, bytes stock, unsigned int price)
