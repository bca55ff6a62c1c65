/* What is measured: the time stamp counter around the call that brought the data, and after the one that sent the order.
 * Under -icount shift=0 QEMU's counter counts guest instructions. */
#pragma once
#include <stdint.h>
#include <stdio.h>

#include "job.h"

struct samples {
    uint32_t after[MAX_SAMPLES];  /* from the return of the receiving call */
    uint32_t before[MAX_SAMPLES]; /* from the beginning of the call that took it from the card */
    int count;
};

static inline uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static inline void samples_add(struct samples *s, uint64_t before, uint64_t after, uint64_t sent)
{
    if (s->count < MAX_SAMPLES) {
        s->after[s->count] = (uint32_t)(sent - after);
        s->before[s->count++] = (uint32_t)(sent - before);
    }
}

/* The counter over a loop of 2 * turns instructions, for the report to check what one tick of it is. */
static inline uint64_t calibrate(uint32_t turns)
{
    uint64_t begin = tsc();
    __asm__ volatile("1: dec %0\n jnz 1b" : "+r"(turns)::"cc");
    return tsc() - begin;
}

static void samples_print(const struct samples *s)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 20; i++) { /* the least of several: a timer interrupt may come in between */
        uint64_t took = calibrate(10000);
        least = took < least ? took : least;
    }
    printf("\nCALIBRATION 20000 %llu\n", (unsigned long long)least);
    for (int i = 0; i < s->count; i++)
        printf("SAMPLE %u %u\n", s->after[i], s->before[i]);
    printf("END %d\n", s->count);
    fflush(stdout);
}
