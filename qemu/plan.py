"""The simulated data centre's fixed plan: who is where on which network. Also the defaults of `hftos.toml`.

Two segments of one switch; frames never cross. The trading side is 10.20.0.0/24, the management side 10.30.0.0/24.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

TRADING = "trading"
MANAGEMENT = "management"


@dataclass(frozen=True, slots=True)
class Group:
    """A multicast feed line: IPv4 group and UDP port."""

    address: IPv4Address
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


EXCHANGE_ADDRESS = IPv4Interface("10.20.0.1/24")
OFFICE_ADDRESS = IPv4Interface("10.30.0.1/24")
DROP_COPY_ADDRESS = IPv4Interface("10.20.0.2/24")
"""Of the office, on the trading side: it reads the drop copy there, and nothing else."""
FEED_A = Group(IPv4Address("239.20.0.1"), 26401)
FEED_B = Group(IPv4Address("239.20.0.2"), 26402)
OUCH_PORT = 24000
OFFICE_PORT = 9300
USER, PASSWORD, FIRM = "HFT1", "secret1", "HFTX"

TRADER_MAC = "52:54:00:20:00:10"
SERVER_MAC = "52:54:00:30:00:10"

# The switch's ports, named after what is plugged in.
EXCHANGE, TRADER, DROP_COPY, OFFICE, SERVER = "exchange", "trader", "dropcopy", "office", "server"
SEGMENTS = {EXCHANGE: TRADING, TRADER: TRADING, DROP_COPY: TRADING, OFFICE: MANAGEMENT, SERVER: MANAGEMENT}

# A MoldUDP64 packet is 20 bytes of header and its messages (MoldUDP64 1.00); a shorter one is a heartbeat.
MOLD_DATA_PAYLOAD = 21
