"""Messages of the feed that never reached the trader: which ones should be missing, and what followed from it.

A packet that `--drop-both` takes off both lines must be missed, reported with exactly its sequence numbers, and end
all quoting: a run that shows this is as right as one without losses.
"""

from protocols import itch50
from protocols.errors import ProtocolError
from qemu.evidence import Evidence, Record
from qemu.plan import FEED_A, FEED_B
from qemu.sent_feed import spans

_NEW_ORDERS = ("4f", "55")  # Enter Order `O` and Replace Order `U` (OUCH 5.0 §5.2), as hex digits
_REFERENCES = ("order_reference_number", "original_order_reference_number", "new_order_reference_number")


def reported(evidence: Evidence) -> set[int]:
    """Sequence numbers of the gaps that the trader reported, up to where it stands."""
    sent = evidence.exchange.get("feed", {}).get("messages", 0)
    end = min(evidence.stats.get("feed", {}).get("next", 1), sent + 1)
    return {number for gap in evidence.gaps for number in range(max(1, gap["from"]), min(gap["to"] + 1, end))}


def dropped(evidence: Evidence, positions: tuple[int, ...]) -> set[int]:
    """Sequence numbers that the packets dropped on both lines carried."""
    if evidence.sent is None:
        return set()
    return evidence.sent.numbers(FEED_A, positions) & evidence.sent.numbers(FEED_B, positions)


def judge_drops(evidence: Evidence, positions: tuple[int, ...]) -> list[str]:
    """What is wrong with the way the trader took the loss of these packets; empty: just as expected."""
    expected, seen = dropped(evidence, positions), reported(evidence)
    feed = evidence.stats.get("feed", {})
    names = ", ".join(map(str, positions))
    if not expected:
        return [f"no message was dropped on both lines: the feed has no packet {names}, or its capture is missing"]
    found = []
    if seen != expected:
        found.append(f"packets {names} carried messages {_text(expected)}, the trader reports {_text(seen)} as lost")
    if feed.get("lost") != len(expected):
        found.append(f"{len(expected)} messages were dropped on both lines, the trader counted {feed.get('lost')}")
    if feed.get("gaps") != len(evidence.gaps):
        found.append(f"the trader counted {feed.get('gaps')} gaps and reported {len(evidence.gaps)}")
    late = _orders_after(evidence)
    if late:
        found.append(f"journal record {late[0]['n']} is an order that was sent after the gap ({len(late)} in all)")
    return found


def slice_missing(evidence: Evidence) -> int:
    """How many messages of the real slice did not reach the trader, at most: those it missed that stem from the slice.

    A message stems from the slice when it is one of its messages, or names one of its orders at a time of the slice.
    Without the capture every missing message may have been one.
    """
    feed = evidence.stats.get("feed", {})
    if evidence.whole_feed():
        return 0
    if evidence.sent is None:
        return len(evidence.slice)
    messages = evidence.sent.messages()
    # A trader that joined late stands further than what it received and lost adds up to.
    first = feed.get("next", 1) - feed.get("messages", 0) - feed.get("lost", 0)
    lost, end = reported(evidence), feed.get("next", 1)
    missing = [data for number, data in messages.items() if not first <= number < end or number in lost]
    return sum(map(_Slice(evidence.slice).holds, missing))


class _Slice:
    """What belongs to the slice."""

    def __init__(self, messages: list[bytes]) -> None:
        self._messages = frozenset(messages)
        decoded = [itch50.decode(message) for message in messages]
        self._references = {reference for message in decoded for reference in _references(message)}
        times = [message.timestamp for message in decoded]
        self._first, self._last = min(times, default=0), max(times, default=-1)

    def holds(self, data: bytes) -> bool:
        """Whether a message of the feed stems from the slice."""
        if data in self._messages:
            return True
        try:
            message = itch50.decode(data)
        except ProtocolError:
            return False
        return self._first <= message.timestamp <= self._last and not self._references.isdisjoint(_references(message))


def _references(message: itch50.ItchMessage) -> set[int]:
    return {value for name in _REFERENCES if (value := getattr(message, name, 0))}


def _orders_after(evidence: Evidence) -> list[Record]:
    """New orders in the journal behind the first gap; both carry the trader's own clock."""
    since = min((gap["t"] for gap in evidence.gaps), default=None)
    if since is None:
        return []
    return [
        record
        for record in evidence.journal
        if record["dir"] == "out" and record["t"] > since and record["hex"][:2].lower() in _NEW_ORDERS
    ]


def _text(numbers: set[int]) -> str:
    return ", ".join(f"{a} to {b}" for a, b in spans(numbers)) or "none"
