"""What the stack did with every frame, by name: nothing is dropped without a count."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class StackCounters:
    """Totals since the stack was made; all are frames unless the name says otherwise."""

    received: int = 0
    sent: int = 0
    delivered: int = 0
    """UDP datagrams handed to the caller."""
    malformed_ethernet: int = 0
    malformed_arp: int = 0
    malformed_ip: int = 0
    malformed_igmp: int = 0
    malformed_udp: int = 0
    malformed_tcp: int = 0
    bad_checksum_ip: int = 0
    bad_checksum_igmp: int = 0
    bad_checksum_udp: int = 0
    bad_checksum_tcp: int = 0
    not_ours: int = 0
    """Another station's address, Ethernet or IP."""
    other_vlan: int = 0
    unknown_ethertype: int = 0
    unknown_protocol: int = 0
    fragments: int = 0
    bad_source: int = 0
    """An IP source that cannot be a host: multicast, broadcast, or our own address."""
    no_listener: int = 0
    """UDP to a group and port that nobody joined."""
    no_connection: int = 0
    """TCP segments for no connection of ours (answered with RST)."""
    igmp_ignored: int = 0
    """Other members' reports and messages that are no query."""
    arp_ignored: int = 0
    arp_requests: int = 0
    """ARP requests that we sent."""
    arp_replies: int = 0
    """ARP replies that we sent."""
    arp_conflicts: int = 0
    """Somebody else claims our IP address."""
    arp_unresolved: int = 0
    """Packets given up because the next hop did not answer ARP."""
    igmp_reports: int = 0
    """IGMP reports that we sent."""
    tx_overflow: int = 0
    """Frames not queued because nobody fetched the earlier ones."""

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
        values = {field.name: int(getattr(self, field.name)) for field in fields(self)}
        values["malformed"] = self.malformed
        values["bad_checksum"] = self.bad_checksum
        return values
