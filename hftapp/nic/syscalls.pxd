from libc.stdint cimport uint8_t

cdef extern from *:
    """
    #include <errno.h>
    #include <stdint.h>
    #include <sys/socket.h>
    static inline int hftos_sendmmsg(int socket, uint8_t *messages, unsigned int count) {
        int sent = sendmmsg(socket, (struct mmsghdr *)messages, count, MSG_DONTWAIT);
        return sent < 0 ? -errno : sent;
    }
    static inline int hftos_kick_tx(int socket) {
        return sendto(socket, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? -errno : 0;
    }
    static inline int hftos_kick_rx(int socket) {
        return recvfrom(socket, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0 ? -errno : 0;
    }
    """
    int sendmmsg "hftos_sendmmsg"(int socket, uint8_t *messages, unsigned int count) noexcept nogil
    int kick_tx "hftos_kick_tx"(int socket) noexcept nogil
    int kick_rx "hftos_kick_rx"(int socket) noexcept nogil
