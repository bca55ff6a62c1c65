"""`hftos replay`: play a recorded run to the trader again and compare its orders with those that were sent."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hftapp import config
from hftapp.journal import JournalError

if TYPE_CHECKING:
    from hftapp.trader.replay import Comparison

ORDERS = ("orders.journal", "journal.jsonl")


@click.command()
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--journal",
    "journal_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Journal of the recorded run.  [default: {' or '.join(ORDERS)} beside the recording]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def replay(recording: Path, journal_path: Path | None, as_json: bool) -> None:
    """Play RECORDING (made with host.record = true) again: the orders must be the same, byte for byte.

    Exit status 1 when they are not, or when the recording is not whole. HFTOS_INTERPRETED=1 plays it to the interpreted
    program.
    """
    # Not before --help is done: this imports the whole trader.
    from hftapp.trader import replay as player

    beside = [recording.with_name(name) for name in ORDERS]
    journal_path = journal_path or next((path for path in beside if path.is_file()), None)
    try:
        player.begin(recording)  # what is no recording needs no journal
        if journal_path is None:
            raise click.ClickException(f"there is no {beside[0]}: name the recorded run's journal with --journal")
        found = player.replay(recording, player.sent_messages(journal_path))
    except (player.RecordingError, JournalError, config.ConfigError) as error:
        raise click.ClickException(str(error)) from error
    _show(found, as_json=as_json)
    if found.difference is not None or found.early:
        raise SystemExit(1)


def _show(found: "Comparison", *, as_json: bool) -> None:
    """Print a comparison; what is wrong goes to standard error."""
    difference = found.difference
    if as_json:
        record: dict[str, object] = {
            "turns": found.turns,
            "frames": found.frames,
            "messages": found.messages,
            "identical": difference is None,
            "ends_early": found.early,
        }
        if difference is not None:
            record["difference"] = {
                "number": difference.number,
                "recorded": difference.recorded.message.hex() if difference.recorded else None,
                "replayed": difference.replayed.message.hex() if difference.replayed else None,
            }
        click.echo(json.dumps(record))
    else:
        click.echo(f"{found.turns:,} turns with {found.frames:,} frames: {found.messages:,} messages sent")
        click.echo(f"identical: {'yes' if difference is None else 'no'}")
    if difference is not None:
        for side, sent in (("recorded", difference.recorded), ("replayed", difference.replayed)):
            shown = "none" if sent is None else sent.message.hex() + (f" to venue {sent.venue}" if sent.venue else "")
            click.echo(f"message {difference.number} {side}: {shown}", err=True)
    if found.early:
        click.echo(
            f"the recording ends early: after {found.turns:,} turns, without the record that closes it. "
            "A full ring or file system cut it off, or the trader failed. What was sent later was not compared.",
            err=True,
        )
