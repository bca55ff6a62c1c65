/* Lines A and B of one MoldUDP64 session: the first copy of a packet wins. A packet ahead of its turn is kept until the
 * other line closes the gap. */
#pragma once
#include "book.h"

enum { MOLD_HEADER = 20, HELD = 64, HELD_SIZE = 1500 };

static uint64_t expected = 1;
static struct { uint64_t sequence; int length; uint8_t data[HELD_SIZE]; } held[HELD];
static int held_count;
static uint64_t duplicates, malformed;

static void packet_pass(const uint8_t *data, int length, uint64_t sequence, int count)
{
    int at = MOLD_HEADER;
    for (int i = 0; i < count; i++) {
        if (at + 2 > length || at + 2 + be16(data + at) > length) {
            malformed++;
            return;
        }
        int size = be16(data + at);
        if (sequence + (uint64_t)i >= expected)
            book_apply(data + at + 2, size);
        at += 2 + size;
    }
    if (sequence + (uint64_t)count > expected)
        expected = sequence + (uint64_t)count;
}

static void packet_release(void)
{
    for (int i = 0; i < held_count;) {
        if (held[i].sequence <= expected) {
            packet_pass(held[i].data, held[i].length, held[i].sequence, be16(held[i].data + 18));
            held[i] = held[--held_count];
            i = 0;
        } else {
            i++;
        }
    }
}

static void packet_arrived(const uint8_t *data, int length)
{
    if (length < MOLD_HEADER) {
        malformed++;
        return;
    }
    uint64_t sequence = be64(data + 10);
    int count = be16(data + 18);
    if (count == 0 || count == 0xFFFF)
        return; /* heartbeat, end of session */
    if (sequence + (uint64_t)count <= expected) {
        duplicates++;
        return;
    }
    if (sequence > expected) {
        if (held_count < HELD && length <= HELD_SIZE) {
            held[held_count].sequence = sequence;
            held[held_count].length = length;
            memcpy(held[held_count++].data, data, (size_t)length);
        }
        return;
    }
    packet_pass(data, length, sequence, count);
    if (held_count)
        packet_release();
}
