"""`docs/catalogue.md`: the tuning catalogue as a page, made of its rows."""

from collections.abc import Iterable

from image.catalogue import UNSET, Catalogue, Knob
from image.knob import KINDS, LAYERS, SOURCES

COMMAND = "hftos lab knobs --catalogue --markdown > docs/catalogue.md"
_INTRODUCTION = f"""# The tuning catalogue

Every knob is one row of `kernel-config/catalogue/`. A row is all it takes to add one: the kernel's configuration, its
command line, PID 1's settings and the self-check follow from it. This page is made of the rows: `{COMMAND}`.

PID 1 applies what is set at run time and reads **every** row back; `hftos lab knobs` prints what was requested and what
is effective, while a run is on and after it. A row that has not taken effect fails the self-check by its name: the
machine does not trade, says `self-check failed: NAME (requested X, effective Y)` on its console and to the office, and
ends with status 1 ([configuration](configuration.md): `host.self_check`). What a machine lacks altogether, as its row
foresees it (*absent*), is no failure: there is nothing to silence.

An experiment chooses other levels ([lab](lab.md)), and `{UNSET}` takes a knob away. Rows of the layer `kconfig` need
another kernel then. `{{isolated}}` and `{{housekeeping}}` are the CPUs of the profile (`kernel-config/profiles`),
`{{housekeeping_mask}}` the same as a mask, `{{cpu}}` each isolated CPU.
"""


def page(catalogue: Catalogue) -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
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
    if knob.against:
        parts.append(f"**Not set:** {knob.against}")
    if knob.absent:
        parts.append(f"*Absent:* {knob.absent}")
    if knob.conflicts:
        parts.append(f"*Not with:* {', '.join(f'`{name}`' for name in knob.conflicts)}")
    return ". ".join(parts)


def _proof(knob: Knob) -> str:
    return f"`{knob.readback}`" if knob.readback else f"no: {knob.not_readable}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _pairs(head: str, rows: dict[str, str]) -> str:
    return "\n".join([f"| {head} | Meaning |", "|---|---|", *(f"| `{k}` | {v} |" for k, v in rows.items())]) + "\n"
