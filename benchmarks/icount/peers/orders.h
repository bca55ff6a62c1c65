/* Own orders: the decision, the risk check, the OUCH 5.0 message in its SoupBinTCP packet, and the answers. */
#pragma once
#include "book.h"
#include "job.h"

enum { OUCH_SIZE = 53, PACKET_SIZE = 3 + OUCH_SIZE, MAX_OWN = 1 << 16 };

struct own { uint16_t locate; uint32_t remaining; uint64_t price; };

static struct own own[MAX_OWN];
static int64_t position[MAX_LOCATES], exposed[MAX_LOCATES];
static uint64_t open_notional;
static uint32_t next_reference = 1;
static uint64_t sent_at[MAX_ORDERS_PER_SECOND];
static uint32_t sent_next;
static uint64_t refused;
/* Length, `U`, and the message with all that never changes. */
static uint8_t packet[PACKET_SIZE];

static void orders_prepare(void)
{
    memset(packet, ' ', sizeof packet);
    put16(packet, 1 + OUCH_SIZE);
    packet[2] = 'U';
    uint8_t *m = packet + 3;
    m[0] = 'O';
    m[5] = 'B';
    memcpy(m + 26, "3YPNN", 5);
    memcpy(m + 31, "PEER", 4);
    put16(m + 45, 6);
    m[47] = 5;
    m[48] = 2;
    memcpy(m + 49, FIRM, 4);
}

/* 0, or the number of the check that refuses. `ns` is the time, for the rate. */
static int risk_check(uint16_t locate, uint32_t shares, uint32_t price, uint64_t ns)
{
    const struct book *b = &books[locate];
    uint64_t notional = (uint64_t)shares * price;
    if (!b->trading)
        return 1;
    if (shares < 1 || shares > MAX_ORDER_SHARES)
        return 2;
    const struct side *bids = &b->sides[BUY], *asks = &b->sides[SELL];
    int64_t reference = bids->count && asks->count
                            ? ((int64_t)bids->levels[bids->count - 1].price + asks->levels[asks->count - 1].price) / 2
                            : (int64_t)b->last;
    if (reference <= 0 || llabs((int64_t)price - reference) * 10000 > PRICE_COLLAR_BPS * reference)
        return 3;
    if (notional > MAX_ORDER_NOTIONAL * 10000ull)
        return 4;
    if (position[locate] + exposed[locate] + shares > MAX_POSITION_SHARES)
        return 5;
    if (open_notional + notional > MAX_OPEN_NOTIONAL * 10000ull)
        return 6;
    if (sent_at[sent_next] && ns - sent_at[sent_next] < 1000000000ull)
        return 7;
    sent_at[sent_next] = ns;
    sent_next = sent_next + 1 == MAX_ORDERS_PER_SECOND ? 0 : sent_next + 1;
    return 0;
}

/* Shares to buy at the best offer, 0 for none. */
static uint32_t decide(uint16_t locate, uint32_t *price)
{
    const struct book *b = &books[locate];
    const struct side *bids = &b->sides[BUY], *asks = &b->sides[SELL];
    if (!b->trading || !bids->count || !asks->count)
        return 0;
    const struct level *bid = &bids->levels[bids->count - 1], *ask = &asks->levels[asks->count - 1];
    if (ask->price <= bid->price || (uint64_t)(ask->price - bid->price) * 10000 > (uint64_t)MAX_SPREAD_BPS * bid->price)
        return 0;
    uint64_t total = bid->shares + ask->shares;
    if (total < MIN_SHARES || bid->shares * 100 < RATIO_PCT * total)
        return 0;
    int64_t shares = MAX_POSITION - position[locate];
    if (shares > SIZE)
        shares = SIZE;
    if ((uint64_t)(shares < 0 ? 0 : shares) > ask->shares)
        shares = (int64_t)ask->shares;
    *price = ask->price;
    return shares > 0 ? (uint32_t)shares : 0;
}

/* Fill in the packet for an order that has passed, and keep it. */
static void order_encode(uint16_t locate, uint32_t shares, uint32_t price)
{
    uint8_t *m = packet + 3;
    uint32_t reference = next_reference++;
    own[reference & (MAX_OWN - 1)] = (struct own){locate, shares, price};
    exposed[locate] += shares;
    open_notional += (uint64_t)shares * price;
    put32(m + 1, reference);
    put32(m + 6, shares);
    memcpy(m + 10, books[locate].stock, 8);
    put64(m + 18, price);
    for (int i = 44; i >= 35; i--, reference /= 10)
        m[i] = (uint8_t)('0' + reference % 10);
}

static void own_reduce(uint32_t reference, uint32_t shares)
{
    struct own *o = &own[reference & (MAX_OWN - 1)];
    if (shares > o->remaining)
        shares = o->remaining;
    o->remaining -= shares;
    exposed[o->locate] -= shares;
    open_notional -= shares * o->price;
}

/* One OUCH message of the exchange (OUCH 5.0 §5.3). */
static void answer_apply(const uint8_t *m, int length)
{
    if (length < 13)
        return;
    uint32_t reference = be32(m + 9);
    switch (m[0]) {
    case 'C':
        own_reduce(reference, be32(m + 13));
        break;
    case 'E':
        position[own[reference & (MAX_OWN - 1)].locate] += be32(m + 13);
        own_reduce(reference, be32(m + 13));
        break;
    case 'J':
        own_reduce(reference, UINT32_MAX);
        break;
    }
}
