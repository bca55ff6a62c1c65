from libc.stdint cimport int64_t, uint8_t, uintptr_t
from libc.string cimport memcpy, memset

from hftapp.shared cimport words_of

cdef extern from "<malloc.h>" nogil:
    ctypedef struct mallinfo_t "struct mallinfo2":
        size_t uordblks
    mallinfo_t mallinfo2()
    int mallopt(int, int)
    int _MMAP_MAX "M_MMAP_MAX"
    int _TRIM_THRESHOLD "M_TRIM_THRESHOLD"
    int _TOP_PAD "M_TOP_PAD"
    int _ARENA_MAX "M_ARENA_MAX"
    size_t malloc_usable_size(void *)

cdef extern from "<stdlib.h>" nogil:
    void *c_malloc "malloc"(size_t)
    void c_free "free"(void *)
    int posix_memalign(void **, size_t, size_t)

cdef extern from "<sys/mman.h>" nogil:
    void *mmap(void *, size_t, int, int, int, int64_t)
    void *_FAILED "MAP_FAILED"
    int _READ "PROT_READ"
    int _WRITE "PROT_WRITE"
    int _PRIVATE "MAP_PRIVATE"
    int _ANONYMOUS "MAP_ANONYMOUS"
    int _HUGETLB "MAP_HUGETLB"

cdef extern from "<string.h>" nogil:
    void explicit_bzero(void *, size_t)

cdef extern from "Python.h":
    ctypedef struct PyObjectArenaAllocator:
        void *ctx
        void *(*alloc)(void *, size_t) noexcept nogil
        void (*free)(void *, void *, size_t) noexcept nogil
    ctypedef struct PyMemAllocatorEx:
        void *ctx
        void *(*malloc)(void *, size_t) noexcept nogil
        void *(*calloc)(void *, size_t, size_t) noexcept nogil
        void *(*realloc)(void *, void *, size_t) noexcept nogil
        void (*free)(void *, void *) noexcept nogil
    ctypedef enum PyMemAllocatorDomain:
        PYMEM_DOMAIN_RAW
        PYMEM_DOMAIN_MEM
        PYMEM_DOMAIN_OBJ
    void PyObject_SetArenaAllocator(PyObjectArenaAllocator *)
    void PyMem_GetAllocator(PyMemAllocatorDomain, PyMemAllocatorEx *)
    void PyMem_SetAllocator(PyMemAllocatorDomain, PyMemAllocatorEx *)

# Blocks for Python's arenas: one piece of memory, and a stack of those that are free.
cdef uint8_t *_pool
cdef size_t _pool_bytes
cdef void *_free_blocks[256]
cdef int64_t _free_count
# The allocators that were there before, and the words of the group `silence`.
cdef PyMemAllocatorEx _before[3]
cdef int64_t *_figures
cdef object _kept

cdef inline void *_take_block(void *context, size_t size) noexcept nogil:
    global _free_count
    if size > 1 << 20 or _free_count == 0:
        return NULL
    _free_count -= 1
    _figures[8] = _free_count
    return _free_blocks[_free_count]

cdef inline void _give_block(void *context, void *block, size_t size) noexcept nogil:
    global _free_count
    if <uintptr_t>block - <uintptr_t>_pool >= _pool_bytes:
        return  # from before: the kernel's, and it is not to be asked
    _free_blocks[_free_count] = block
    _free_count += 1
    _figures[8] = _free_count

cdef inline void _count() noexcept nogil:
    _figures[1] += 1
    _figures[2] += _figures[0]

# The C library keeps a large block that it got from the kernel apart (bit 1 of the size before it): freeing or moving
# one is a system call.
cdef inline bint _mapped(void *block) noexcept nogil:
    return ((<size_t *>block - 1)[0] & 2) != 0

cdef inline void *_malloc(void *context, size_t size) noexcept nogil:
    cdef PyMemAllocatorEx *before = <PyMemAllocatorEx *>context
    _count()
    return before.malloc(before.ctx, size)

cdef inline void *_calloc(void *context, size_t number, size_t size) noexcept nogil:
    cdef PyMemAllocatorEx *before = <PyMemAllocatorEx *>context
    _count()
    return before.calloc(before.ctx, number, size)

cdef inline void *_realloc(void *context, void *block, size_t size) noexcept nogil:
    cdef PyMemAllocatorEx *before = <PyMemAllocatorEx *>context
    _count()
    return before.realloc(before.ctx, block, size)

cdef inline void _free(void *context, void *block) noexcept nogil:
    cdef PyMemAllocatorEx *before = <PyMemAllocatorEx *>context
    before.free(before.ctx, block)

cdef inline void *_raw_realloc(void *context, void *block, size_t size) noexcept nogil:
    cdef PyMemAllocatorEx *before = <PyMemAllocatorEx *>context
    cdef size_t old
    cdef void *new
    _count()
    if block == NULL or not _mapped(block):
        return before.realloc(before.ctx, block, size)
    old = malloc_usable_size(block)
    new = before.malloc(before.ctx, size)
    if new != NULL:
        memcpy(new, block, old if old < size else size)
    return new

cdef inline void _raw_free(void *context, void *block) noexcept nogil:
    cdef PyMemAllocatorEx *before = <PyMemAllocatorEx *>context
    if block != NULL and not _mapped(block):
        before.free(before.ctx, block)

cdef inline void _no_mappings(int pad) noexcept:
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 0x7FFFFFFF)
    mallopt(_TOP_PAD, pad)
    mallopt(_ARENA_MAX, 1)

# In huge pages that were reserved for it (vm.nr_hugepages); `ordinary`: or else in the C library's memory.
cdef inline bint _make_pool(object words, int64_t blocks, bint ordinary) noexcept:
    global _pool, _pool_bytes, _free_count, _figures, _kept
    cdef PyObjectArenaAllocator arenas
    cdef int64_t i
    cdef size_t huge = ((<size_t>blocks + 1) >> 1) << 21
    cdef void *memory = mmap(NULL, huge, _READ | _WRITE, _PRIVATE | _ANONYMOUS | _HUGETLB, -1, 0)
    if memory == _FAILED and (not ordinary or posix_memalign(&memory, 1 << 20, <size_t>blocks << 20) != 0):
        return False
    _kept = words
    _figures = words_of(words)
    _pool = <uint8_t *>memory
    _pool_bytes = <size_t>blocks << 20
    memset(_pool, 0, _pool_bytes)
    for i in range(blocks):
        _free_blocks[i] = _pool + ((blocks - 1 - i) << 20)
    _free_count = blocks
    _figures[8] = blocks
    arenas.ctx = NULL
    arenas.alloc = _take_block
    arenas.free = _give_block
    PyObject_SetArenaAllocator(&arenas)
    return True

cdef inline bint _make_headroom(size_t size) noexcept:
    cdef void *memory = c_malloc(size)
    if memory == NULL:
        return False
    explicit_bzero(memory, size)
    c_free(memory)
    return True

cdef inline void _touch_stack() noexcept:
    cdef uint8_t room[1048576]
    explicit_bzero(room, 1048576)

cdef inline void _wrap() noexcept:
    cdef PyMemAllocatorEx wrapper
    wrapper.malloc = _malloc
    wrapper.calloc = _calloc
    wrapper.realloc = _realloc
    wrapper.free = _free
    PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &_before[1])
    wrapper.ctx = &_before[1]
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &wrapper)
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &_before[2])
    wrapper.ctx = &_before[2]
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &wrapper)
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &_before[0])
    wrapper.realloc = _raw_realloc
    wrapper.free = _raw_free
    wrapper.ctx = &_before[0]
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &wrapper)

cdef inline int64_t _bytes_used() noexcept:
    return <int64_t>mallinfo2().uordblks

cdef inline bint _set_up(object words, int64_t arenas, size_t headroom) noexcept:
    if _pool == NULL and not _make_pool(words, arenas, True):
        return False
    if not _make_headroom(headroom):
        return False
    _touch_stack()
    _wrap()
    return True
