"""The whole stack behind one object: frames and the time in, datagrams and frames out.

Nothing on a received frame raises: what is wrong with it is counted. The stack has no clock, no socket and no
randomness of its own. Everything below works on integers and bytes; only the methods that an application calls
when it sets things up use `ipaddress`.
"""

import random
import struct
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

from hftapp.net import checksum, ethernet, ipv4, tcp_segment, udp
from hftapp.net.arp import ArpTable
from hftapp.net.counters import StackCounters
from hftapp.net.igmp_host import IgmpHost
from hftapp.net.tcp import TcpConnection
from hftapp.net.tcp_types import NEVER, TcpConfig, TcpState
from hftapp.net.udp import Datagram

EPHEMERAL_FIRST: Final = 49152
"""Client ports are drawn from 49152..65535 (RFC 6335 §6)."""
MAX_FLOWS: Final = 256
"""Sender/group pairs with a ready-made answer; a forger of sources must not fill the memory."""
MAX_WAITING: Final = 16
"""Segments kept for one next hop while ARP asks for it."""
MAX_QUEUED: Final = 4096
"""Frames kept for `take_frames`."""

_FAST = struct.Struct("!HBxHxxHxBxx12xHH")
"""From frame byte 12: EtherType, version and IHL, total length, fragment, protocol, UDP length, UDP checksum."""
_FAST_SIZE: Final = 42


class _Route:
    """A connection and the headers in front of its segments; `link` is empty until the next hop is known."""

    __slots__ = ("connection", "head_sum", "link", "middle", "next_hop", "tail")

    def __init__(self, connection: TcpConnection, next_hop: int, source: int, destination: int) -> None:
        head = ipv4.header(source, destination, ipv4.TCP, 0)
        self.connection = connection
        self.next_hop = next_hop
        self.link = b""
        self.middle = head[4:10]
        self.tail = head[12:]
        self.head_sum = checksum.word_sum(head[:2] + self.middle + self.tail)

    def packet(self, segment: bytes) -> bytes:
        """Return the IPv4 packet for a segment: only the length and the checksum differ from the last one."""
        total = ipv4.HEADER_SIZE + len(segment)
        check = checksum.checksum(self.head_sum + total)
        return b"".join(
            (b"\x45\x00", total.to_bytes(2, "big"), self.middle, check.to_bytes(2, "big"), self.tail, segment)
        )


class Stack:
    """Ethernet, ARP, IPv4, IGMP, UDP reception and TCP clients of one port with one address.

    `vlan` 1..4094 tags every frame sent and accepts only frames with that tag; 0 is untagged.
    """

    def __init__(
        self,
        mac: bytes,
        address: IPv4Interface,
        *,
        gateway: IPv4Address | None = None,
        rng: random.Random,
        vlan: int = 0,
        tcp: TcpConfig | None = None,
    ) -> None:
        if len(mac) != 6 or mac[0] & 1:
            raise ValueError(f"not a station's Ethernet address: {mac.hex(':')}; expected 6 bytes, not multicast")
        if not 0 <= vlan <= 4094:
            raise ValueError(f"a VLAN is 1..4094, or 0 for none, not {vlan}")
        if gateway is not None and gateway not in address.network:
            raise ValueError(f"gateway {gateway} is not in the network {address.network}")
        self.mac = mac
        self.address = address
        self.counters = StackCounters()
        self._network = address.network
        self._gateway = gateway
        self._rng = rng
        self._vlan = vlan
        self._tcp_config = tcp or TcpConfig()
        self._ip = int(address.ip)
        self._broadcasts = {ipv4.LIMITED_BROADCAST}
        if address.network.prefixlen < 31:
            self._broadcasts.add(int(address.network.broadcast_address))
        self._now = 0
        self._arp = ArpTable(mac, self._ip, self.counters, vlan)
        self._igmp = IgmpHost(mac, self._ip, rng, self.counters, vlan)
        self._subscriptions: dict[tuple[int, int], tuple[IPv4Address, int]] = {}
        self._joins = 0
        self._flows: dict[bytes, tuple[IPv4Address, int, IPv4Address, int]] = {}
        self._connections: dict[bytes, _Route] = {}
        self._waiting: dict[int, list[bytes]] = {}
        self._frames: list[bytes] = []

    # What the application calls.

    def join(self, group: IPv4Address, port: int) -> int:
        """Receive datagrams to `group` and UDP `port`; queues an IGMP report when the group is new.

        Returns a number for the pair that its datagrams carry: cheaper to look up than an address. It stays the same
        while the pair is joined and is never used for another.
        """
        if not group.is_multicast:
            raise ValueError(f"not a multicast group: {group}; expected 224.0.0.0 to 239.255.255.255")
        if not 0 < port <= 0xFFFF:
            raise ValueError(f"a UDP port is 1..65535, not {port}")
        known = self._subscriptions.get((int(group), port))
        if known is not None:
            return known[1]
        number, self._joins = self._joins, self._joins + 1
        self._subscriptions[int(group), port] = group, number
        self._igmp.join(int(group))
        return number

    def leave(self, group: IPv4Address, port: int) -> None:
        """Stop receiving `group` on `port`; the network is told when no other port of the group is left."""
        self._subscriptions.pop((int(group), port), None)
        self._flows.clear()
        if not any(joined == int(group) for joined, _ in self._subscriptions):
            self._igmp.leave(int(group))

    def leave_all(self) -> None:
        """Leave every group; keep calling `tick` and `take_frames` for a second if the repetition matters."""
        self._subscriptions.clear()
        self._flows.clear()
        for group in sorted(self._igmp.groups):
            self._igmp.leave(group)

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
        local_port = self._free_port()
        iss = self._rng.getrandbits(32)
        connection = TcpConnection(self._ip, local_port, int(host), port, iss=iss, config=self._tcp_config, now=now)
        key = struct.pack("!IIHH", int(host), self._ip, port, local_port)
        route = _Route(connection, next_hop, self._ip, int(host))
        self._connections[key] = route
        self._now = now
        known = self._arp.resolve(next_hop, now)
        if known is not None:
            route.link = self._link_header(known)
        return connection

    def on_frame(self, frame: bytes, now: int) -> Datagram | None:
        """Take a received Ethernet frame; return a datagram when it is one for a joined group."""
        self.counters.received += 1
        if self._vlan:
            untagged = self._untag(frame)
            if untagged is None:
                return None
            frame = untagged
        if len(frame) >= _FAST_SIZE:
            ethertype, version_ihl, total, fragment, protocol, length, check = _FAST.unpack_from(frame, 12)
            if ethertype == 0x0800 and version_ihl == 0x45 and protocol == 17 and not fragment & 0x3FFF:
                flow = self._flows.get(frame[26:38])
                if flow is not None and 8 <= length <= total - 20 and total <= len(frame) - 14:
                    end = 34 + length
                    if int.from_bytes(frame[14:34], "big") % 0xFFFF != 0:
                        self.counters.bad_checksum_ip += 1
                        return None
                    if check and (checksum.word_sum(frame[26:end]) + 17 + length) % 0xFFFF != 0:
                        self.counters.bad_checksum_udp += 1
                        return None
                    self.counters.delivered += 1
                    return Datagram(flow[0], flow[1], flow[2], frame[42:end], flow[3])
        return self._on_other_frame(frame, now)

    def tick(self, now: int) -> None:
        """Do what is due by `now`: ARP, IGMP and TCP timers; forget closed connections."""
        self._now = now
        if self._arp.deadline <= now:
            for address in self._arp.tick(now):
                self.counters.arp_unresolved += len(self._waiting.pop(address, ()))
        if self._igmp.deadline <= now:
            self._igmp.tick(now)
        closed: list[bytes] = []
        for key, route in self._connections.items():
            if route.connection.deadline <= now:
                route.connection.on_timer(now)
            if route.connection.state is TcpState.CLOSED and not route.connection.has_segments:
                closed.append(key)
        for key in closed:
            del self._connections[key]

    def next_deadline(self) -> int | None:
        """Return when `tick` next has something to do, in the time base of `now`; None when nothing is planned."""
        deadline = min(self._arp.deadline, self._igmp.deadline)
        for route in self._connections.values():
            deadline = min(deadline, route.connection.deadline)
        return None if deadline == NEVER else deadline

    def take_frames(self) -> list[bytes]:
        """Return the frames to send, oldest first, and forget them."""
        for route in self._connections.values():
            if route.connection.has_segments:
                self._send_segments(route)
        if self._arp.out:
            self._frames += self._arp.out
            self._arp.out.clear()
        if self._igmp.out:
            self._frames += self._igmp.out
            self._igmp.out.clear()
        frames = self._frames
        if frames:
            self._frames = []
            self.counters.sent += len(frames)
        return frames

    # Received frames off the fast path.

    def _untag(self, frame: bytes) -> bytes | None:
        """Return the frame without our VLAN's tag, None when it has another tag or none."""
        if len(frame) < ethernet.HEADER_SIZE + ethernet.TAG_SIZE:
            self.counters.malformed_ethernet += 1
        elif frame[12:14] != b"\x81\x00" or ethernet.tag_vlan(frame) != self._vlan:
            self.counters.other_vlan += 1
        else:
            return ethernet.strip_tag(frame)
        return None

    def _on_other_frame(self, frame: bytes, now: int) -> Datagram | None:
        self._now = now
        if len(frame) < ethernet.HEADER_SIZE:
            self.counters.malformed_ethernet += 1
            return None
        if frame[:6] != self.mac and not frame[0] & 1:
            self.counters.not_ours += 1
            return None
        ethertype = int.from_bytes(frame[12:14], "big")
        if ethertype == ethernet.IPV4:
            return self._on_ipv4(frame, now)
        if ethertype == ethernet.ARP:
            address = self._arp.on_frame(frame, ethernet.HEADER_SIZE, now)
            if address:
                self._neighbour_known(address, now)
        elif ethertype == ethernet.VLAN:
            return self._on_priority_tag(frame, now)
        else:
            self.counters.unknown_ethertype += 1
        return None

    def _on_priority_tag(self, frame: bytes, now: int) -> Datagram | None:
        """A tag with VLAN 0 carries only a priority: the frame counts as untagged (802.1Q §9.6)."""
        if len(frame) < ethernet.HEADER_SIZE + ethernet.TAG_SIZE:
            self.counters.malformed_ethernet += 1
            return None
        if self._vlan or ethernet.tag_vlan(frame) or frame[16:18] == b"\x81\x00":
            self.counters.other_vlan += 1
            return None
        return self._on_other_frame(ethernet.strip_tag(frame), now)

    def _on_ipv4(self, frame: bytes, now: int) -> Datagram | None:
        packet = ipv4.decode(frame, ethernet.HEADER_SIZE)
        counters = self.counters
        if packet is None:
            counters.malformed_ip += 1
            return None
        if not ipv4.header_ok(frame, ethernet.HEADER_SIZE, packet.start):
            counters.bad_checksum_ip += 1
            return None
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
            self._on_tcp(frame, packet, now)
        elif packet.protocol == ipv4.IGMP:
            self._igmp.on_message(frame[packet.start : packet.end], now)
        else:
            counters.unknown_protocol += 1
        return None

    def _on_udp(self, frame: bytes, packet: ipv4.Packet) -> Datagram | None:
        header = udp.decode(frame, packet.start, packet.end)
        if header is None:
            self.counters.malformed_udp += 1
            return None
        subscription = self._subscriptions.get((packet.destination, header.destination_port))
        if subscription is None:
            self.counters.no_listener += 1
            return None
        pseudo = checksum.pseudo_header_sum(packet.source, packet.destination, ipv4.UDP)
        if not udp.checksum_ok(frame, packet.start, header, pseudo):
            self.counters.bad_checksum_udp += 1
            return None
        source = IPv4Address(packet.source)
        group, number = subscription
        if packet.start == 34 and len(self._flows) < MAX_FLOWS:
            self._flows[frame[26:38]] = (group, header.destination_port, source, number)
        self.counters.delivered += 1
        payload = frame[packet.start + udp.HEADER_SIZE : packet.start + header.length]
        return Datagram(group, header.destination_port, source, payload, number)

    def _on_tcp(self, frame: bytes, packet: ipv4.Packet, now: int) -> None:
        if packet.destination != self._ip or frame[0] & 1:
            self.counters.not_ours += 1
            return
        raw_size = packet.end - packet.start
        if raw_size < tcp_segment.HEADER_SIZE:
            self.counters.malformed_tcp += 1
            return
        pseudo = checksum.pseudo_header_sum(packet.source, packet.destination, ipv4.TCP)
        if (checksum.word_sum(frame[packet.start : packet.end]) + pseudo + raw_size) % 0xFFFF != 0:
            self.counters.bad_checksum_tcp += 1
            return
        segment = tcp_segment.decode(frame, packet.start, packet.end)
        if segment is None:
            self.counters.malformed_tcp += 1
            return
        route = self._connections.get(frame[26:34] + frame[packet.start : packet.start + 4])
        if route is not None and route.connection.state is not TcpState.CLOSED:
            route.connection.on_segment(segment, now)
        else:
            self.counters.no_connection += 1
            if not segment.flags & tcp_segment.RST:
                self._refuse(frame, packet, segment, pseudo)

    def _refuse(self, frame: bytes, packet: ipv4.Packet, segment: tcp_segment.Segment, pseudo: int) -> None:
        """Answer a segment for no connection with RST, to the station it came from: no state, no ARP."""
        if len(self._frames) >= MAX_QUEUED or packet.source == 0 or frame[6] & 1:
            self.counters.tx_overflow += 1
            return
        source_port, our_port = struct.unpack_from("!HH", frame, packet.start)
        reset = tcp_segment.encode(our_port, source_port, tcp_segment.reset_for(segment), pseudo)
        head = ipv4.header(self._ip, packet.source, ipv4.TCP, len(reset))
        self._frames.append(self._link_header(frame[6:12]) + head + reset)

    # Sending.

    def _link_header(self, destination: bytes) -> bytes:
        return ethernet.header(destination, self.mac, ethernet.IPV4, self._vlan)

    def _send_segments(self, route: _Route) -> None:
        packets = [route.packet(segment) for segment in route.connection.take_segments()]
        if route.link:
            self._frames += [route.link + packet for packet in packets]
            return
        self._arp.resolve(route.next_hop, self._now)
        waiting = self._waiting.setdefault(route.next_hop, [])
        waiting += packets
        if len(waiting) > MAX_WAITING:
            self.counters.arp_unresolved += len(waiting) - MAX_WAITING
            del waiting[:-MAX_WAITING]

    def _neighbour_known(self, address: int, now: int) -> None:
        """Use a next hop's new Ethernet address from now on, and send what waited for it."""
        routes = [route for route in self._connections.values() if route.next_hop == address]
        if not routes:
            return
        known = self._arp.resolve(address, now)
        if known is None:
            return
        link = self._link_header(known)
        for route in routes:
            route.link = link
        self._frames += [link + packet for packet in self._waiting.pop(address, ())]

    def _free_port(self) -> int:
        used = {route.connection.local_port for route in self._connections.values()}
        while True:
            port = self._rng.randrange(EPHEMERAL_FIRST, 0x10000)
            if port not in used:
                return port
