"""The member's half of IGMP (RFC 3376 §5): says which groups this host wants, when asked and when that changes.

Every group is received from any source (EXCLUDE with an empty list): exchanges publish on any-source groups.
After a version 1 or 2 query the host speaks version 2 until no such query has come for a while (§7.2.1);
version 1 queriers understand version 2 reports too, so there is no third mode.
"""

import random
from typing import Final

from hftapp.net import ethernet, igmp, ipv4
from hftapp.net.checksum import word_sum
from hftapp.net.counters import StackCounters

SECOND: Final = 1_000_000_000
ROBUSTNESS: Final = 2
UNSOLICITED_INTERVAL: Final = SECOND
"""Repetitions of a change follow within this time (RFC 3376 §8.11)."""
OLD_QUERIER_TIMEOUT: Final = 260 * SECOND
"""Robustness × query interval + response interval (RFC 3376 §8.12) with the defaults."""
MAX_RECORDS: Final = 180
"""Group records that fit one frame of 1,500 bytes."""
MAX_SOURCES: Final = 64
NEVER: Final = (1 << 63) - 1


class _Change:
    """A join or leave that is still being repeated; deadline 0 means that no time has been drawn yet."""

    __slots__ = ("deadline", "kind", "remaining")

    def __init__(self, kind: int, remaining: int) -> None:
        self.kind = kind
        self.remaining = remaining
        self.deadline = 0


class IgmpHost:
    """Membership of one interface. Frames to send gather in `out`; addresses are integers, times nanoseconds."""

    def __init__(self, mac: bytes, address: int, rng: random.Random, counters: StackCounters, vlan: int = 0) -> None:
        self.out: list[bytes] = []
        self.groups: set[int] = set()
        self._mac = mac
        self._address = address
        self._rng = rng
        self._counters = counters
        self._vlan = vlan
        self._robustness = ROBUSTNESS
        self._changes: dict[int, _Change] = {}
        self._general = NEVER
        self._specific: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._old_querier_until = 0

    def join(self, group: int) -> None:
        """Report the group at once, and again within a second in case the first report is lost."""
        if group not in self.groups:
            self.groups.add(group)
            self._change(group, igmp.CHANGE_TO_EXCLUDE)

    def leave(self, group: int) -> None:
        """Report that the group is no longer wanted, at once and again within a second."""
        if group in self.groups:
            self.groups.remove(group)
            self._specific.pop(group, None)
            self._change(group, igmp.CHANGE_TO_INCLUDE)

    def on_message(self, message: bytes, now: int) -> None:
        """Handle a received IGMP message (the IP payload)."""
        if len(message) < 8:
            self._counters.malformed_igmp += 1
        elif word_sum(message) != 0:
            self._counters.bad_checksum_igmp += 1
        elif message[0] != igmp.QUERY:
            self._counters.igmp_ignored += 1
        else:
            query = igmp.decode_query(message)
            if query is None:
                self._counters.malformed_igmp += 1
            else:
                self._on_query(query, now)

    def tick(self, now: int) -> None:
        """Send what is due: repetitions of changes, answers to queries."""
        for group, change in list(self._changes.items()):
            if change.deadline == 0:
                change.deadline = now + self._rng.randrange(UNSOLICITED_INTERVAL)
            elif change.deadline <= now:
                self._repeat(group, change, now)
        if self._general <= now:
            self._general = NEVER
            self._report([igmp.Record(igmp.MODE_IS_EXCLUDE, group) for group in sorted(self.groups)])
        for group, (deadline, sources) in list(self._specific.items()):
            if deadline <= now:
                del self._specific[group]
                kind = igmp.MODE_IS_INCLUDE if sources else igmp.MODE_IS_EXCLUDE
                self._report([igmp.Record(kind, group, sources)])
        if self._old_querier_until <= now:
            self._old_querier_until = 0

    @property
    def deadline(self) -> int:
        """When `tick` next has something to do."""
        deadline = self._general
        for change in self._changes.values():
            deadline = min(deadline, change.deadline)
        for due, _ in self._specific.values():
            deadline = min(deadline, due)
        return deadline

    def _on_query(self, query: igmp.Query, now: int) -> None:
        """Plan the answer at a random time within the querier's limit (RFC 3376 §5.2)."""
        if query.version < 3:
            self._old_querier_until = now + OLD_QUERIER_TIMEOUT
        if query.robustness:
            self._robustness = query.robustness
        due = now + self._rng.randrange(query.response + 1)
        if query.group == 0:
            if self.groups:
                self._general = min(self._general, due)
        elif query.group not in self.groups:
            self._counters.igmp_ignored += 1
        else:
            planned = self._specific.get(query.group)
            sources = query.sources[:MAX_SOURCES]
            if planned is not None:
                due = min(due, planned[0])
                both = tuple(dict.fromkeys(planned[1] + sources))[:MAX_SOURCES]
                sources = both if planned[1] and sources else ()
            if due < self._general:
                self._specific[query.group] = (due, sources)

    def _change(self, group: int, kind: int) -> None:
        self._report([igmp.Record(kind, group)])
        self._changes.pop(group, None)
        if self._robustness > 1:
            self._changes[group] = _Change(kind, self._robustness - 1)

    def _repeat(self, group: int, change: _Change, now: int) -> None:
        self._report([igmp.Record(change.kind, group)])
        change.remaining -= 1
        if change.remaining:
            change.deadline = now + self._rng.randrange(UNSOLICITED_INTERVAL)
        else:
            del self._changes[group]

    def _report(self, records: list[igmp.Record]) -> None:
        if self._old_querier_until:
            for record in records:
                leaving = record.kind == igmp.CHANGE_TO_INCLUDE
                destination = igmp.ALL_ROUTERS if leaving else record.group
                self._send(destination, igmp.encode_v2(igmp.LEAVE_V2 if leaving else igmp.REPORT_V2, record.group))
            return
        for first in range(0, len(records), MAX_RECORDS):
            self._send(igmp.ALL_V3_ROUTERS, igmp.encode_report(records[first : first + MAX_RECORDS]))

    def _send(self, destination: int, message: bytes) -> None:
        self._counters.igmp_reports += 1
        packet = ipv4.header(
            self._address, destination, ipv4.IGMP, len(message), ttl=1, tos=igmp.TOS, options=igmp.ROUTER_ALERT
        )
        frame = ethernet.header(ethernet.multicast_mac(destination), self._mac, ethernet.IPV4, self._vlan)
        self.out.append(frame + packet + message)
