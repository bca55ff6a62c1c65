"""The whole stack on one port: frames and the time in, datagrams and frames out.

Nothing on a received frame raises: what is wrong with it is counted. The stack has no clock and no randomness of its
own. Datagrams of known senders and segments of our connections are dealt with where the card put them; everything else
is rare, and copied into an object first.
"""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

import cython

from hftapp.net import ethernet, ipv4, tcp_segment, udp
from hftapp.net.arp import ArpTable
from hftapp.net.checksum import pseudo_header_sum, word_sum
from hftapp.net.flows import Flows
from hftapp.net.igmp_host import IgmpHost
from hftapp.net.outbox import NEVER, Outbox
from hftapp.net.path import Path
from hftapp.net.tcp import TcpConnection
from hftapp.net.tcp_segment import Segment
from hftapp.net.tcp_types import TcpConfig, TcpState
from hftapp.nic.port import Port
from hftapp.octets import Octets

if not cython.compiled:
    from hftapp.lean import borrowed
    from hftapp.net.checksum import bytes_at, ones_sum, sum20
    from hftapp.net.flows import known
    from hftapp.octets import be16, be32, be48, be64

EPHEMERAL_FIRST: Final = 49152
"""Client ports are drawn from 49152..65535 (RFC 6335 §6)."""
MAX_QUEUED: Final = 256
"""Frames kept for `flush`."""
_HANDLED = -1
_CLOSED = tuple(TcpState).index(TcpState.CLOSED)


@cython.final
@cython.cclass
class Stack(Outbox):
    """Ethernet, ARP, IPv4, IGMP, UDP reception and TCP clients of one port with one address.

    `vlan` 1..4094 tags every frame sent and accepts only frames with that tag; 0 is untagged. `deadline`: nothing is
    due before it. After `on_frame` has returned a line, `payload_at` and `payload_length` say where its datagram is.
    `flows`: whose datagrams are `known`.
    """

    def __init__(
        self,
        port: Port,
        address: IPv4Interface,
        *,
        gateway: IPv4Address | None = None,
        rng: random.Random,
        vlan: int = 0,
        tcp: TcpConfig | None = None,
    ) -> None:
        super().__init__(port)
        mac = port.mac
        if len(mac) != 6 or mac[0] & 1:
            raise ValueError(f"not a station's Ethernet address: {mac.hex(':')}; expected 6 bytes, not multicast")
        if not 0 <= vlan <= 4094:
            raise ValueError(f"a VLAN is 1..4094, or 0 for none, not {vlan}")
        if gateway is not None and gateway not in address.network:
            raise ValueError(f"gateway {gateway} is not in the network {address.network}")
        self.mac = mac
        self.address = address
        self.payload_at = self.payload_length = 0
        self._network = address.network
        self._gateway = gateway
        self._rng = rng
        self._vlan = vlan
        self.link = ethernet.HEADER_SIZE + (ethernet.TAG_SIZE if vlan else 0)
        self._tcp_config = tcp or TcpConfig()
        self._mac = int.from_bytes(mac, "big")
        self._ip = int(address.ip)
        self._broadcasts = {ipv4.LIMITED_BROADCAST}
        if address.network.prefixlen < 31:
            self._broadcasts.add(int(address.network.broadcast_address))
        self._now = 0
        self._arp = ArpTable(mac, self._ip, self.counters, vlan)
        self._igmp = IgmpHost(mac, self._ip, rng, self.counters, vlan)
        self._neighbourly = NEVER
        self._subscriptions: dict[tuple[int, int], int] = {}
        self._joins = 0
        self.flows = Flows(self.link, vlan)
        self._connections: list[TcpConnection] = []
        self._frames: list[bytes] = []
        self._segment = Segment()

    # What the application calls.

    def join(self, group: IPv4Address, port: int) -> int:
        """Receive datagrams to `group` and UDP `port`; queues an IGMP report when the group is new.

        Returns the pair's line number: 0 for the first that is joined, and so on. It stays the same while the pair is
        joined and is never used for another.
        """
        if not group.is_multicast:
            raise ValueError(f"not a multicast group: {group}; expected 224.0.0.0 to 239.255.255.255")
        if not 0 < port <= 0xFFFF:
            raise ValueError(f"a UDP port is 1..65535, not {port}")
        known = self._subscriptions.get((int(group), port))
        if known is not None:
            return known
        number, self._joins = self._joins, self._joins + 1
        self._subscriptions[int(group), port] = number
        self._igmp.join(int(group))
        self._plan()
        return number

    def leave(self, group: IPv4Address, port: int) -> None:
        """Stop receiving `group` on `port`; the network is told when no other port of the group is left."""
        self._subscriptions.pop((int(group), port), None)
        self.flows.forget()
        if int(group) not in [joined for joined, _ in self._subscriptions]:
            self._igmp.leave(int(group))
        self._plan()

    def leave_all(self) -> None:
        """Leave every group; keep calling `tick` and `flush` for a second if the repetition matters."""
        self._subscriptions.clear()
        self.flows.forget()
        for group in sorted(self._igmp.groups):
            self._igmp.leave(group)
        self._plan()

    def announce(self) -> None:
        """Queue a gratuitous ARP request, so that switches and neighbours know this port before it trades."""
        self._arp.announce()

    def connect(self, host: IPv4Address, port: int, now: int) -> TcpConnection:
        """Open a TCP connection; the result is in state SYN_SENT. Raises ValueError when no route leads there."""
        if not 0 < port <= 0xFFFF:
            raise ValueError(f"a TCP port is 1..65535, not {port}")
        if host in self._network:
            next_hop = int(host)
        elif self._gateway is not None:
            next_hop = int(self._gateway)
        else:
            raise ValueError(f"no route to {host}: it is outside {self._network} and no gateway is set")
        self._prune()
        local_port = self._free_port()
        path = Path(self, self.link, next_hop, self._ip, local_port, int(host), port)
        known = self._arp.resolve(next_hop, now)
        if known is not None:
            path.resolve(self._link_header(known))
        iss = self._rng.getrandbits(32)
        connection = TcpConnection(path, iss, self._tcp_config, now)
        self._connections.append(connection)
        self._plan()
        return connection

    def on_frame(self, frame: Octets, length: int, now: int) -> int:
        """Take a received Ethernet frame; return the line of a datagram for a joined group, -1 for anything else."""
        self.counters.received += 1
        flow = known(borrowed(self.flows), frame, length)
        if flow < 0:
            return self.on_rare_frame(frame, length, now)
        self.counters.delivered += 1
        self.payload_at = self.flows.start
        self.payload_length = self.flows.size
        return self.flows.lines[flow]

    def on_rare_frame(self, frame: Octets, length: int, now: int) -> int:
        """`on_frame` for whoever has asked `known` himself, and counted the frame."""
        link = self.link
        if (
            length < link + 40
            or (link != 14 and not self.flows.tagged(frame))
            or be32(frame, link - 2) >> 8 != 0x080045  # EtherType; IPv4 without options
            or be32(frame, link + 6) & 0x3FFF00FF != 6  # more fragments, fragment offset; protocol
            or be48(frame, 0) != self._mac
        ):
            return self._on_other_frame(frame, length, now)
        total = be16(frame, link + 2)
        if total >= 40 and total + link <= length:
            hosts, ports = be64(frame, link + 12), be32(frame, link + 20)
            for connection in self._connections:
                if connection.ports == ports and connection.hosts == hosts and connection.phase != _CLOSED:
                    self._on_own_segment(connection, frame, link, total, now)
                    return _HANDLED
        return self._on_other_frame(frame, length, now)

    def receive(self, frame: bytes, now: int) -> int:
        """`on_frame` for a frame that is an object: for replays and tests, not for the path."""
        return self.on_frame(frame, len(frame), now)

    def flush(self, now: int) -> None:
        """Put everything that is to be sent on the wire, with the acknowledgements that are still owed."""
        self._now = now
        for connection in self._connections:
            connection.flush()
        self._put_all(self._arp.out)
        self._put_all(self._igmp.out)
        self._put_all(self._frames)
        self.ring()
        if self.laid_out != self.latest:
            self._lay_out()

    def tick(self, now: int) -> None:
        """Do what is due by `now`: ARP, IGMP and TCP timers; forget closed connections."""
        if self._neighbourly <= now:
            self._tick_neighbours(now)
        closed = False
        for connection in self._connections:
            if connection.deadline <= now:
                connection.on_timer(now)
                if not connection.path.resolved and connection.phase != _CLOSED:
                    self._ask(connection.path, now)
            closed = closed or connection.phase == _CLOSED
        if closed:
            self._prune()
        self._plan_connections()

    # Received frames on the fast path.

    def _on_own_segment(self, connection: TcpConnection, frame: Octets, link: int, total: int, now: int) -> None:
        """A segment of one of our connections."""
        if sum20(frame, link) % 0xFFFF != 0:
            self.counters.bad_checksum_ip += 1
        elif (ones_sum(frame, link + 12, total - 12) + 6 + total - 20) % 0xFFFF != 0:
            self.counters.bad_checksum_tcp += 1
        elif self._segment.read(frame, link + 20, link + total):
            connection.on_segment(self._segment, now)
        else:
            self.counters.malformed_tcp += 1

    # Received frames off the fast path.

    def _on_other_frame(self, frame: Octets, length: int, now: int) -> int:
        self._now = now
        line = self._on_copy(bytes_at(frame, 0, length))
        self._plan()
        return line

    def _on_copy(self, frame: bytes) -> int:
        if len(frame) < self.link:
            self.counters.malformed_ethernet += 1
            return _HANDLED
        if self._vlan and (frame[12:14] != b"\x81\x00" or ethernet.tag_vlan(frame) != self._vlan):
            self.counters.other_vlan += 1
            return _HANDLED
        return self._on_packet(frame, self.link)

    def _on_packet(self, frame: bytes, start: int) -> int:
        """A frame whose Ethernet header, tag included, ends at `start`."""
        if frame[:6] != self.mac and not frame[0] & 1:
            self.counters.not_ours += 1
            return _HANDLED
        ethertype = int.from_bytes(frame[start - 2 : start], "big")
        if ethertype == ethernet.IPV4:
            return self._on_ipv4(frame, start)
        if ethertype == ethernet.ARP:
            address = self._arp.on_frame(frame, start, self._now)
            if address:
                self._neighbour_known(address)
        elif ethertype == ethernet.VLAN:
            return self._on_priority_tag(frame, start)
        else:
            self.counters.unknown_ethertype += 1
        return _HANDLED

    def _on_priority_tag(self, frame: bytes, start: int) -> int:
        """A tag with VLAN 0 carries only a priority: the frame counts as untagged (802.1Q §9.6)."""
        if len(frame) < start + ethernet.TAG_SIZE:
            self.counters.malformed_ethernet += 1
            return _HANDLED
        if start != ethernet.HEADER_SIZE or ethernet.tag_vlan(frame) or frame[16:18] == b"\x81\x00":
            self.counters.other_vlan += 1
            return _HANDLED
        return self._on_packet(frame, start + ethernet.TAG_SIZE)

    def _on_ipv4(self, frame: bytes, start: int) -> int:
        packet = ipv4.decode(frame, start)
        counters = self.counters
        if packet is None:
            counters.malformed_ip += 1
            return _HANDLED
        if not ipv4.header_ok(frame, start, packet.start):
            counters.bad_checksum_ip += 1
            return _HANDLED
        to_group = ipv4.is_multicast(packet.destination)
        if not to_group and packet.destination != self._ip and packet.destination not in self._broadcasts:
            counters.not_ours += 1
        elif ipv4.is_multicast(packet.source) or packet.source == self._ip or packet.source in self._broadcasts:
            counters.bad_source += 1
        elif packet.fragment:
            counters.fragments += 1
        elif packet.protocol == ipv4.UDP:
            return self._on_udp(frame, packet)
        elif packet.protocol == ipv4.TCP:
            self._on_tcp(frame, packet)
        elif packet.protocol == ipv4.IGMP:
            self._igmp.on_message(frame[packet.start : packet.end], self._now)
        else:
            counters.unknown_protocol += 1
        return _HANDLED

    def _on_udp(self, frame: bytes, packet: ipv4.Packet) -> int:
        header = udp.decode(frame, packet.start, packet.end)
        if header is None:
            self.counters.malformed_udp += 1
            return _HANDLED
        line = self._subscriptions.get((packet.destination, header.destination_port))
        if line is None:
            self.counters.no_listener += 1
            return _HANDLED
        pseudo = pseudo_header_sum(packet.source, packet.destination, ipv4.UDP)
        if not udp.checksum_ok(frame, packet.start, header, pseudo):
            self.counters.bad_checksum_udp += 1
            return _HANDLED
        if packet.start == self.link + ipv4.HEADER_SIZE:
            self.flows.learn(frame, packet.start, line)
        self.counters.delivered += 1
        self.payload_at = packet.start + udp.HEADER_SIZE
        self.payload_length = header.length - udp.HEADER_SIZE
        return line

    def _on_tcp(self, frame: bytes, packet: ipv4.Packet) -> None:
        if packet.destination != self._ip or frame[0] & 1:
            self.counters.not_ours += 1
            return
        raw_size = packet.end - packet.start
        if raw_size < tcp_segment.HEADER_SIZE:
            self.counters.malformed_tcp += 1
            return
        pseudo = pseudo_header_sum(packet.source, packet.destination, ipv4.TCP)
        if (word_sum(frame[packet.start : packet.end]) + pseudo + raw_size) % 0xFFFF != 0:
            self.counters.bad_checksum_tcp += 1
            return
        segment = Segment()
        if not segment.read(frame, packet.start, packet.end):
            self.counters.malformed_tcp += 1
            return
        hosts = packet.source << 32 | packet.destination
        ports = be32(frame, packet.start)
        for connection in self._connections:
            if connection.hosts == hosts and connection.ports == ports and connection.phase != _CLOSED:
                connection.on_segment(segment, self._now)
                return
        self.counters.no_connection += 1
        if not segment.flags & tcp_segment.RST:
            self._refuse(frame, packet, segment, pseudo)

    def _refuse(self, frame: bytes, packet: ipv4.Packet, segment: Segment, pseudo: int) -> None:
        """Answer a segment for no connection with RST, to the station it came from: no state, no ARP."""
        if len(self._frames) >= MAX_QUEUED or packet.source == 0 or frame[6] & 1:
            self.counters.tx_overflow += 1
            return
        ports = int.from_bytes(frame[packet.start : packet.start + 4], "big")
        reset = tcp_segment.encode_reset(ports & 0xFFFF, ports >> 16, segment, pseudo)
        head = ipv4.header(self._ip, packet.source, ipv4.TCP, len(reset))
        self._frames.append(self._link_header(frame[6:12]) + head + reset)

    # Sending.

    def _link_header(self, destination: bytes) -> bytes:
        return ethernet.header(destination, self.mac, ethernet.IPV4, self._vlan)

    def _put_all(self, frames: list[bytes]) -> None:
        if frames:
            for frame in frames:
                self.put(frame)
            frames.clear()

    def _lay_out(self) -> None:
        """Other frames were built where the next order of the connection that ordered last will be: make room again."""
        number, self.latest = self.latest, 0
        for connection in self._connections:
            if connection.path.number == number and connection.credit > 0:
                connection.lay_out()
                self.latest = number

    def _ask(self, path: Path, now: int) -> None:
        """A segment waits for a next hop that nobody may be asking for any more."""
        known = self._arp.resolve(path.next_hop, now)
        if known is not None:
            path.resolve(self._link_header(known))
        self._neighbourly = min(self._arp.deadline, self._igmp.deadline)

    def _neighbour_known(self, address: int) -> None:
        """Use a next hop's new Ethernet address from now on, and send what waited for it."""
        for connection in self._connections:
            if connection.path.next_hop == address:
                self._ask(connection.path, self._now)

    def _tick_neighbours(self, now: int) -> None:
        """ARP's and IGMP's timers."""
        if self._arp.deadline <= now:
            for address in self._arp.tick(now):
                for connection in self._connections:
                    if connection.path.next_hop == address:
                        connection.path.give_up()
        if self._igmp.deadline <= now:
            self._igmp.tick(now)
        self._plan()

    def _plan(self) -> None:
        """Find out when something is due next."""
        self._neighbourly = min(self._arp.deadline, self._igmp.deadline)
        self._plan_connections()

    def _plan_connections(self) -> None:
        """The same when ARP's and IGMP's timers have not changed: without an allocation."""
        self.deadline = self._neighbourly
        for connection in self._connections:
            if connection.deadline < self.deadline:
                self.deadline = connection.deadline

    def _prune(self) -> None:
        """Forget closed connections."""
        self._connections = [connection for connection in self._connections if connection.phase != _CLOSED]

    def _free_port(self) -> int:
        used = {connection.local_port for connection in self._connections}
        while True:
            port = self._rng.randrange(EPHEMERAL_FIRST, 0x10000)
            if port not in used:
                return port
