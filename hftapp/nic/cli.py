"""`hftos nic`: the network cards of this machine, for whoever fills in section `[nic]`."""

import json

import click
from rich.console import Console
from rich.table import Column, Table

from hftapp.nic.card import Card, cards
from hftapp.nic.port import format_mac

COLUMNS = ("PCI", "vendor:device", "driver", "MAC", "interface", "link")


@click.group()
def nic() -> None:
    """Network cards and the ports that use them."""


@nic.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_cards(as_json: bool) -> None:
    """List the network cards: what nic.device, nic.mac and nic.interface of hftos.toml can name."""
    found = cards()
    if as_json:
        click.echo(json.dumps([_row(card) for card in found]))
        return
    if not found:
        click.echo("no network card at all: is the driver in the kernel?")
        return
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), box=None)
    for card in found:
        table.add_row(*(value or "–" for value in _row(card).values()))
    Console().print(table)


def _row(card: Card) -> dict[str, str]:
    return {
        "device": card.pci,
        "ids": card.ids,
        "driver": card.driver,
        "mac": format_mac(card.mac) if card.mac else "",
        "interface": card.interface,
        "link": card.link,
    }
