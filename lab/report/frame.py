"""The beginning and the end of the page: headline figures, variants, runs, how it was judged."""

from collections.abc import Sequence
from html import escape
from statistics import median
from typing import Final

from lab.report import numbers
from lab.report.summary import Summary, shown
from lab.verdicts import RELEVANT
from rendering import html
from rendering.terminal import visible

METHOD: Final = (
    "A difference is that of two medians. Its standard error is the bootstrap's, over all resamples; its interval and "
    "its probability are Student's by Welch's degrees of freedom, on the figures or on their logarithms, whichever "
    "makes the variants' noise more alike. No noise is taken to be less than one count's and, with three variants or "
    "more, than the mean of all.",
    "An exact test of ranks must not contradict. Where the repeats suffice for it to carry the verdict alone among so "
    "many comparisons, whatever the distribution, it has to.",
    "Probabilities are corrected by Holm's method. The comparisons of variants, of all metrics, are one family, the "
    "effects of factors another; of each family those count that were tested: they have a p. An effect has a corrected "
    "probability of 5 % or less.",
    "Intervals are of 95 % each by itself; they are not corrected for many. So one may leave out 0 where no effect is "
    "shown.",
    "Counted instructions that are the same in every repeat are exact: their difference leaves nothing to chance.",
    "What can be seen: the smallest true difference that these repeats show four times in five, among so many "
    "comparisons.",
)


def header(found: Summary) -> str:
    """Title and question."""
    experiment = found["experiment"]
    question = f"<p>{escape(experiment['question'])}</p>" if experiment["question"] else ""
    return f"<header><h1>{escape(experiment['title'])}</h1>{question}</header>"


def tiles(found: Summary) -> str:
    """The headline figures."""
    runs, rows = found["runs"], found["comparisons"]
    left = len(runs["failed"]) + len(runs["missing"])
    marked = [name for name, metric in found["metrics"].items() if metric["mark"] and metric["compared"]]
    cells = (
        html.tile(
            "Runs", f"{runs['succeeded']} of {runs['planned']}", f"{left} failed or missing" if left else "all done"
        ),
        html.tile("Variants", str(len(found["variants"])), f"reference: {found['experiment']['reference']}"),
        html.tile("Repeats", str(found["experiment"]["repeats"]), "of each, in random order"),
        html.tile("Effects", f"{shown(rows)} of {len(rows)}", "comparisons"),
        html.tile("Noise may hide", str(sum(row["hidden"] for row in rows)), f"effects of {RELEVANT:g} % or more"),
        html.tile("Not quotable", str(len(marked)), "metrics, timed in a guest" if marked else "all may be quoted"),
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def variants(found: Summary) -> str:
    """What was booted, and knobs that did not take effect."""
    rows = [
        [name, f"{one['kernel']}, {one['profile']}", _levels(one["levels"]), str(one["runs"])]
        for name, one in found["variants"].items()
    ]
    knobs = [
        [name, knob["name"], knob["layer"], knob["requested"], knob["effective"], knob["reason"], str(knob["runs"])]
        for name, one in found["variants"].items()
        for knob in one["knobs_not_effective"]
    ]
    heads = ["variant", "knob", "layer", "requested", "effective", "reason", "runs"]
    return html.section(
        "Variants",
        "Knobs whose value is not the profile's own.",
        html.columns(
            html.card("Booted", _left(["", "kernel, profile", "knobs", "runs"], rows), wide=True),
            html.card("Knobs that did not take effect", _left(heads, knobs) if knobs else "", wide=True),
        ),
    )


def _left(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts with a count at the end."""
    return html.table(head, rows, kind="left count", coloured=False)


def _levels(levels: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in levels.items()) or "as in the profile"


def runs(found: Summary) -> str:
    """Failed and missing runs, notes, and the raw figures."""
    lost = found["runs"]
    failed = "".join(
        f"<h3>{escape(row['run'])}</h3><pre>{escape(_lines(row['error']))}</pre>" for row in lost["failed"]
    )
    notes = [*_notes(found), *(["plan", note] for note in found["experiment"]["notes"])]
    missing = f'<p class="note">{escape(", ".join(lost["missing"]))}</p>' if lost["missing"] else ""
    return html.section(
        "Runs",
        "Every figure of every run that succeeded; the same is in report.json, and all that a run said in runs/.",
        html.columns(
            html.card("Failed", failed, wide=True),
            html.card("Missing", missing, wide=True),
            html.card(
                "Notes", html.table(["variant", "note"], notes, kind="left", coloured=False) if notes else "", wide=True
            ),
        ),
        _raw(found),
    )


def _notes(found: Summary) -> list[list[str]]:
    """Whose note it is, and the note; those of all variants once."""
    owners: dict[str, list[str]] = {}
    for name, one in found["variants"].items():
        for note in one["notes"]:
            owners.setdefault(note, []).append(name)
    every = len(found["variants"])
    return [["all" if len(names) == every else ", ".join(names), note] for note, names in owners.items()]


def _lines(text: str) -> str:
    """What a console said, with what nobody could see written out."""
    return "\n".join(visible(line).plain for line in text.splitlines())


def _raw(found: Summary) -> str:
    cards = [
        html.card(
            name,
            html.table(
                ["variant", "median", "in the order of repeats"],
                [
                    [one, numbers.figure(middle, unit), "  ".join(numbers.figure(v, unit) for v in own)]
                    for one, own in values.items()
                    for middle in [median(own) if own else None]
                ],
                kind="left",
                coloured=False,
            ),
            wide=True,
        )
        for name, values in found["values"].items()
        for unit in [found["metrics"][name]["unit"]]
    ]
    return f"<details><summary>Raw figures</summary>{html.columns(*cards)}</details>"


def method() -> str:
    """How verdicts are reached."""
    points = "".join(f"<li>{escape(text)}</li>" for text in METHOD)
    return f'<details><summary>How this was judged</summary><ul class="note">{points}</ul></details>'


def source(found: Summary) -> str:
    """Where the figures come from."""
    machines = "; ".join(f"{row['runs']} runs on {row['host']} with {row['accelerator']}" for row in found["machines"])
    return f"Experiment {found['experiment']['name']}, design {found['experiment']['design']}. {machines or 'No runs'}."
