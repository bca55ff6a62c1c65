"""Faults as a user writes them, turned into the switch's rules.

`PORT:DIRECTION:FAULT[,KEY=VALUE…]`, for example `trader:out:delay=50us,jitter=10us`, `exchange:in:loss=0.01`,
`trader:both:down,from=5s,until=7s`, `server:both:loss=0.05,from=+2s`, `trader:out:drop=50/51`. Directions are seen from
the switch: `in` comes from the port, `out` goes to it. `GRAMMAR` says it for the user.
"""

import math
import re
from typing import Any

from qemu.plan import EXCHANGE, FEED_A, FEED_B, MOLD_DATA_PAYLOAD, SEGMENTS, Group

Rule = dict[str, Any]
"""One entry of the switch configuration's `faults`."""

GRAMMAR = """\
PORT:DIRECTION:FAULT. PORT is exchange, trader, dropcopy, office or server; DIRECTION is in (from the port into the \
switch), out (from the switch to the port) or both. FAULT is loss=P, duplicate=P, corrupt=P, \
reorder=P[,depth=N][,hold=TIME], delay=TIME[,jitter=TIME], drop=N[/N…] or down; each with [,from=TIME][,until=TIME]. \
P is 0 to 1, N counts frames from 1, TIME is a number with ns, us, ms or s; from and until count from the start of the \
switch, which is before the guest's boot, or, with a + before both, from when trading begins."""

_DIRECTIONS = {"in": ("in",), "out": ("out",), "both": ("in", "out")}
_TIMES = {"jitter": "jitter_ns", "from": "from_ns", "until": "until_ns", "hold": "hold_ns"}
_ALLOWED = {
    "loss": (),
    "duplicate": (),
    "corrupt": (),
    "reorder": ("depth", "hold"),
    "delay": ("jitter",),
    "drop": (),
    "down": (),
}
_WHEN = ("from", "until")
_MAX_DIGITS = 9
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class LinkError(ValueError):
    """A fault that cannot be understood; the text names the part and what is allowed."""


def parse_link(text: str) -> list[Rule]:
    """The switch's rules for one fault; raises `LinkError`."""
    port, direction, what = [*text.split(":", 2), "", ""][:3]
    if port not in SEGMENTS:
        raise LinkError(f"{text!r}: {port!r} is no port: must be one of {', '.join(SEGMENTS)}")
    if direction not in _DIRECTIONS:
        raise LinkError(f"{text!r}: {direction!r} is no direction: must be in, out or both")
    first, *rest = what.split(",")
    kind, _, value = first.partition("=")
    if kind not in _ALLOWED:
        raise LinkError(f"{text!r}: {kind!r} is no fault: must be one of {', '.join(_ALLOWED)}")
    rule: Rule = {"kind": kind, **_value(kind, value, text)}
    for item in rest:
        key, _, setting = item.partition("=")
        if key not in (*_ALLOWED[kind], *_WHEN):
            raise LinkError(f"{text!r}: {kind} knows no {key!r}: allowed are {', '.join((*_ALLOWED[kind], *_WHEN))}")
        if key in _WHEN:
            marked = setting.startswith("+")
            if rule.setdefault("marked", marked) != marked:
                raise LinkError(f"{text!r}: from and until count from the same moment: give both a +, or none")
            setting = setting.removeprefix("+")
        rule |= {"depth": _count(setting, "depth", text)} if key == "depth" else {_TIMES[key]: _time(setting, text)}
    if not rule.get("marked", True):
        del rule["marked"]
    if rule.get("until_ns", math.inf) <= rule.get("from_ns", 0):
        raise LinkError(f"{text!r}: until is not after from: the fault would never be at work")
    return [{"port": port, "direction": way, **rule} for way in _DIRECTIONS[direction]]


def nanoseconds(text: str) -> int:
    """A time with its unit (`50us`, `1.5ms`, `2s`) in nanoseconds; raises `LinkError`."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(ns|us|ms|s)", text, re.ASCII)
    if found is None:
        raise LinkError(f"{text!r} is no time: must be a number with ns, us, ms or s, as in 50us")
    return round(float(found[1]) * _UNITS[found[2]])


def _time(value: str, text: str) -> int:
    try:
        return nanoseconds(value)
    except LinkError as error:
        raise LinkError(f"{text!r}: {error}") from error


def feed_rules(loss_a: float, loss_b: float, drop_both: tuple[int, ...]) -> list[Rule]:
    """Faults of the two feed lines, at the exchange's port, where both lines still carry the same packets.

    Both losses draw from one stream in bands that do not overlap, so no packet is lost on both lines by chance; the
    packets of `drop_both` (counted from 1) are lost on both on purpose. Heartbeats do not count.
    """
    if loss_a + loss_b > 1:
        raise LinkError(f"losses {loss_a} and {loss_b} are more than 1 together: no packet would be left on any line")
    rules: list[Rule] = []
    for group, loss, band in ((FEED_A, loss_a, 0.0), (FEED_B, loss_b, loss_a)):
        if drop_both:
            rules.append(_feed_rule(group, kind="drop", drop=sorted(drop_both)))
        if loss:
            rules.append(_feed_rule(group, kind="loss", probability=loss, stream="feed loss", band=band))
    return rules


def _feed_rule(group: Group, **settings: object) -> Rule:
    match = {"group": str(group.address), "port": group.port, "min_payload": MOLD_DATA_PAYLOAD}
    return {"port": EXCHANGE, "direction": "in", "match": match, **settings}


def _value(kind: str, value: str, text: str) -> Rule:
    if kind == "delay":
        return {"delay_ns": _time(value, text)}
    if kind == "drop":
        return {"drop": sorted({_count(number, "drop", text) for number in value.split("/")})}
    if kind == "down":
        if value:
            raise LinkError(f"{text!r}: down takes no value: write down,from=5s,until=7s")
        return {}
    try:
        probability = float(value)
    except ValueError:
        probability = -1.0
    if not 0 <= probability <= 1:
        raise LinkError(f"{text!r}: {value!r} is no probability: must be a number from 0 to 1")
    return {"probability": probability}


def _count(value: str, name: str, text: str) -> int:
    if not value.isdecimal() or len(value) > _MAX_DIGITS or int(value) < 1:
        raise LinkError(f"{text!r}: {name} is {value!r}: must be an integer from 1")
    return int(value)
