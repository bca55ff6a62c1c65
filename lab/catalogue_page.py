"""`docs/catalogue.md`: the tuning catalogue as a page, made of its rows."""

from collections.abc import Iterable
from typing import Final

from image.catalogue import UNSET, Catalogue, Knob
from image.knob import KINDS, LAYERS, SOURCES

COMMAND = "hftos lab knobs --catalogue --markdown > docs/catalogue.md"
EXAMPLE: Final = """[[knob]]
name = "skew_tick"
layer = "boot"
key = "skew_tick"
values = { qemu = "1", colo = "1", lab = "1" }
levels = ["0"]
why = "ticks out of phase do not contend for the same locks"
sources = ["T", "S"]
readback = "cmdline:skew_tick"
"""
"""A row as its file has it."""
FIELDS: Final = {
    "name": "what experiments and the self-check call it",
    "layer": "how it is set: one of the heads below",
    "key": "what is set there: a symbol, a parameter, a name, a path",
    "values": "its value by profile; a profile that is not named leaves it alone. Without any, `against` must be there",
    "levels": "what else an experiment may choose",
    "why": "the reason",
    "sources": "by whose word: one or more of the letters at the end",
    "readback": "`KIND:PLACE`, a kind of the table at the end; the kind alone when its place is the key. Rows of the "
    "layers `sysctl` and `kconfig` are read back without it",
    "readbacks": "by value, another `readback`: for those where the row's own shows nothing that sets them apart",
    "not_readable": "in the place of `readback`: why it cannot be read back",
    "compare": "the kind as which both are compared, when it is not that of `readback`",
    "shows": "what is read back for a value, when it is not the value itself; `|` between alternatives",
    "choices": "`kconfig`: the symbol of each value, of which one can be on",
    "parts": "`kconfig`: symbols that depend on the key and are on when it is",
    "conflicts": "what it cannot be set together with: `NAME`, `NAME=VALUE`, or, for one value of its own, "
    "`OWN=VALUE+NAME` and `OWN=VALUE+NAME=VALUE`",
    "absent": "why a kernel or a machine may lack it; that it does is then no failure",
    "against": "why no profile sets it",
}
"""A row's fields, and what they say."""
_INTRODUCTION = f"""# The tuning catalogue

Every knob is one row of `kernel-config/catalogue/`. For what is compiled in, on the command line or in a file, a row is
all it takes to add one: the kernel's configuration, its command line, PID 1's settings and the self-check follow from
it. What needs an action (layers `nic` and `process`, some of `sysfs`) has it in the code that the head of its layer
names. This page is made of the rows: `{COMMAND}`.

PID 1 applies what is set at run time and reads **every** row back; `hftos lab knobs` prints what was requested and what
is effective, while a run is on and after it. A row that has not taken effect fails the self-check by its name: the
machine does not trade, says `self-check failed: NAME (requested X, effective Y)` on its console and to the office, and
ends with status 1 ([configuration](configuration.md): `host.self_check`). What a machine lacks altogether, as its row
foresees it (*absent*), is no failure: there is nothing to silence.

An experiment chooses other levels ([lab](lab.md)), and `{UNSET}` takes a knob away. Rows of the layer `kconfig` need
another kernel then. `{{isolated}}` and `{{housekeeping}}` are the CPUs of the profile (`kernel-config/profiles`),
`{{housekeeping_mask}}` the same as a mask, `{{cpu}}` each isolated CPU.

## A row

```toml
{EXAMPLE}```

`name`, `layer`, `key`, `why` and `sources` must be there, and `values` or `levels`. A row that is malformed is refused
with its file, its name and the value.
"""


def page(catalogue: Catalogue) -> str:
    """The whole page."""
    parts = [_INTRODUCTION, _pairs("Field", FIELDS)]
    for layer, meaning in LAYERS.items():
        rows = [knob for knob in catalogue if knob.layer == layer]
        if rows:
            parts.append(f"## {layer}: {meaning}\n\n{_table(rows)}")
    parts.append("## How a row is read back\n\n" + _pairs("Kind", KINDS))
    parts.append("## Sources\n\n" + _pairs("Letter", SOURCES))
    return "\n".join(parts)


def _table(knobs: Iterable[Knob]) -> str:
    lines = ["| Knob | Profiles | Other levels | Why | Sources | Read back |", "|---|---|---|---|---|---|"]
    for knob in knobs:
        cells = (f"`{knob.name}`", _values(knob), _levels(knob), _why(knob), " ".join(knob.sources), _proof(knob))
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def _values(knob: Knob) -> str:
    """The value of each profile, in one when they are all the same."""
    if not knob.values:
        return "–"
    if len(set(knob.values.values())) == 1:
        return f"{', '.join(knob.values)}: `{next(iter(knob.values.values()))}`"
    return ", ".join(f"{profile}: `{value}`" for profile, value in knob.values.items())


def _levels(knob: Knob) -> str:
    others = [value for value in knob.allowed if value not in knob.values.values() and value != UNSET]
    return ", ".join(f"`{value}`" for value in others) or "–"


def _why(knob: Knob) -> str:
    parts = [knob.why]
    if knob.parts:
        parts.append(f"*With:* {', '.join(f'`{name}`' for name in knob.parts)}")
    if knob.against:
        parts.append(f"**Not set:** {knob.against}")
    if knob.absent:
        parts.append(f"*Absent:* {knob.absent}")
    if knob.conflicts:
        parts.append(f"*Not with:* {', '.join(f'`{name}`' for name in knob.conflicts)}")
    return ". ".join(parts)


def _proof(knob: Knob) -> str:
    if not knob.readback:
        return f"no: {knob.not_readable}"
    return ", ".join([f"`{knob.readback}`", *(f"`{value}`: `{text}`" for value, text in knob.readbacks.items())])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _pairs(head: str, rows: dict[str, str]) -> str:
    lines = [f"| {head} | Meaning |", "|---|---|", *(f"| `{name}` | {_cell(text)} |" for name, text in rows.items())]
    return "\n".join(lines) + "\n"
