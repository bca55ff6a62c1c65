/* PID 1 of a guest that has nothing else: modules, file systems, the network interface, power off. */
#pragma once
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "job.h"

static void power_off(void)
{
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

static void fail(const char *what)
{
    printf("\nFAILED %s: %s\n", what, strerror(errno));
    power_off();
}

/* Every file of /modules, in the order of their names: the image maker numbers them by what they need. */
static inline void load_modules(void)
{
    struct dirent **names;
    int count = scandir("/modules", &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] == '.')
            continue;
        char path[300];
        snprintf(path, sizeof path, "/modules/%s", names[i]->d_name);
        int file = open(path, O_RDONLY);
        if (file < 0 || (syscall(SYS_finit_module, file, "", 0) && errno != EEXIST))
            fail(path);
        close(file);
    }
}

static void write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        printf("NOTE %s: %s\n", path, strerror(errno));
    if (file >= 0)
        close(file);
}

static inline void network_up(const char *name)
{
    struct ifreq request = {0};
    struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    address->sin_family = AF_INET;
    inet_pton(AF_INET, GUEST_ADDRESS, &address->sin_addr);
    if (ioctl(control, SIOCSIFADDR, &request))
        fail("address");
    address->sin_addr.s_addr = htonl(~0u << (32 - PREFIX_LENGTH));
    if (ioctl(control, SIOCSIFNETMASK, &request))
        fail("netmask");
    if (ioctl(control, SIOCGIFFLAGS, &request))
        fail("flags");
    request.ifr_flags |= IFF_UP | IFF_MULTICAST;
    if (ioctl(control, SIOCSIFFLAGS, &request))
        fail("interface up");
    close(control);
}

static inline void guest_start(void)
{
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    mount("proc", "/proc", "proc", 0, "");
    mount("sysfs", "/sys", "sysfs", 0, "");
    load_modules();
    network_up("eth0");
    /* Busy polling takes the packets, interrupts stay off (Documentation/networking/napi.rst). */
    write_file("/sys/class/net/eth0/napi_defer_hard_irqs", "100");
    write_file("/sys/class/net/eth0/gro_flush_timeout", "200000");
}
