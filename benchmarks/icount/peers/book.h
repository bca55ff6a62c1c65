/* Full-depth books by stock locate from ITCH 5.0: orders in an open-addressing table, levels sorted, the best last. */
#pragma once
#include <stdbool.h>
#include <stdlib.h>

#include "wire.h"

enum { BUY, SELL, SIDES };
enum { MAX_LOCATES = 64, MAX_LEVELS = 256, TABLE_BITS = 16, TABLE_SIZE = 1 << TABLE_BITS };

struct order { uint64_t reference; uint32_t price, shares; uint16_t locate; uint8_t side, used; };
struct level { uint32_t price, orders; uint64_t shares; };
struct side { int count; struct level levels[MAX_LEVELS]; };
struct book { char stock[8]; bool trading, touched; uint32_t last; struct side sides[SIDES]; };

static struct order table[TABLE_SIZE];
static struct book books[MAX_LOCATES];
static uint16_t touched[MAX_LOCATES];
static int touched_count;

static inline uint32_t slot_of(uint64_t reference)
{
    return (uint32_t)(reference * 0x9E3779B97F4A7C15ull >> (64 - TABLE_BITS));
}

static inline struct order *order_find(uint64_t reference)
{
    for (uint32_t at = slot_of(reference);; at = (at + 1) & (TABLE_SIZE - 1)) {
        if (!table[at].used)
            return NULL;
        if (table[at].reference == reference)
            return &table[at];
    }
}

/* Linear probing without tombstones: what stands behind the gap moves up. */
static void order_remove(struct order *gone)
{
    uint32_t gap = (uint32_t)(gone - table), at = gap;
    for (;;) {
        at = (at + 1) & (TABLE_SIZE - 1);
        if (!table[at].used)
            break;
        uint32_t home = slot_of(table[at].reference);
        if (((at - home) & (TABLE_SIZE - 1)) >= ((at - gap) & (TABLE_SIZE - 1))) {
            table[gap] = table[at];
            gap = at;
        }
    }
    table[gap].used = 0;
}

static inline bool better(int side, uint32_t one, uint32_t other) { return side == BUY ? one > other : one < other; }

static void level_add(struct side *s, int side, uint32_t price, uint32_t shares)
{
    int at = s->count;
    while (at > 0 && better(side, s->levels[at - 1].price, price))
        at--;
    if (at > 0 && s->levels[at - 1].price == price) {
        s->levels[at - 1].shares += shares;
        s->levels[at - 1].orders++;
        return;
    }
    if (s->count == MAX_LEVELS)
        abort();
    memmove(&s->levels[at + 1], &s->levels[at], (size_t)(s->count - at) * sizeof(struct level));
    s->levels[at] = (struct level){price, 1, shares};
    s->count++;
}

static void level_take(struct side *s, uint32_t price, uint32_t shares, bool whole)
{
    int at = s->count - 1;
    while (at >= 0 && s->levels[at].price != price)
        at--;
    if (at < 0)
        return;
    s->levels[at].shares -= shares;
    if (whole && --s->levels[at].orders == 0) {
        memmove(&s->levels[at], &s->levels[at + 1], (size_t)(s->count - at - 1) * sizeof(struct level));
        s->count--;
    }
}

static inline void touch(uint16_t locate)
{
    if (!books[locate].touched) {
        books[locate].touched = true;
        touched[touched_count++] = locate;
    }
}

static void book_add(uint16_t locate, uint64_t reference, int side, uint32_t shares, uint32_t price)
{
    uint32_t at = slot_of(reference);
    while (table[at].used)
        at = (at + 1) & (TABLE_SIZE - 1);
    table[at] = (struct order){reference, price, shares, locate, (uint8_t)side, 1};
    level_add(&books[locate].sides[side], side, price, shares);
    touch(locate);
}

static struct order *book_reduce(uint64_t reference, uint32_t shares)
{
    struct order *order = order_find(reference);
    if (order == NULL)
        return NULL;
    if (shares > order->shares)
        shares = order->shares;
    bool whole = shares == order->shares;
    level_take(&books[order->locate].sides[order->side], order->price, shares, whole);
    touch(order->locate);
    order->shares -= shares;
    if (whole)
        order_remove(order);
    return order;
}

static inline uint16_t locate_of(const uint8_t *m) { return be16(m + 1) & (MAX_LOCATES - 1); }

/* One ITCH message of `length` bytes (ITCH 5.0 §4.3 to §4.6); others than these do not change a book. */
static void book_apply(const uint8_t *m, int length)
{
    static const uint8_t lengths[256] = {['R'] = 39, ['H'] = 25, ['A'] = 36, ['F'] = 40, ['E'] = 31,
                                         ['C'] = 36, ['X'] = 23, ['D'] = 19, ['U'] = 35, ['P'] = 44};
    if (length < 1 || length != lengths[m[0]])
        return;
    struct order *order;
    switch (m[0]) {
    case 'A':
    case 'F':
        book_add(locate_of(m), be64(m + 11), m[19] == 'B' ? BUY : SELL, be32(m + 20), be32(m + 32));
        break;
    case 'E':
        order = order_find(be64(m + 11));
        if (order != NULL) {
            books[order->locate].last = order->price;
            book_reduce(be64(m + 11), be32(m + 19));
        }
        break;
    case 'C':
        if (m[31] == 'Y')
            books[locate_of(m)].last = be32(m + 32);
        book_reduce(be64(m + 11), be32(m + 19));
        break;
    case 'X':
        book_reduce(be64(m + 11), be32(m + 19));
        break;
    case 'D':
        book_reduce(be64(m + 11), UINT32_MAX);
        break;
    case 'U':
        order = order_find(be64(m + 11));
        if (order != NULL) {
            uint16_t locate = order->locate;
            int side = order->side;
            book_reduce(be64(m + 11), UINT32_MAX);
            book_add(locate, be64(m + 19), side, be32(m + 27), be32(m + 31));
        }
        break;
    case 'P':
        books[locate_of(m)].last = be32(m + 32);
        break;
    case 'R':
        memcpy(books[locate_of(m)].stock, m + 11, 8);
        break;
    case 'H':
        books[locate_of(m)].trading = m[19] == 'T';
        touch(locate_of(m));
        break;
    }
}
