"""Profiles and fragments are data; malformed or contradictory data is refused by name."""

from pathlib import Path

import pytest

from image import profile
from image.errors import ProfileError


def write(folder: Path, fragment_rows: str = "", profile_text: str = 'summary = "s"\nfragments = ["a"]\n') -> Path:
    (folder / "fragments").mkdir(exist_ok=True)
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "fragments/a.toml").write_text(f'concern = "c"\nsymbols = [{fragment_rows}]\n')
    (folder / "profiles/p.toml").write_text(profile_text)
    return folder


def test_a_profile_combines_fragments_and_parameters(tmp_path: Path) -> None:
    write(
        tmp_path,
        '{ symbol = "CONFIG_SMP", value = "y", why = "w" }',
        'summary = "s"\nfragments = ["a"]\nparameters = [{ parameter = "quiet", why = "q" }]\n'
        'init = [{ argument = "-I", why = "i" }]\n',
    )
    loaded = profile.load("p", folder=tmp_path)
    assert [(s.name, s.value, s.why, s.fragment) for s in loaded.symbols] == [("SMP", "y", "w", "a")]
    assert loaded.cmdline == "quiet -- -I"


@pytest.mark.parametrize(("hz", "expected"), [("HZ_100", "x=50 quiet"), ("HZ_1000", "x=5 quiet"), ("HZ_ANY", "quiet")])
def test_a_number_a_second_is_given_a_jiffy_and_left_out_where_nobody_says_how_long_that_is(
    tmp_path: Path, hz: str, expected: str
) -> None:
    write(
        tmp_path,
        f'{{ symbol = "{hz}", value = "y", why = "w" }}',
        'summary = "s"\nfragments = ["a"]\n'
        'parameters = [{ parameter = "x={5000/HZ}", why = "w" }, { parameter = "quiet", why = "q" }]\n',
    )
    assert profile.load("p", folder=tmp_path).cmdline == expected


@pytest.mark.parametrize(("hz", "loops"), [("100", "lpj=50000000"), ("250", "lpj=20000000"), ("1000", "lpj=5000000")])
def test_delays_are_as_long_at_every_hz(hz: str, loops: str) -> None:
    """The kernel spins lpj × HZ loops a second (arch/x86/lib/delay.c)."""
    assert loops in profile.load("qemu", {"HZ": hz}).cmdline.split()


def test_an_unknown_profile_names_those_there_are(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(ProfileError, match="no profile 'x'; there are: p"):
        profile.load("x", folder=tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{ symbol = "SMP", value = "y" }', "'why' must be a text"),
        ('{ symbol = "SMP", value = "y", why = " " }', "'why' must be a text"),
        ('{ symbol = "SMP", value = true, why = "w" }', "'value' must be a text that is not empty, not True"),
        ('{ symbol = "SMP", value = "y", why = "w", when = "now" }', "unknown key 'when'"),
        ('"SMP"', "must be a table"),
        (
            '{ symbol = "SMP", value = "y", why = "w" }, { symbol = "SMP", value = "n", why = "w" }',
            r"SMP is in two files: a \(y\) and a \(n\)",
        ),
    ],
)
def test_bad_rows_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    write(tmp_path, rows)
    with pytest.raises(ProfileError, match=message):
        profile.load("p", folder=tmp_path)


def test_an_unknown_fragment_is_refused(tmp_path: Path) -> None:
    write(tmp_path, profile_text='summary = "s"\nfragments = ["b"]\n')
    with pytest.raises(ProfileError, match="no fragment 'b'"):
        profile.load("p", folder=tmp_path)


def test_bad_toml_names_the_file(tmp_path: Path) -> None:
    write(tmp_path, profile_text="summary = \n")
    with pytest.raises(ProfileError, match=r"p\.toml"):
        profile.load("p", folder=tmp_path)


def write_pmds(folder: Path, rows: str) -> Path:
    (folder / "pmds").mkdir()
    (folder / "pmds/lab.toml").write_text(f'machines = "m"\npmds = [{rows}]\n')
    return folder


def test_a_profile_names_a_list_of_drivers(tmp_path: Path) -> None:
    write(tmp_path, profile_text='summary = "s"\nfragments = ["a"]\npmds = "lab"\n')
    write_pmds(tmp_path, '{ pmd = "net_ice", why = "E810" }')
    assert profile.load("p", folder=tmp_path).drivers == (profile.Driver("net_ice", "E810"),)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{ pmd = "net_ice" }', "'why' must be a text"),
        ('{ pmd = "net_ice", why = "a" }, { pmd = "net_ice", why = "b" }', "net_ice is listed twice"),
        ('{ driver = "net_ice", why = "a" }', "unknown key 'driver'"),
    ],
)
def test_a_malformed_list_of_drivers_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        profile.drivers("lab", write_pmds(tmp_path, rows))


def test_an_unknown_list_of_drivers_names_those_there_are(tmp_path: Path) -> None:
    write_pmds(tmp_path, "")
    with pytest.raises(ProfileError, match="no list of PMDs 'moon'; there are: lab"):
        profile.drivers("moon", tmp_path)


def test_the_trading_servers_list_has_every_card_they_have() -> None:
    wanted = "virtio e1000 igc ixgbe i40e ice iavf mlx5 sfc bnxt enic ena vmxnet3"
    assert {f"net_{name}" for name in wanted.split()} <= {driver.name for driver in profile.drivers("colo")}
