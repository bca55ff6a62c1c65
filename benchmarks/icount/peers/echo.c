/* The floor: a frame comes out of rx_burst, its MACs are swapped, it goes into tx_burst. DPDK on vfio without IOMMU. */
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "guest.h"
#include "samples.h"

enum { DESCRIPTORS = 256, MBUFS = 2047, BURST = 32 };

static struct samples samples;

/* The kernel's driver lets go of the virtio network card, and vfio-pci takes it; its PCI address. */
static void take_card(char *address, size_t size)
{
    DIR *devices = opendir("/sys/bus/pci/devices");
    struct dirent *entry;
    char path[512], text[16];
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    write_file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "1");
    while (devices && (entry = readdir(devices)) != NULL) {
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/device", entry->d_name);
        int file = open(path, O_RDONLY);
        ssize_t got = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0)
            close(file);
        if (got < 6 || memcmp(text, "0x1041", 6)) /* virtio 1.x §5.1, network device */
            continue;
        snprintf(address, size, "%s", entry->d_name);
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver_override", address);
        write_file(path, "vfio-pci");
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver/unbind", address);
        write_file(path, address);
        write_file("/sys/bus/pci/drivers_probe", address);
        closedir(devices);
        return;
    }
    errno = ENODEV;
    fail("virtio network card");
}

static uint16_t open_port(char *address)
{
    char device[300]; /* with the receive path of the fewest instructions */
    char *arguments[] = {"init", "-l", "0", "--in-memory", "--no-telemetry", "--iova-mode=pa", "-a", device};
    struct rte_eth_conf configuration = {0};
    snprintf(device, sizeof device, "%s,vectorized=1", address);
    if (rte_eal_init(sizeof arguments / sizeof *arguments, arguments) < 0)
        fail("EAL");
    struct rte_mempool *pool =
        rte_pktmbuf_pool_create("mbufs", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
    if (pool == NULL || rte_eth_dev_count_avail() == 0)
        fail("port");
    if (rte_eth_dev_configure(0, 1, 1, &configuration) || rte_eth_rx_queue_setup(0, 0, DESCRIPTORS, 0, NULL, pool) ||
        rte_eth_tx_queue_setup(0, 0, DESCRIPTORS, 0, NULL) || rte_eth_dev_start(0))
        fail("queues");
    rte_eth_promiscuous_enable(0);
    return 0;
}

int main(void)
{
    struct rte_mbuf *frames[BURST];
    char address[256];
    int over = 0;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    mount("proc", "/proc", "proc", 0, "");
    mount("sysfs", "/sys", "sysfs", 0, "");
    take_card(address, sizeof address);
    uint16_t port = open_port(address);
    while (!over) {
        uint64_t before = tsc();
        uint16_t count = rte_eth_rx_burst(port, 0, frames, BURST);
        if (count == 0)
            continue;
        uint64_t after = tsc();
        for (uint16_t i = 0; i < count; i++) {
            struct rte_ether_hdr *header = rte_pktmbuf_mtod(frames[i], struct rte_ether_hdr *);
            struct rte_ether_addr source = header->src_addr;
            header->src_addr = header->dst_addr;
            header->dst_addr = source;
        }
        uint16_t sent = rte_eth_tx_burst(port, 0, frames, count);
        samples_add(&samples, before, after, tsc());
        /* The payload of the last datagram. */
        over = sent && memcmp(rte_pktmbuf_mtod_offset(frames[0], char *, 42), "END", 3) == 0;
    }
    samples.count--;
    samples_print(&samples);
    power_off();
}
