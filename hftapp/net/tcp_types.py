"""The words that the TCP modules share: states, settings and errors."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
NEVER: Final = (1 << 63) - 1
"""A deadline that does not come."""
MIN_MSS: Final = 64
"""Less would make every order dozens of segments; a peer that announces less gets this anyway."""

MAX_MSS: Final = 1460
"""What fits a port's room: an Ethernet MTU of 1,500."""


class TcpState(Enum):
    """The states of RFC 9293 §3.3.2 that a client can be in (LISTEN is a server's)."""

    CLOSED = "closed"
    SYN_SENT = "syn-sent"
    SYN_RECEIVED = "syn-received"
    ESTABLISHED = "established"
    FIN_WAIT_1 = "fin-wait-1"
    FIN_WAIT_2 = "fin-wait-2"
    CLOSE_WAIT = "close-wait"
    CLOSING = "closing"
    LAST_ACK = "last-ack"
    TIME_WAIT = "time-wait"


class TcpError(ConnectionError):
    """A call that the connection's state does not allow; names the state, and the reason when it is closed."""


class TcpBufferError(TcpError):
    """The send buffer cannot take the data: the peer is not reading, or the caller sends faster than the line."""


@dataclass(frozen=True, slots=True)
class TcpConfig:
    """Settings of a connection; sizes in bytes, times in nanoseconds.

    The smallest retransmission time is below RFC 6298's second and above Linux's shortest delayed
    acknowledgement (40 ms): a lost order should not wait for a second.
    """

    mss: int = 1460
    """What we announce and the most we send: the MTU less 40."""
    send_buffer: int = 1 << 20
    receive_buffer: int = 1 << 18
    rto_initial: int = SECOND
    rto_min: int = 50 * MILLISECOND
    rto_max: int = 60 * SECOND
    max_retransmissions: int = 10
    """In a row without any acknowledgement; then the connection fails."""
    max_syn_retransmissions: int = 6
    time_wait: int = SECOND
    """Far below 2 MSL: a local network keeps no segment for minutes, and ports are drawn at random."""
    fin_wait_2: int = 60 * SECOND
    """How long the peer may take to close its half after we closed ours."""
    keep_alive_idle: int = 0
    """Silence before the first probe; 0 is off, the default of RFC 9293 §3.8.4: SoupBinTCP has heartbeats."""
    keep_alive_interval: int = 5 * SECOND
    keep_alive_probes: int = 3

    def __post_init__(self) -> None:
        if not MIN_MSS <= self.mss <= MAX_MSS:
            raise ValueError(f"mss must be {MIN_MSS}..{MAX_MSS} bytes (the MTU less 40), not {self.mss}")
        if not self.mss <= self.receive_buffer <= 1 << 30:
            raise ValueError(f"receive_buffer must be mss ({self.mss}) .. 2**30 bytes, not {self.receive_buffer}")
        if not 1 <= self.send_buffer <= 1 << 30:
            raise ValueError(f"send_buffer must be 1 .. 2**30 bytes, not {self.send_buffer}")
        if self.keep_alive_idle and self.keep_alive_interval < 1:
            raise ValueError(f"keep_alive_interval must be at least 1 ns, not {self.keep_alive_interval}")
