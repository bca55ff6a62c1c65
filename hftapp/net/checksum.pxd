from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

# Words of 64 bits are four of 16 bits; the carry comes in again at the other end (RFC 1071 §2 B, C). No C says "add with carry".
cdef extern from *:
    """
    #define HFTOS_BYTES(count, at) (*(const struct { uint8_t octets[count]; } *)(at))
    static inline uint64_t hftos_plus(uint64_t total, uint64_t word) {
        __asm__("addq %1, %0; adcq $0, %0" : "+r"(total) : "r"(word) : "cc");
        return total;
    }
    static inline uint64_t hftos_plus8(uint64_t total, const uint8_t *at) {
        __asm__("addq (%1), %0; adcq $0, %0" : "+r"(total) : "r"(at), "m"(HFTOS_BYTES(8, at)) : "cc");
        return total;
    }
    static inline uint64_t hftos_plus16(uint64_t total, const uint8_t *at) {
        __asm__("addq (%1), %0; adcq 8(%1), %0; adcq $0, %0"
                : "+r"(total) : "r"(at), "m"(HFTOS_BYTES(16, at)) : "cc");
        return total;
    }
    static inline uint64_t hftos_plus32(uint64_t total, const uint8_t *at) {
        __asm__("addq (%1), %0; adcq 8(%1), %0; adcq 16(%1), %0; adcq 24(%1), %0; adcq $0, %0"
                : "+r"(total) : "r"(at), "m"(HFTOS_BYTES(32, at)) : "cc");
        return total;
    }
    static inline uint16_t hftos_closing(uint64_t total) {
        uint32_t sum = (uint32_t)total, half;
        __asm__("addl %1, %0; adcl $0, %0" : "+r"(sum) : "r"((uint32_t)(total >> 32)) : "cc");
        half = sum >> 16;
        __asm__("addw %w1, %w0; adcw $0, %w0" : "+r"(sum) : "r"(half) : "cc");
        return (uint16_t)~sum;
    }
    """
    uint64_t hftos_plus(uint64_t total, uint64_t word) noexcept nogil
    uint64_t hftos_plus8(uint64_t total, const uint8_t *at) noexcept nogil
    uint64_t hftos_plus16(uint64_t total, const uint8_t *at) noexcept nogil
    uint64_t hftos_plus32(uint64_t total, const uint8_t *at) noexcept nogil
    uint16_t hftos_closing(uint64_t total) noexcept nogil
    uint64_t _swapped "__builtin_bswap64"(uint64_t) noexcept nogil

cdef inline uint64_t _folded(uint64_t total) noexcept nogil:
    # The words were little-endian: swapping the bytes of their sum is as good as swapping theirs (RFC 1071 §2 B).
    total = _swapped(total)
    return (total >> 32) + <uint32_t>total

cdef inline uint64_t raw_sum(const uint8_t *data, Py_ssize_t at, Py_ssize_t length, uint64_t more) noexcept nogil:
    cdef uint64_t word
    cdef const uint8_t *place = data + at
    cdef const uint8_t *end = place + length
    while end - place >= 32:
        more = hftos_plus32(more, place)
        place += 32
    if length & 16:
        more = hftos_plus16(more, place)
        place += 16
    if length & 8:
        more = hftos_plus8(more, place)
    if length & 7:  # the last bytes, out of the 8 that end with them
        memcpy(&word, end - 8, 8)
        more = hftos_plus(more, word >> (-8 * length & 63))
    return more

cdef inline uint64_t ones_sum(const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    return _folded(raw_sum(data, at, length, 0))

cdef inline uint64_t sum20(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    return _folded(raw_sum(data, at, 20, 0))

cdef inline uint32_t checksum(uint64_t total) noexcept nogil:
    cdef uint32_t rest = total % 0xFFFF
    return 0xFFFF - rest if rest else 0

cdef inline void put_checksum(uint8_t *room, Py_ssize_t at, uint64_t total) noexcept nogil:
    cdef uint16_t field = hftos_closing(total)
    memcpy(room + at, &field, 2)

cdef inline bytes bytes_at(const uint8_t *data, Py_ssize_t at, Py_ssize_t length):
    return PyBytes_FromStringAndSize(<const char *>data + at, length)
