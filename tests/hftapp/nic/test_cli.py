import json

import pytest
from click.testing import CliRunner

from hftapp.nic import cli
from tests.hftapp.nic.test_card import ALL


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "cards", lambda: list(ALL))
    monkeypatch.setenv("COLUMNS", "120")


def test_cards_for_people() -> None:
    said = CliRunner().invoke(cli.nic, ["list"])
    assert said.exit_code == 0
    assert "0000:00:03.0" in said.output
    assert "52:54:00:20:00:10" in said.output
    assert "vfio-pci" in said.output


def test_cards_for_programs() -> None:
    said = CliRunner().invoke(cli.nic, ["list", "--json"])
    assert json.loads(said.output)[1] == {
        "device": "0000:00:04.0",
        "ids": "8086:10d3",
        "driver": "vfio-pci",
        "mac": "",
        "interface": "",
        "link": "",
    }


def test_a_machine_without_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "cards", list)
    assert "no network card at all" in CliRunner().invoke(cli.nic, ["list"]).output
