"""An explained order as a row of steps, from the wire to the wire and back: what `hftos explain` prints."""

from typing import Any, NamedTuple


class Step(NamedTuple):
    """One step: what part of the way it is, when by the capture and by the trader's clock (ns since 1970, None where
    that is not known), and what happened."""

    part: str
    capture: int | None
    trader: int | None
    text: str


def steps(document: dict[str, Any]) -> list[Step]:
    """The steps of a document of `office.explain.document`, in their order."""
    found: list[Step] = []
    found += _market(document)
    decision = document["decision"]
    if decision is not None:
        found += _cause(decision["cause"]["answer"])
        found += _decision(decision, document["checks"])
    # The journal's numbers are the order in which the trader did it; several of its times may be those of one turn.
    messages = [(told["number"], True, told) for told in document["sent"]]
    messages += [(told["number"], False, told) for told in document["answers"]]
    for _, sent, told in sorted(messages, key=lambda each: each[:2]):
        part = "order" if sent else _ANSWERS.get(told["type"], "answer")
        found.append(Step(part, told["capture_ns"], told["trader_ns"], _sent(told) if sent else _answer(told)))
    position = document["position"]
    if position is not None:
        found.append(Step("position", None, None, _position(position)))
    return found


_ANSWERS = {"A": "acknowledged", "U": "acknowledged", "E": "fill", "C": "cancelled", "J": "rejected", "B": "broken"}


def price(value: int) -> str:
    """A price4 in dollars, with cents at least."""
    dollars, rest = divmod(abs(value), 10_000)
    digits = f"{rest:04d}"
    return f"{'-' if value < 0 else ''}{dollars:,}.{digits[:2] if digits.endswith('00') else digits}"


def _market(document: dict[str, Any]) -> list[Step]:
    market, book = document["market"], document["book"]
    if market is None:
        return []
    count = len(market["messages"])
    more = f" (packet {market['packet']}, {count} message{'s' if count != 1 else ''})"
    text = "" if market["caused"] else "applied last: "
    text += f"message {market['sequence']} of session {market['session']} on {market['line']}{more}"
    rows = [Step("market data", market["capture_ns"], None, text)]
    if book is not None:
        rows.append(Step("book", None, None, _book(book)))
    return rows


def _cause(answer: dict[str, Any] | None) -> list[Step]:
    """The last answer that the trader had heard when it decided, where that is why it did."""
    if answer is None:
        return []
    return [Step("cause", answer["capture_ns"], answer["trader_ns"], f"heard last: {_answer(answer)}")]


def _book(book: dict[str, Any]) -> str:
    def best(view: dict[str, list[list[int]]]) -> str:
        bid, ask = (view[side][0] if view[side] else None for side in ("bids", "asks"))
        left = f"{bid[1]:,} @ {price(bid[0])}" if bid else "none"
        right = f"{price(ask[0])} @ {ask[1]:,}" if ask else "none"
        return f"{left} | {right}"

    before, after = best(book["before"]), best(book["after"])
    changed = "best prices unchanged" if before == after else f"from {before}"
    levels = len(book["changes"])
    return f"{after}, {changed}; {levels} level{'s' if levels != 1 else ''} changed"


def _decision(decision: dict[str, Any], checks: list[dict[str, Any]]) -> list[Step]:
    side = "buy" if decision["side"] == "B" else "sell"
    what = f"{side} {decision['shares']:,} {decision['symbol']} @ {price(decision['price'])}"
    replaces = f", in place of order {decision['replaces']}" if decision["replaces"] else ""
    kind = f" ({decision['strategy_kind']})" if decision["strategy_kind"] else ""
    text = f"strategy {decision['strategy']}{kind}: {what}{replaces}, because {decision['cause']['text']}"
    rows = [Step("decision", None, decision["trader_ns"], text)]
    passed = sum(check["outcome"] == "passed" for check in checks)
    refused = next((check for check in checks if check["outcome"] == "refused"), None)
    if refused is not None:
        found = f"found {refused['value']:,}, limit {refused['limit']:,}"
        risk = f"refused by {refused['check']} ({found}) after {passed} checks that passed"
    else:
        risk = f"all {passed} checks passed" + ("" if decision["sent"] else ", but the connection did not take it")
    rows.append(Step("risk", None, decision["trader_ns"], risk))
    return rows


def _sent(sent: dict[str, Any]) -> str:
    packet = "" if sent["packet"] is None else f" (packet {sent['packet']})"
    if sent["type"] == "O":
        side = "buy" if sent["side"] == "B" else "sell"
        terms = f"{side} {sent['quantity']:,} {sent['symbol']} @ {price(sent['price'])}"
        return f"{sent['name']} {sent['user_ref_num']}: {terms}, time in force {sent['time_in_force']}{packet}"
    if sent["type"] == "U":
        terms = f"{sent['quantity']:,} @ {price(sent['price'])}"
        return f"{sent['name']}: {sent['orig_user_ref_num']} by {sent['user_ref_num']}, {terms}{packet}"
    return f"{sent['name']} {sent.get('user_ref_num', '')}{packet}"


def _answer(answer: dict[str, Any]) -> str:
    packet = "" if answer["packet"] is None else f" (packet {answer['packet']})"
    kind = answer["type"]
    if kind in "AU":
        state = {"L": "live", "D": "dead"}.get(answer["order_state"], answer["order_state"])
        return f"{answer['name']}: reference {answer['order_reference_number']}, {state}{packet}"
    if kind == "E":
        terms = (
            f"{answer['quantity']:,} @ {price(answer['price'])}, {answer['liquidity']}, match {answer['match_number']}"
        )
        return f"{answer['name']}: {terms}{packet}"
    if kind == "C":
        return f"{answer['name']}: {answer['quantity']:,} shares, {answer['why']}{packet}"
    if kind == "J":
        return f"{answer['name']}: {answer['why']}{packet}"
    if kind == "B":
        return f"{answer['name']}: match {answer['match_number']} is void{packet}"
    return f"{answer['name']}{packet}"


def _position(position: dict[str, Any]) -> str:
    change = position["bought"] - position["sold"]
    paid = f", paid {price(position['paid'])}" if position["paid"] else ""
    return f"{position['symbol']}: {position['before']:+,} {change:+,} = {position['after']:+,} shares{paid}"
