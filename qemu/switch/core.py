"""The switch's decisions, without I/O: `forward(port, frame, now)` gives the frames to deliver now.

Learning bridge (IEEE 802.1D §7) with IGMP snooping (RFC 4541 §2.1). Ports of different segments never exchange a
frame. Time is virtual: integer nanoseconds from the caller. Frames that a fault delays come out of `tick`. The module
uses nothing that Cython's pure mode could not compile, and holds the only state of the switch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from heapq import heappop, heappush

from qemu.switch.faults import Direction, Fault, Lane, Rule, Timed
from qemu.switch.frames import MAX_FRAME, MIN_FRAME, Membership, igmp_message, ipv4_destination

Delivery = tuple[int, bytes]
"""Port index and the frame to send there now."""

MAC_AGEING_NS = 300_000_000_000  # IEEE 802.1D §7.9.2: recommended ageing time
MAX_MACS = 4_096
MAX_GROUPS = 4_096

_LOCAL_CONTROL = 0xE0000000 >> 8  # 224.0.0.0/24: always flooded, RFC 4541 §2.1.2 (3)
_LINK_LOCAL_MACS = bytes.fromhex("0180c20000")  # never leave the link: IEEE 802.1D §7.12.6


@dataclass(slots=True)
class PortCounters:
    """What passed a port; rx is towards the switch."""

    rx_frames: int = 0
    rx_bytes: int = 0
    tx_frames: int = 0
    tx_bytes: int = 0
    malformed: int = 0
    filtered: int = 0


@dataclass(frozen=True, slots=True)
class PortPlan:
    """A port's name and the segment it belongs to."""

    name: str
    segment: str


@dataclass(slots=True)
class _Segment:
    """What is learned about one segment: station addresses by age, group members, ports with a multicast router."""

    ports: list[int] = field(default_factory=list)
    macs: dict[bytes, int] = field(default_factory=dict)
    old_macs: dict[bytes, int] = field(default_factory=dict)
    rotate_at: int = MAC_AGEING_NS
    groups: dict[int, set[int]] = field(default_factory=dict)
    routers: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Port:
    plan: PortPlan
    segment: _Segment
    ingress: Lane | None
    egress: Lane | None
    counters: PortCounters = field(default_factory=PortCounters)


class Switch:
    """A switch with the given ports and faults; `seed` (64 bits) decides every random fault."""

    def __init__(self, ports: Sequence[PortPlan], faults: Sequence[Fault] = (), seed: int = 0) -> None:
        self._segments = {plan.segment: _Segment() for plan in ports}
        self._rules = [Rule(fault, seed, index) for index, fault in enumerate(faults)]
        names = [plan.name for plan in ports]
        if len(set(names)) != len(names):
            raise ValueError(f"port names {names} are not distinct: give every port its own name")
        for fault in faults:
            if fault.port not in names:
                raise ValueError(f"fault names the port {fault.port!r}, which is none of {names}")
        self._ports = [
            _Port(plan, self._segments[plan.segment], self._lane(plan, Direction.IN), self._lane(plan, Direction.OUT))
            for plan in ports
        ]
        for index, plan in enumerate(ports):
            self._segments[plan.segment].ports.append(index)
        self._pending: list[tuple[int, int, bool, int, bytes]] = []  # (due, order, leaving, port, frame)
        self._order = 0

    def _lane(self, plan: PortPlan, direction: Direction) -> Lane | None:
        rules = [r for r in self._rules if r.fault.port == plan.name and r.fault.direction is direction]
        return Lane(rules) if rules else None

    def forward(self, port: int, frame: bytes, now: int) -> list[Delivery]:
        """Take a frame that port `port` received at `now`; give what is to be sent at once."""
        entry = self._ports[port]
        entry.counters.rx_frames += 1
        entry.counters.rx_bytes += len(frame)
        out: list[Delivery] = []
        if entry.ingress is None:
            self._relay(port, frame, now, out)
        else:
            self._enter(port, entry.ingress.admit(frame, now), now, out)
        return out

    def tick(self, now: int) -> list[Delivery]:
        """What has become due by `now`: delayed frames, and frames held back for reordering."""
        out: list[Delivery] = []
        for index, entry in enumerate(self._ports):
            if entry.ingress is not None:
                self._enter(index, entry.ingress.expire(now), now, out)
            if entry.egress is not None:
                self._leave(index, entry.egress.expire(now), now, out)
        while self._pending and self._pending[0][0] <= now:
            due, _, leaving, port, frame = heappop(self._pending)
            if leaving:
                self._deliver(port, frame, out)
            else:
                self._relay(port, frame, due, out)
        return out

    def mark(self, now: int) -> None:
        """Rules that wait for a moment to be marked count from `now`."""
        for rule in self._rules:
            rule.mark(now)

    def next_deadline(self) -> int | None:
        """When `tick` next has something to do, or None."""
        times = [self._pending[0][0]] if self._pending else []
        for entry in self._ports:
            for lane in (entry.ingress, entry.egress):
                at = lane.next_deadline() if lane is not None else None
                if at is not None:
                    times.append(at)
        return min(times, default=None)

    def members(self, segment: str, group: int) -> frozenset[str]:
        """Names of the ports that listen to an IPv4 group (as an integer) in a segment."""
        return frozenset(self._ports[port].plan.name for port in self._segments[segment].groups.get(group, ()))

    def counters(self) -> dict[str, object]:
        """All counters as JSON types: `ports` by name, `faults` in the order of the configuration."""
        return {
            "ports": {entry.plan.name: asdict(entry.counters) for entry in self._ports},
            "faults": [
                {
                    "port": rule.fault.port,
                    "direction": rule.fault.direction.value,
                    "kind": rule.fault.kind.value,
                    **asdict(rule.counters),
                }
                for rule in self._rules
            ],
        }

    def _enter(self, port: int, items: list[Timed], now: int, out: list[Delivery]) -> None:
        for due, frame in items:
            if due <= now:
                self._relay(port, frame, now, out)
            else:
                self._later(due, False, port, frame)

    def _leave(self, port: int, items: list[Timed], now: int, out: list[Delivery]) -> None:
        for due, frame in items:
            if due <= now:
                self._deliver(port, frame, out)
            else:
                self._later(due, True, port, frame)

    def _later(self, due: int, leaving: bool, port: int, frame: bytes) -> None:
        heappush(self._pending, (due, self._order, leaving, port, frame))
        self._order += 1

    def _deliver(self, port: int, frame: bytes, out: list[Delivery]) -> None:
        counters = self._ports[port].counters
        counters.tx_frames += 1
        counters.tx_bytes += len(frame)
        out.append((port, frame))

    def _relay(self, port: int, frame: bytes, now: int, out: list[Delivery]) -> None:
        """Learn the sender, choose the ports, send the frame through their faults."""
        entry = self._ports[port]
        if not MIN_FRAME <= len(frame) <= MAX_FRAME:
            entry.counters.malformed += 1
            return
        segment = entry.segment
        if not frame[6] & 1 and segment.macs.get(frame[6:12]) != port:
            _learn(segment, frame[6:12], port)
        if now >= segment.rotate_at:
            segment.old_macs, segment.macs, segment.rotate_at = segment.macs, {}, now + MAC_AGEING_NS
        sent = False
        for target in self._targets(segment, port, frame):
            if target != port:
                sent = True
                egress = self._ports[target].egress
                if egress is None:
                    self._deliver(target, frame, out)
                else:
                    self._leave(target, egress.admit(frame, now), now, out)
        if not sent:
            entry.counters.filtered += 1

    def _targets(self, segment: _Segment, port: int, frame: bytes) -> Sequence[int]:
        destination = frame[:6]
        if not destination[0] & 1:
            known = segment.macs.get(destination)
            if known is None:
                known = segment.old_macs.get(destination)
            return segment.ports if known is None else (known,)
        if destination[0] == 1:
            return self._multicast(segment, port, frame)
        return segment.ports

    def _multicast(self, segment: _Segment, port: int, frame: bytes) -> Sequence[int]:
        """Ports for a frame to an Ethernet group address 01:…"""
        if frame[:5] == _LINK_LOCAL_MACS and frame[5] < 16:
            return ()
        group = ipv4_destination(frame)
        if group is None:
            return segment.ports
        igmp = igmp_message(frame)
        if igmp is not None:
            if igmp.query:
                segment.routers.add(port)
                return segment.ports
            for changed, change in igmp.changes:
                _note_membership(segment, port, changed, change)
            # RFC 4541 §2.1.1 (1): reports go to routers only, or hosts would suppress theirs.
            return tuple(segment.routers)
        if group >> 8 == _LOCAL_CONTROL:
            return segment.ports
        return (*segment.groups.get(group, ()), *segment.routers.difference(segment.groups.get(group, ())))


def _learn(segment: _Segment, mac: bytes, port: int) -> None:
    """Remember where a station is; a full table (a hostile flood) forgets its oldest entry first."""
    if len(segment.macs) >= MAX_MACS and mac not in segment.macs:
        del segment.macs[next(iter(segment.macs))]
    segment.old_macs.pop(mac, None)
    segment.macs[mac] = port


def _note_membership(segment: _Segment, port: int, group: int, change: Membership) -> None:
    """Keep the listeners of a group. There is no ageing: hosts here answer to no querier, they leave or go down."""
    if group >> 28 != 0xE:
        return
    if change is Membership.JOIN:
        if group in segment.groups or len(segment.groups) < MAX_GROUPS:
            segment.groups.setdefault(group, set()).add(port)
        return
    members = segment.groups.get(group)
    if members is not None:
        members.discard(port)
        if not members:
            del segment.groups[group]
