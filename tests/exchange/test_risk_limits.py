"""The limits file: what it says, and what is wrong with it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from exchange.login import Login
from exchange.orders import Party
from exchange.risk_checks import BREAKS
from exchange.risk_limits import LIMITS, MOST, Limits, LimitsError, LimitSet, read_limits
from protocols.ouch50 import REJECT_REASONS

HFT1 = Login("HFT1", "secret1", "HFTX")


def limits_of(folder: Path, text: str) -> Limits:
    path = folder / "limits.toml"
    path.write_text(text)
    return read_limits(path)


def test_a_file_with_all_kinds_of_values(tmp_path: Path) -> None:
    limits = limits_of(
        tmp_path,
        """
        [firm.HFTX]
        aggregate_exposure = 50_000_000
        restricted_stocks = ["AAPL", "MSFT"]
        organisation = "ORG"
        [port.HFT1]
        locate_required = true
        aiq = "d"
        aiq_group = "G1"
        [adv]
        AAPL = 40_000_000
        """,
    )
    assert limits.firms == {
        "HFTX": LimitSet(aggregate_exposure=50_000_000, restricted_stocks=("AAPL", "MSFT"), organisation="ORG")
    }
    assert limits.ports == {"HFT1": LimitSet(locate_required=True, aiq="d", aiq_group="G1")}
    assert limits.volumes == {"AAPL": 40_000_000}
    assert limits.self_match(HFT1) == (ord("d"), int.from_bytes(b"G1", "big"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[firm.HFTX", "is not TOML"),
        ("[desk.A]\nmax_shares = 1", r"unknown table \[desk\]; give"),
        ("[firm.TOOLONG]\nmax_shares = 1", "firm.TOOLONG must be a table whose name has at most 4 characters"),
        ("firm = 3", "firm must be tables"),
        ("[port]\nHFT1 = 3", "port.HFT1 must be a table"),
        ("[port.HFT1]\nmax_share = 1", "port.HFT1.max_share is unknown; give one of affiliate, aggregate_exposure"),
        ("[port.HFT1]\nmax_shares = 0", f"port.HFT1.max_shares = 0 must be a whole number from 1 to {MOST}"),
        ("[port.HFT1]\nmax_shares = -5", "port.HFT1.max_shares = -5 must be"),
        ("[port.HFT1]\nmax_shares = 1.5", "port.HFT1.max_shares = 1.5 must be"),
        ("[port.HFT1]\nmax_shares = true", "port.HFT1.max_shares = True must be"),
        ("[port.HFT1]\ncollar_percent = 10_001", "collar_percent = 10001 must be a whole number from 1 to 10000"),
        ("[port.HFT1]\nport_rate = 1_000_001", "port_rate = 1000001 must be a whole number from 1 to 1000000"),
        ("[port.HFT1]\nno_sweeps = 1", "no_sweeps = 1 must be true or false"),
        ("[firm.A]\nrestricted_stocks = 'AAPL'", "restricted_stocks = 'AAPL' must be a list of symbols"),
        ("[firm.A]\nrestricted_stocks = [1]", r"restricted_stocks = \[1\] must be a list of symbols"),
        ("[firm.A]\naiq = 'Q'", "aiq = 'Q' is no strategy; give N or one of Yy"),
        ("[firm.A]\naffiliate = 'ABCDE'", "affiliate = 'ABCDE' must be text of at most 4"),
        ("[adv]\nAAPL = 'many'", "adv.AAPL = 'many' must be a whole number"),
        ("adv = 3", "adv must be a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(LimitsError, match=told):
        limits_of(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LimitsError, match="give a readable file"):
        read_limits(tmp_path / "none.toml")


def test_the_table_is_whole() -> None:
    assert [row.code for row in LIMITS] == sorted({row.code for row in LIMITS})
    assert {row.code for row in LIMITS} == {0x0006, 0x001E, 0x001F, *range(0x0020, 0x0032), 0x0033}
    assert all(row.code in REJECT_REASONS for row in LIMITS)
    names = [row.name for row in LIMITS]
    assert set(names) == set(BREAKS)
    settings = {"port_burst", "aiq", "aiq_group", "organisation", "affiliate"}
    assert {each.name for each in fields(LimitSet)} == set(names) | settings
    assert not LimitSet().sets_limits(), "all limits are off"


def test_parties() -> None:
    limits = Limits({"HFTX": LimitSet(organisation="ORG"), "HFTY": LimitSet(organisation="ORG", affiliate="AFF")})

    def numbers(party: Party) -> tuple[int, int, int]:
        return party.firm, party.organisation, party.affiliate

    x, y, z = (numbers(limits.party(Login("U", "p", firm))) for firm in ("HFTX", "HFTY", "HFTZ"))
    assert len({x[0], y[0], z[0]}) == 3
    assert x[1] == y[1] != z[1]
    assert len({x[2], y[2], z[2]}) == 3
    assert z == (z[0],) * 3, "a firm without an organisation is one of its own"
