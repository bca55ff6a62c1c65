"""`hftos explain`: one order from the wire to the wire, and what became of it."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from office.explain.document import explain as explained
from office.explain.evidence import EvidenceError, gather
from office.explain.show import show
from office.explain.story import StoryError, of_decision, of_order
from protocols.errors import ProtocolError

RUN = Path("build/run")


@click.command()
@click.argument("order", type=click.IntRange(min=1), required=False)
@click.option("--run", type=click.Path(path_type=Path), default=RUN, show_default=True, help="Folder of the run.")
@click.option("--decision", type=click.IntRange(min=1), help="A decision by its number in the journal, sent or not.")
@click.option("--venue", type=click.IntRange(min=0), help="The venue's number, where several have such an order.")
@click.option("--session", help="The feed's MoldUDP64 session, where the capture has several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def explain(
    order: int | None, run: Path, decision: int | None, venue: int | None, session: str | None, as_json: bool
) -> None:
    """Explain ORDER (its UserRefNum): market data, book, decision, risk, wire, answers, position.

    Evidence is the office's journal and the capture at the trader's switch port; what is not there is named. Times of
    the wire and of the trader are those of two clocks, and are not set off against each other.
    """
    if (order is None) is (decision is None):
        raise click.UsageError("say what to explain: ORDER, its UserRefNum, or --decision NUMBER")
    try:
        with gather(run) as evidence:
            if order is not None:
                story = of_order(evidence.entries, order, venue)
            else:
                story = of_decision(evidence.entries, decision or 0)
            document = explained(evidence, story, session)
    except (EvidenceError, StoryError, ProtocolError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(document))
    else:
        show(document, Console(width=None if sys.stdout.isatty() else 140))
