/* The whole job with the kernel's sockets and busy polling: /init of a guest that has nothing else. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>

#include "arbiter.h"
#include "guest.h"
#include "orders.h"
#include "samples.h"

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

static struct samples samples;
static int order_socket;
static uint64_t ordered_at;

/* Only one socket polls the card: all frames come in through its call, so that its beginning is where a tick begins. */
static void busy_poll(int s)
{
    int microseconds = 50, on = 1, budget = 8;
    if (setsockopt(s, SOL_SOCKET, SO_BUSY_POLL, &microseconds, sizeof microseconds) ||
        setsockopt(s, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof on) ||
        setsockopt(s, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof budget))
        printf("NOTE busy poll: %s\n", strerror(errno));
}

static int join(const char *group, int port)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 20;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct ip_mreqn request = {0};
    inet_pton(AF_INET, group, &at.sin_addr);
    inet_pton(AF_INET, group, &request.imr_multiaddr);
    inet_pton(AF_INET, GUEST_ADDRESS, &request.imr_address);
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(s, (struct sockaddr *)&at, sizeof at) ||
        setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request))
        fail("join");
    return s;
}

static void log_in(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(ORDER_PORT)};
    uint8_t request[49];
    int on = 1;
    order_socket = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, EXCHANGE_ADDRESS, &at.sin_addr);
    setsockopt(order_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(order_socket, (struct sockaddr *)&at, sizeof at))
        fail("connect");
    memset(request, ' ', sizeof request);
    put16(request, 47);
    request[2] = 'L';
    memcpy(request + 3, USER, 6);
    memcpy(request + 9, PASSWORD, 10);
    request[48] = '1';
    if (send(order_socket, request, sizeof request, 0) != sizeof request)
        fail("login");
}

static void act(void)
{
    for (int i = 0; i < touched_count; i++) {
        uint16_t locate = touched[i];
        uint32_t price = 0;
        books[locate].touched = false;
        uint32_t shares = decide(locate, &price);
        if (!shares)
            continue;
        if (risk_check(locate, shares, price, tsc())) {
            refused++;
            continue;
        }
        order_encode(locate, shares, price);
        if (send(order_socket, packet, PACKET_SIZE, MSG_DONTWAIT) != PACKET_SIZE)
            fail("order");
        ordered_at = tsc();
    }
    touched_count = 0;
}

/* Answers of the exchange; false at the end of the session. */
static bool answers(void)
{
    static uint8_t stream[1 << 16];
    static int have;
    int on = 1;
    ssize_t got = recv(order_socket, stream + have, sizeof stream - (size_t)have, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        return false;
    if (got < 0)
        return true;
    /* The harness goes on once its answer is acknowledged. */
    setsockopt(order_socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    have += (int)got;
    int at = 0;
    while (have - at >= 3 && have - at >= 2 + be16(stream + at)) {
        uint8_t kind = stream[at + 2];
        if (kind == 'Z' || kind == 'J')
            return false;
        if (kind == 'S')
            answer_apply(stream + at + 3, be16(stream + at) - 1);
        at += 2 + be16(stream + at);
    }
    memmove(stream, stream + at, (size_t)(have - at));
    have -= at;
    return true;
}

static void keep_alive(void)
{
    static time_t last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != last) {
        static const uint8_t heartbeat[3] = {0, 1, 'R'};
        last = now.tv_sec;
        send(order_socket, heartbeat, sizeof heartbeat, MSG_DONTWAIT);
    }
}

int main(void)
{
    static uint8_t data[2048];
    guest_start();
    orders_prepare();
    int lines[2] = {join(GROUP_A, PORT_A), join(GROUP_B, PORT_B)};
    busy_poll(lines[0]);
    log_in();
    do {
        uint64_t before = tsc();
        for (int i = 0; i < 2; i++) {
            ssize_t got = recv(lines[i], data, sizeof data, MSG_DONTWAIT);
            if (got < 0)
                continue;
            uint64_t after = tsc();
            ordered_at = 0;
            packet_arrived(data, (int)got);
            if (touched_count)
                act();
            if (ordered_at)
                samples_add(&samples, before, after, ordered_at);
        }
        keep_alive();
    } while (answers());
    printf("NOTE %llu duplicates, %llu malformed, %llu refused\n", (unsigned long long)duplicates,
           (unsigned long long)malformed, (unsigned long long)refused);
    samples_print(&samples);
    power_off();
}
