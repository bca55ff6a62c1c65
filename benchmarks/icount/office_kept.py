"""Whether the office has every order, answer and decision of a lockstep session exactly once."""

from collections import Counter
from pathlib import Path

from office import files
from protocols import ouch50
from protocols.management import DECISION, IN, OUT


def differences(folder: Path, orders: int, records: int) -> list[str]:
    """What is wrong with a collector's copy of a session of `orders` orders; nothing when it is whole.

    `records`: how many the trading server's own journal has. The orders of a session are numbered from 1, and each was
    accepted and cancelled. Raises FileError.
    """
    entries = list(files.journal(folder))
    found = []
    if [entry.number for entry in entries] != list(range(1, records + 1)):
        found.append(f"the journal has {records} records, the office's copy has others than 1 to {records}, once each")
    seen: dict[str, Counter[int]] = {name: Counter() for name in ("order", "acceptance", "cancellation", "decision")}
    for entry in entries:
        kind, reference = _sorted(entry)
        if kind:
            seen[kind][reference] += 1
    wanted = Counter(range(1, orders + 1))
    for kind, counted in seen.items():
        if counted != wanted:
            missing, more = (wanted - counted).total(), (counted - wanted).total()
            found.append(f"{kind}: {missing} of {orders} missing, {more} too many")
    return found


def _sorted(entry: files.Entry) -> tuple[str, int]:
    """What a record is, and of which order; "" for everything else."""
    if entry.kind == DECISION:
        decision = entry.decision()
        return ("decision", decision.reference) if decision.reference else ("", 0)
    if entry.kind not in (OUT, IN):
        return "", 0
    decode = ouch50.decode_inbound if entry.kind == OUT else ouch50.decode_outbound
    match decode(entry.payload):
        case ouch50.EnterOrder(user_ref_num=reference):
            return "order", reference
        case ouch50.OrderAccepted(user_ref_num=reference):
            return "acceptance", reference
        case ouch50.OrderCanceled(user_ref_num=reference):
            return "cancellation", reference
        case _:
            return "", 0
