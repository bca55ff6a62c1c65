from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc
from libc.string cimport memset, strdup

cdef extern from "rte_errno.h":
    int rte_errno
    const char *rte_strerror(int code) noexcept

cdef extern from "rte_eal.h":
    int rte_eal_init(int count, char **arguments) noexcept
    int rte_eal_cleanup() noexcept

cdef extern from "rte_mempool.h":
    cdef struct rte_mempool:
        pass
    void rte_mempool_free(rte_mempool *pool) noexcept

cdef extern from "rte_mbuf.h":
    cdef struct rte_mbuf:
        uint16_t nb_segs
        uint16_t data_len
        uint32_t pkt_len
    enum:
        RTE_MBUF_DEFAULT_BUF_SIZE
    rte_mempool *rte_pktmbuf_pool_create(
        const char *name, unsigned int count, unsigned int cache, uint16_t private, uint16_t room, int socket
    ) noexcept
    rte_mbuf *rte_pktmbuf_alloc(rte_mempool *pool) noexcept
    void rte_pktmbuf_free(rte_mbuf *mbuf) noexcept
    void rte_mbuf_raw_free(rte_mbuf *mbuf) noexcept

cdef extern from *:
    """
    // Bursts are inlined: without the look for callbacks, which nobody registers with a port that is nobody else's.
    #include <rte_config.h>
    #undef RTE_ETHDEV_RXTX_CALLBACKS
    #include <rte_ethdev.h>
    #include <rte_mbuf.h>
    #define hftos_mbuf_data(m) rte_pktmbuf_mtod(m, uint8_t *)
    """
    uint8_t *hftos_mbuf_data(rte_mbuf *mbuf) noexcept

cdef extern from "rte_ethdev.h":
    cdef struct rte_eth_rxconf:
        pass
    cdef struct rte_eth_txconf:
        uint16_t tx_free_thresh
        uint64_t offloads
    cdef struct rte_eth_txmode:
        uint64_t offloads
    cdef struct rte_eth_conf:
        rte_eth_txmode txmode
    cdef struct rte_eth_dev_info:
        const char *driver_name
        uint64_t tx_offload_capa
        rte_eth_rxconf default_rxconf
        rte_eth_txconf default_txconf
    cdef struct rte_ether_addr:
        uint8_t addr_bytes[6]
    cdef struct rte_eth_link:
        uint32_t link_speed
        uint16_t link_status
    cdef struct rte_eth_stats:
        uint64_t ipackets
        uint64_t opackets
        uint64_t ibytes
        uint64_t obytes
        uint64_t imissed
        uint64_t ierrors
        uint64_t oerrors
        uint64_t rx_nombuf
    uint64_t RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE
    int rte_eth_dev_get_port_by_name(const char *name, uint16_t *number) noexcept
    int rte_eth_dev_info_get(uint16_t number, rte_eth_dev_info *info) noexcept
    int rte_eth_dev_configure(uint16_t number, uint16_t rx, uint16_t tx, const rte_eth_conf *conf) noexcept
    int rte_eth_dev_adjust_nb_rx_tx_desc(uint16_t number, uint16_t *rx, uint16_t *tx) noexcept
    int rte_eth_rx_queue_setup(
        uint16_t number, uint16_t queue, uint16_t count, unsigned int socket, const rte_eth_rxconf *conf,
        rte_mempool *pool
    ) noexcept
    int rte_eth_tx_queue_setup(
        uint16_t number, uint16_t queue, uint16_t count, unsigned int socket, const rte_eth_txconf *conf
    ) noexcept
    int rte_eth_dev_start(uint16_t number) noexcept
    int rte_eth_dev_stop(uint16_t number) noexcept
    int rte_eth_dev_close(uint16_t number) noexcept
    int rte_eth_promiscuous_enable(uint16_t number) noexcept
    int rte_eth_allmulticast_enable(uint16_t number) noexcept
    int rte_eth_macaddr_get(uint16_t number, rte_ether_addr *address) noexcept
    int rte_eth_link_get(uint16_t number, rte_eth_link *link) noexcept
    int rte_eth_tx_done_cleanup(uint16_t number, uint16_t queue, uint32_t most) noexcept
    int rte_eth_stats_get(uint16_t number, rte_eth_stats *stats) noexcept
    uint16_t rte_eth_rx_burst(uint16_t number, uint16_t queue, rte_mbuf **mbufs, uint16_t count) noexcept
    uint16_t rte_eth_tx_burst(uint16_t number, uint16_t queue, rte_mbuf **mbufs, uint16_t count) noexcept

# EAL keeps the pointers to its arguments: they are never freed.
cdef inline int initialise(list arguments) except? -1:
    cdef int count = <int>len(arguments)
    cdef char **argv = <char **>calloc(count + 1, sizeof(char *))
    cdef int i
    for i in range(count):
        argv[i] = strdup(<bytes>arguments[i])
    return rte_errno_of(rte_eal_init(count, argv))

cdef inline int rte_errno_of(int result) noexcept:
    return rte_errno if result < 0 else 0

cdef inline void finish() noexcept:
    rte_eal_cleanup()

cdef inline str error_text(int code):
    return (<bytes>rte_strerror(code if code >= 0 else -code)).decode("ascii", "replace")

cdef inline int find_port(bytes device) noexcept:
    cdef uint16_t number = 0
    cdef int result = rte_eth_dev_get_port_by_name(device, &number)
    return result if result < 0 else number

# The lcore's own store in front of the pool: taking and giving back a buffer is a move there, without atomics.
cdef enum:
    CACHE = 64

# Here and below `node` is the memory node to take the memory from, -1 (SOCKET_ID_ANY) for any.
cdef inline rte_mempool *create_pool(bytes name, int count, int node) noexcept:
    return rte_pktmbuf_pool_create(name, count, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, node)

cdef inline int last_error() noexcept:
    return rte_errno

# A port of one queue each way, without offloads but the quick return of sent buffers where the driver has it.
cdef inline int configure(int number) noexcept:
    cdef rte_eth_conf conf
    cdef rte_eth_dev_info info
    cdef int result = rte_eth_dev_info_get(number, &info)
    if result < 0:
        return result
    memset(&conf, 0, sizeof(conf))
    conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE
    return rte_eth_dev_configure(number, 1, 1, &conf)

cdef inline str driver_name(int number):
    cdef rte_eth_dev_info info
    if rte_eth_dev_info_get(number, &info) < 0:
        return "unknown"
    return (<bytes>info.driver_name).decode("ascii", "replace")

# The counts that the card can do, nearest to those asked for: receive in the high, send in the low 16 bits.
cdef inline int adjust(int number, int rx_descriptors, int tx_descriptors) noexcept:
    cdef uint16_t rx = <uint16_t>rx_descriptors
    cdef uint16_t tx = <uint16_t>tx_descriptors
    cdef int result = rte_eth_dev_adjust_nb_rx_tx_desc(number, &rx, &tx)
    return result if result < 0 else rx << 16 | tx

cdef inline int set_up_rx(int number, int descriptors, int node, rte_mempool *pool) noexcept:
    cdef rte_eth_dev_info info
    cdef int result = rte_eth_dev_info_get(number, &info)
    if result < 0:
        return result
    return rte_eth_rx_queue_setup(number, 0, descriptors, node, &info.default_rxconf, pool)

cdef inline int set_up_tx(int number, int descriptors, int node, int threshold) noexcept:
    cdef rte_eth_dev_info info
    cdef int result = rte_eth_dev_info_get(number, &info)
    if result < 0:
        return result
    info.default_txconf.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE
    if threshold:
        info.default_txconf.tx_free_thresh = <uint16_t>threshold
    return rte_eth_tx_queue_setup(number, 0, descriptors, node, &info.default_txconf)

cdef inline int start(int number) noexcept:
    return rte_eth_dev_start(number)

cdef inline int receive_all(int number) noexcept:
    return rte_eth_promiscuous_enable(number)

cdef inline int receive_multicast(int number) noexcept:
    return rte_eth_allmulticast_enable(number)

cdef inline bytes mac_of(int number):
    cdef rte_ether_addr address
    if rte_eth_macaddr_get(number, &address) < 0:
        return b""
    return (<char *>address.addr_bytes)[:6]

# Waits for the link, for as long as its negotiation takes (DPDK: up to 9 s); 1 up, 0 down.
cdef inline int wait_for_link(int number) noexcept:
    cdef rte_eth_link link
    cdef int result = rte_eth_link_get(number, &link)
    return result if result < 0 else link.link_status

cdef inline tuple read_stats(int number):
    cdef rte_eth_stats stats
    memset(&stats, 0, sizeof(stats))
    rte_eth_stats_get(number, &stats)
    return (
        stats.ipackets, stats.opackets, stats.ibytes, stats.obytes,
        stats.imissed + stats.ierrors + stats.rx_nombuf, stats.oerrors,
    )

cdef inline void stop(int number) noexcept:
    rte_eth_dev_stop(number)
    rte_eth_dev_close(number)

cdef inline void free_pool(rte_mempool *pool) noexcept:
    rte_mempool_free(pool)

cdef inline Py_ssize_t receive_burst(int number, rte_mbuf **mbufs, int count) noexcept:
    return rte_eth_rx_burst(<uint16_t>number, 0, mbufs, <uint16_t>count)

cdef inline Py_ssize_t transmit_burst(int number, rte_mbuf **mbufs, Py_ssize_t first, Py_ssize_t count) noexcept:
    return rte_eth_tx_burst(<uint16_t>number, 0, mbufs + first, <uint16_t>count)

cdef inline int collect_sent(int number) noexcept:
    return rte_eth_tx_done_cleanup(<uint16_t>number, 0, 0)

cdef inline rte_mbuf *take(rte_mempool *pool) noexcept:
    return rte_pktmbuf_alloc(pool)

# Of one segment and with one owner, as every received frame that was kept is.
cdef inline void give_back(rte_mbuf *mbuf) noexcept:
    rte_mbuf_raw_free(mbuf)

cdef inline void give_back_chain(rte_mbuf *mbuf) noexcept:
    rte_pktmbuf_free(mbuf)

cdef inline int segments(rte_mbuf *mbuf) noexcept:
    return mbuf.nb_segs

cdef inline uint8_t *octets(rte_mbuf *mbuf) noexcept:
    return hftos_mbuf_data(mbuf)

cdef inline int length_of(rte_mbuf *mbuf) noexcept:
    return mbuf.data_len

cdef inline void set_length(rte_mbuf *mbuf, int length) noexcept:
    mbuf.data_len = <uint16_t>length
    mbuf.pkt_len = <uint32_t>length
