"""What the stack did with every frame, and a connection with every segment, by name: nothing is dropped uncounted."""

from typing import Final

STACK: Final = (
    "received",
    "sent",
    "delivered",
    "malformed_ethernet",
    "malformed_arp",
    "malformed_ip",
    "malformed_igmp",
    "malformed_udp",
    "malformed_tcp",
    "bad_checksum_ip",
    "bad_checksum_igmp",
    "bad_checksum_udp",
    "bad_checksum_tcp",
    "not_ours",
    "other_vlan",
    "unknown_ethertype",
    "unknown_protocol",
    "fragments",
    "bad_source",
    "no_listener",
    "no_connection",
    "igmp_ignored",
    "arp_ignored",
    "arp_requests",
    "arp_replies",
    "arp_conflicts",
    "arp_unresolved",
    "igmp_reports",
    "tx_overflow",
)
TCP: Final = (
    "received",
    "sent",
    "out_of_order",
    "unacceptable",
    "challenges",
    "duplicate_acks",
    "fast_retransmits",
    "timeouts",
    "window_probes",
    "keep_alives",
)


class StackCounters:
    """Totals since the stack was made; all are frames unless the name says otherwise.

    `delivered`: UDP datagrams handed to the caller. `not_ours`: another station's address, Ethernet or IP.
    `bad_source`: an IP source that cannot be a host, that is multicast, broadcast, or our own address. `no_listener`:
    UDP to a group and port that nobody joined. `no_connection`: TCP segments for no connection of ours (answered with
    RST). `igmp_ignored`: other members' reports and messages that are no query. `arp_requests`, `arp_replies` and
    `igmp_reports`: those that we sent. `arp_conflicts`: somebody else claims our IP address. `arp_unresolved`: packets
    given up because the next hop did not answer ARP. `tx_overflow`: frames not queued because too many were.
    """

    def __init__(self) -> None:
        self.received = self.sent = self.delivered = 0
        self.malformed_ethernet = self.malformed_arp = self.malformed_ip = 0
        self.malformed_igmp = self.malformed_udp = self.malformed_tcp = 0
        self.bad_checksum_ip = self.bad_checksum_igmp = self.bad_checksum_udp = self.bad_checksum_tcp = 0
        self.not_ours = self.other_vlan = self.unknown_ethertype = self.unknown_protocol = 0
        self.fragments = self.bad_source = self.no_listener = self.no_connection = 0
        self.igmp_ignored = self.arp_ignored = self.arp_requests = self.arp_replies = 0
        self.arp_conflicts = self.arp_unresolved = self.igmp_reports = self.tx_overflow = 0

    @property
    def malformed(self) -> int:
        """Frames with an impossible length, version or option in any layer."""
        return (
            self.malformed_ethernet
            + self.malformed_arp
            + self.malformed_ip
            + self.malformed_igmp
            + self.malformed_udp
            + self.malformed_tcp
        )

    @property
    def bad_checksum(self) -> int:
        """Frames whose checksum was wrong in any layer."""
        return self.bad_checksum_ip + self.bad_checksum_igmp + self.bad_checksum_udp + self.bad_checksum_tcp

    def as_dict(self) -> dict[str, int]:
        """Return every counter by name, with the two sums `malformed` and `bad_checksum`."""
        values = {name: int(getattr(self, name)) for name in STACK}
        values["malformed"] = self.malformed
        values["bad_checksum"] = self.bad_checksum
        return values


class TcpCounters:
    """What one connection did, in segments."""

    def __init__(self) -> None:
        self.received = self.sent = 0
        self.out_of_order = self.unacceptable = self.challenges = 0
        self.duplicate_acks = self.fast_retransmits = self.timeouts = 0
        self.window_probes = self.keep_alives = 0

    def as_dict(self) -> dict[str, int]:
        """Return every counter by name."""
        return {name: int(getattr(self, name)) for name in TCP}
