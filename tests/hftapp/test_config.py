"""The configuration: what is wrong is named with key, value and allowed range, all at once."""

from pathlib import Path

import pytest

from hftapp import config
from hftapp.config_table import KEYS, PARAMS, STRATEGY_KEYS, VENUE_KEYS

ROOT = Path(__file__).parents[2]
SECTIONS = "\n".join(f"[{name}]" for name in config.SECTIONS)


def problems(text: str) -> list[str]:
    with pytest.raises(config.ConfigError) as caught:
        config.parse(text)
    return caught.value.problems


def test_the_shipped_file_is_valid_and_trades() -> None:
    settings = config.load(ROOT / "hftos.toml")
    assert settings.nic.port == "dpdk"
    assert str(settings.order_entry.host) == "10.20.0.1"
    assert [strategy.kind for strategy in settings.strategies] == ["market_maker", "imbalance_taker"]
    assert settings.strategies[0].params["size"] == 100


def test_an_empty_file_is_the_defaults() -> None:
    settings = config.parse("")
    assert settings.feed.gap_timeout_ms == 50
    assert settings.strategies == ()
    assert settings == config.parse(SECTIONS)


def test_every_mistake_is_reported_at_once() -> None:
    found = problems(
        """
        [nic]
        prot = "af_packet"
        mac = "52:54"
        [risk]
        max_order_shares = 0
        price_collar_bps = "wide"
        [fed]
        [[strategy]]
        kind = "market_maker"
        params = { size = 0, skw_bps = 1 }
        """
    )
    assert found == [
        '[fed]: unknown; did you mean "feed"?',
        'nic.prot: unknown; did you mean "port"?',
        'nic.mac = \'52:54\': must be a MAC address such as "52:54:00:20:00:10", or ""',
        "risk.max_order_shares = 0: must be an integer from 1 to 999_999 (shares)",
        "risk.price_collar_bps = 'wide': must be an integer from 1 to 10_000 (1/100 %)",
        'strategy[0].params.skw_bps: unknown; did you mean "skew_bps"?',
        "strategy[0].params.size = 0: must be an integer from 1 to 999_999 (shares)",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cpu]\nlock_memory = 1", "cpu.lock_memory = 1: must be true or false"),
        ("[risk]\nmax_open_orders = true", "risk.max_open_orders = True: must be an integer"),
        ('[feed]\na = "10.0.0.1:1"', "feed.a = '10.0.0.1:1': must be IPv4 multicast address and port"),
        ('[feed]\nb = "239.1.1.1:70000"', "feed.b = '239.1.1.1:70000'"),
        ('[order_entry]\nuser = "TOOLONG"', "order_entry.user = 'TOOLONG': must be ASCII text of 1 to 6 characters"),
        ('[order_entry]\nuser = "Ü"', "order_entry.user = 'Ü': must be ASCII text of 1 to 6 characters"),
        ('[management]\noffice = "10.0.0.1"', "management.office = '10.0.0.1'"),
        ('[management]\naddress = ""', 'management.address = "": with management.mac it must be an IPv4'),
        ('[nic]\nmac = ""', 'nic.mac = "": port "af_packet" needs nic.device, nic.interface or nic.mac'),
        ('[nic]\nport = "socket"\naddress = ""', 'nic.address = "": port "socket" needs'),
        ('[nic]\nidle = "wait"', 'nic.idle = "wait": port "af_packet" allows only "spin"'),
        ('[[strategy]]\nsymbols = ["A"]', 'strategy[0].kind: missing; must be "market_maker"'),
        ('[[strategy]]\nkind = "market_maker"\nsymbols = []', "strategy[0].symbols = []: must be a list"),
        ('[[strategy]]\nkind = "market_maker"\nsymbols = ["TOOLONGXX"]', "strategy[0].symbols"),
        ("strategy = 3", "strategy: must be a list of sections"),
        ("nic = 3", "nic = 3: must be a section [nic]"),
        ("nic = ", "not TOML"),
        ("nic = " + "[" * 20_000, "not TOML"),
    ],
)
def test_a_mistake_names_key_value_and_range(text: str, said: str) -> None:
    assert any(problem.startswith(said) for problem in problems(text)), problems(text)


def test_a_missing_file_is_an_error_of_the_same_kind(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"nowhere\.toml: cannot be read"):
        config.load(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_named_with_the_place_of_its_first_bad_byte(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"[nic]\n\xff\xfe")
    with pytest.raises(config.ConfigError, match=r"binary\.toml: not UTF-8: byte 0xff at offset 6"):
        config.load(path)


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for key in (*KEYS, *VENUE_KEYS, *STRATEGY_KEYS, *(key for keys in PARAMS.values() for key in keys)):
        assert f"| `{key.name}` |" in text, f"{key.section}.{key.name}"
        assert key.meaning.replace("|", "\\|") in text, f"{key.section}.{key.name}"


def test_every_default_is_within_its_own_range() -> None:
    assert config.parse('[[strategy]]\nkind = "market_maker"\n[[strategy]]\nkind = "imbalance_taker"').strategies


VENUES = """
[[venue]]
name = "NSDQ"
a = "239.20.0.1:26401"
b = "239.20.0.2:26402"
[[venue]]
name = "BX"
market_code = "B"
a = "239.20.1.1:26411"
b = "239.20.1.2:26412"
port = 24001
taker_fee = -100
"""


def test_without_venues_there_is_one_as_feed_and_order_entry_say() -> None:
    settings = config.parse("[order_entry]\nport = 24005\n")
    (venue,) = settings.venues
    assert (venue.name, venue.feed, venue.order_entry.port) == ("NSDQ", settings.feed, 24005)


def test_a_venue_takes_what_it_leaves_out_from_feed_and_order_entry() -> None:
    first, second = config.parse(VENUES).venues
    assert (second.name, second.market_code, second.taker_fee) == ("BX", "B", -100)
    assert (first.order_entry.port, second.order_entry.port) == (24000, 24001)
    assert second.order_entry.user == first.order_entry.user
    assert str(second.feed.a[0]) == "239.20.1.1"
    assert second.feed.gap_timeout_ms == 50


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VENUES.replace('"BX"', '"NSDQ"'), "venue: with several venues each needs its own name"),
        (VENUES.replace('a = "239.20.1.1:26411"\n', ""), "venue: with several venues each needs its own a"),
        (VENUES * 3, "venue: 6 sections; at most 4 venues are possible"),
        (
            VENUES.replace('b = "239.20.1.2:26412"', 'b = "239.20.0.1:26401"'),
            'venue[1].b = "239.20.0.1:26401": must differ from venue[0].a, which is the same line',
        ),
        (
            VENUES.replace('a = "239.20.1.1:26411"', 'a = "239.20.0.2:26402"'),
            'venue[1].a = "239.20.0.2:26402": must differ from venue[0].b, which is the same line',
        ),
        (
            '[feed]\nb = "239.20.0.1:26401"',
            'feed.b = "239.20.0.1:26401": must differ from feed.a, which is the same line',
        ),
        (
            VENUES + 'host = "10.21.0.1"\n',
            'venue[1].host = "10.21.0.1": must be another address in the network of nic.address, 10.20.0.0/24: '
            'port "af_packet" knows no router',
        ),
        (
            '[order_entry]\nhost = "10.20.0.10"',
            'order_entry.host = "10.20.0.10": must be another address in the network',
        ),
        ("venue = 3", "venue: must be a list of sections [[venue]]"),
        ('[[venue]]\nhost = "nowhere"', "venue[0].host = 'nowhere': must be an IPv4 address such as"),
    ],
)
def test_a_mistake_in_the_venues_is_named(text: str, said: str) -> None:
    assert any(problem.startswith(said) for problem in problems(text)), problems(text)


@pytest.mark.parametrize("port", ["dpdk", "af_xdp", "af_packet"])
def test_a_gateway_that_the_trader_s_own_stack_cannot_reach_is_told_before_it_trades(port: str) -> None:
    found = problems(f'[nic]\nport = "{port}"\n[order_entry]\nhost = "192.0.2.1"\n')
    assert found == [
        'order_entry.host = "192.0.2.1": must be another address in the network of nic.address, 10.20.0.0/24: '
        f'port "{port}" knows no router'
    ]


def test_the_kernel_s_sockets_have_its_routes() -> None:
    settings = config.parse('[nic]\nport = "socket"\naddress = "127.0.0.1/8"\n[order_entry]\nhost = "192.0.2.1"\n')
    assert str(settings.order_entry.host) == "192.0.2.1"


def test_one_group_with_two_ports_is_two_lines() -> None:
    assert config.parse('[feed]\nb = "239.20.0.1:26402"').feed.b[1] == 26402
