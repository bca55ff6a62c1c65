"""`hftos replay`: play a recorded run to the trader again and compare its orders with those that were sent."""

import json
from pathlib import Path

import click

from hftapp import config
from hftapp.journal import JournalError

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

    Exit status 1 when they are not. HFTOS_INTERPRETED=1 plays it to the interpreted program.
    """
    # Not before --help is done: this imports the whole trader.
    from hftapp.trader import replay as player

    beside = [recording.with_name(name) for name in ORDERS]
    journal_path = journal_path or next((path for path in beside if path.is_file()), None)
    if journal_path is None:
        raise click.ClickException(f"there is no {beside[0]}: name the recorded run's journal with --journal")
    try:
        found = player.replay(recording, player.sent_messages(journal_path))
    except (player.RecordingError, JournalError, config.ConfigError) as error:
        raise click.ClickException(str(error)) from error
    difference = found.difference
    if as_json:
        record: dict[str, object] = {
            "turns": found.turns,
            "frames": found.frames,
            "messages": found.messages,
            "identical": difference is None,
        }
        if difference is not None:
            shown = [message.hex() if message is not None else None for message in difference[1:]]
            record["difference"] = {"number": difference.number, "recorded": shown[0], "replayed": shown[1]}
        click.echo(json.dumps(record))
    else:
        click.echo(f"{found.turns:,} turns with {found.frames:,} frames: {found.messages:,} messages sent")
        click.echo(f"identical: {'yes' if difference is None else 'no'}")
    if difference is not None:
        sides = (("recorded", difference.recorded), ("replayed", difference.replayed))
        for side, message in sides:
            click.echo(
                f"message {difference.number} {side}: {message.hex() if message is not None else 'none'}", err=True
            )
        raise SystemExit(1)
