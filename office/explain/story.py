"""One order in the journal: what decided it, what was sent about it, what came back, what it did to the position."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from office.explain.position import Executions, Position
from office.files import Entry
from office.repeats import Repeats
from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.management import DECISION, IN, OUT, Decision


class StoryError(Exception):
    """An order that the journal does not have, or has more than once; the text says what there is."""


class Told(NamedTuple):
    """A journal record and the OUCH message in it."""

    entry: Entry
    message: ouch50.OuchMessage


@dataclass(slots=True)
class Story:
    """`reference` 0: a decision that no order followed. `cause`: the answer that made the strategy decide, if one did.

    `begins`, `ends`: the journal's records from and before which the UserRefNum is this order's.

    """

    venue: int
    reference: int
    decided: Entry | None
    decision: Decision | None
    sent: list[Told] = field(default_factory=list)
    heard: list[Told] = field(default_factory=list)
    replaces: int = 0
    replaced_by: int = 0
    cause: Told | None = None
    position: Position | None = None
    begins: int = 0
    ends: int = 1 << 64

    @property
    def entered(self) -> Told | None:
        """The message that brought the order into being."""
        return next((told for told in self.sent if _enters(told, self)), None)


def of_order(entries: Iterable[Entry], reference: int, venue: int | None = None, decision: int | None = None) -> Story:
    """The story of the order with this UserRefNum. Raises StoryError, ProtocolError for a decision that is none.

    A journal outlives a day, a UserRefNum does not: of several orders with it, `decision` (its number) names one.
    """
    entries = list(entries)
    decisions = [(entry, entry.decision()) for entry in entries if entry.kind == DECISION]
    found = [(entry, one) for entry, one in decisions if one.reference == reference]
    venues = {one.venue for _, one in found} | {
        told.entry.venue for told in _told(entries) if _is_about(told, reference)
    }
    if venue is not None:
        venues &= {venue}
    if len(venues) > 1:
        raise StoryError(
            f"venues {', '.join(map(str, sorted(venues)))} each have an order {reference}: name one with --venue"
        )
    if not venues or not reference:
        where = "" if venue is None else f" at venue {venue}"
        raise StoryError(f"the journal has no order {reference}{where}; it has {_span(decisions)}")
    chosen = venues.pop()
    same = [(entry, one) for entry, one in found if one.venue == chosen]
    if len(same) > 1 and decision is None:
        numbers = " or ".join(str(entry.number) for entry, _ in same)
        raise StoryError(
            f"the journal has {len(same)} orders {reference}, of several days: name one by --decision {numbers}"
        )
    decided = next((each for each in same if decision in (None, each[0].number)), None)
    story = Story(chosen, reference, *(decided or (None, None)))
    _limit(story, entries, [entry.number for entry, _ in same])
    _follow(story, entries)
    return story


def of_decision(entries: Iterable[Entry], number: int) -> Story:
    """The story of a decision by its number in the journal, refused ones too. Raises StoryError, ProtocolError."""
    entries = list(entries)
    entry = next((entry for entry in entries if entry.number == number), None)
    if entry is None or entry.kind != DECISION:
        what = "is no decision but an order message" if entry is not None else "is not in it"
        raise StoryError(f"the journal has records 1 to {entries[-1].number if entries else 0}; record {number} {what}")
    decision = entry.decision()
    if decision.reference:
        return of_order(entries, decision.reference, decision.venue, number)
    story = Story(decision.venue, 0, entry, decision)
    _follow(story, entries)
    return story


def _limit(story: Story, entries: list[Entry], decided: list[int]) -> None:
    """Find out up to where the UserRefNum is this order's, given the numbers of all decisions with it.

    The record of the message that entered an order stands in front of its decision's.
    """
    if story.decided is None or len(decided) < 2:
        return
    entered = [told.entry.number for told in _told(entries) if _enters(told, story)]
    begins = [
        max((number for number in entered if before < number < own), default=own)
        for before, own in pairwise([0, *decided])
    ]
    place = decided.index(story.decided.number)
    story.begins = begins[place]
    if place + 1 < len(begins):
        story.ends = begins[place + 1]


def _enters(told: Told, story: Story) -> bool:
    kinds = (ouch50.EnterOrder, ouch50.ReplaceOrder)
    return (
        told.entry.venue == story.venue
        and isinstance(told.message, kinds)
        and told.message.user_ref_num == story.reference
    )


def _follow(story: Story, entries: list[Entry]) -> None:
    """Collect what was sent and heard about the order, what caused it, and the position."""
    known = _decided(entries)
    until = story.decided.number if story.decided is not None else _first(story, entries)
    executions, repeats = Executions(), Repeats()
    own: list[tuple[int, int]] = []
    holdings: dict[str, int] = {}
    at_decision: dict[str, int] | None = None
    heard: Told | None = None
    for told in _told(entries):
        _learn(told, known)
        if told.entry.number >= until and at_decision is None:
            at_decision = dict(holdings)
        if told.entry.kind == IN and told.entry.number < until:
            heard = told
        if isinstance(told.message, ouch50.OuchOutbound) and repeats.again((told.entry.venue,), told.message):
            continue
        if _belongs(told, story):
            (story.sent if told.entry.kind == OUT else story.heard).append(told)
            _link(story, told)
        if told.entry.kind != IN:
            continue
        shares, amount = executions.take(told.entry.venue, told.message)
        symbol, side = known.get((told.entry.venue, getattr(told.message, "user_ref_num", 0)), ("", ""))
        if symbol:
            holdings[symbol] = holdings.get(symbol, 0) + (shares if side == "B" else -shares)
        if _belongs(told, story):
            own.append((shares, amount))
    if story.decision is not None and story.decision.cause in "FO":
        story.cause = heard
    if wanted := _symbol(story, known):
        story.position = Position(wanted, (holdings if at_decision is None else at_decision).get(wanted, 0))
        if side := _side(story, known):
            for shares, amount in own:
                story.position.add(side, shares, amount)


def _decided(entries: list[Entry]) -> dict[tuple[int, int], tuple[str, str]]:
    """Symbol and side of each order that was decided, by venue and UserRefNum; its own message may be missing."""
    decisions = [entry.decision() for entry in entries if entry.kind == DECISION]
    return {(one.venue, one.reference): (one.symbol, one.side) for one in decisions if one.reference}


def _first(story: Story, entries: list[Entry]) -> int:
    """Number of the first record about an order that has no decision."""
    about = (told for told in _told(entries) if told.entry.venue == story.venue and _is_about(told, story.reference))
    return next((told.entry.number for told in about), 0)


def _told(entries: Iterable[Entry]) -> Iterator[Told]:
    """The order messages; those that do not decode are left out."""
    for entry in entries:
        try:
            if entry.kind == OUT:
                yield Told(entry, ouch50.decode_inbound(entry.payload))
            elif entry.kind == IN:
                yield Told(entry, ouch50.decode_outbound(entry.payload))
        except ProtocolError:
            continue


def _is_about(told: Told, reference: int) -> bool:
    names = ("user_ref_num", "orig_user_ref_num")
    return any(getattr(told.message, name, 0) == reference for name in names)


def _belongs(told: Told, story: Story) -> bool:
    own = told.entry.venue == story.venue and story.begins <= told.entry.number < story.ends
    return own and story.reference > 0 and _is_about(told, story.reference)


def _learn(told: Told, known: dict[tuple[int, int], tuple[str, str]]) -> None:
    """Symbol and side of an order; a replace has them of the order that it replaces. An order of an earlier run, with
    another journal, is only in what the exchange says again."""
    message, venue = told.message, told.entry.venue
    if isinstance(message, ouch50.EnterOrder | ouch50.OrderAccepted | ouch50.OrderReplaced):
        known[venue, message.user_ref_num] = (message.symbol, "B" if message.side == "B" else "S")
    elif isinstance(message, ouch50.ReplaceOrder) and (venue, message.orig_user_ref_num) in known:
        known[venue, message.user_ref_num] = known[venue, message.orig_user_ref_num]


def _link(story: Story, told: Told) -> None:
    message = told.message
    if isinstance(message, ouch50.ReplaceOrder):
        if message.user_ref_num == story.reference:
            story.replaces = message.orig_user_ref_num
        else:
            story.replaced_by = message.user_ref_num


def _symbol(story: Story, known: dict[tuple[int, int], tuple[str, str]]) -> str:
    """Symbol of the order, empty where nothing tells it."""
    if story.decision is not None:
        return story.decision.symbol
    return known.get((story.venue, story.reference), ("", ""))[0]


def _side(story: Story, known: dict[tuple[int, int], tuple[str, str]]) -> str:
    """Side of the order, empty where nothing tells it."""
    if story.decision is not None:
        return story.decision.side
    return known.get((story.venue, story.reference), ("", ""))[1]


def _span(decisions: list[tuple[Entry, Decision]]) -> str:
    references = [one.reference for _, one in decisions if one.reference]
    if not references:
        return "none"
    return f"orders {min(references)} to {max(references)}"
