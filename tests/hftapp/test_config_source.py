"""Which configuration PID 1 takes: whatever lies on the disk, a good one behind it is found."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp import config, config_source
from hftapp.config_source import CHANGED, LAST_GOOD, LIMIT, OWN, PLACES, Place
from hftapp.netconf import NetworkError

CURRENT, BEFORE, GLOBAL, _, BUILT_IN = (place.path for place in PLACES)
BOOTED = b'[host]\nname = "own"\n'
GOOD = b'[host]\nname = "changed"\n'
OLD = b'[host]\nname = "before"\n'
BAD = b"[risk]\nmax_order_shares = 0\n"
TOO_HIGH = "risk.max_order_shares = 0: must be an integer from 1 to 999_999 (shares)"


def anywhere(_settings: config.Config) -> None:
    """A machine on which every valid configuration runs."""


def find(files: Mapping[str, bytes]) -> config_source.Chosen:
    return config_source.find(read=files.get, fits=anywhere)


def test_without_a_changed_one_the_images_own_is_taken_quietly() -> None:
    chosen = find({BUILT_IN: BOOTED})
    assert (chosen.settings.host.name, chosen.place.source) == ("own", OWN)
    assert not chosen.is_fallback
    assert (chosen.mark(), chosen.state()) == ([], "")
    assert chosen.record() == {"source": "image", "path": "/etc/hftos.toml", "fallback": False, "refused": []}


@pytest.mark.parametrize(("place", "others"), [(CURRENT, [BEFORE, GLOBAL, PLACES[3].path]), (GLOBAL, [PLACES[3].path])])
def test_a_changed_one_goes_before_the_last_good_one(place: str, others: list[str]) -> None:
    chosen = find({BUILT_IN: BOOTED, place: GOOD} | dict.fromkeys(others, OLD))
    assert (chosen.settings.host.name, chosen.place) == ("changed", Place(CHANGED, place))
    assert not chosen.is_fallback


@pytest.mark.parametrize("current", [{}, {CURRENT: BAD}])
def test_what_an_image_ran_on_goes_before_what_is_for_all_images(current: dict[str, bytes]) -> None:
    """Also while it is being replaced, when it is the last good one beside none."""
    chosen = find({BUILT_IN: BOOTED, BEFORE: OLD, GLOBAL: GOOD} | current)
    assert (chosen.settings.host.name, chosen.place.path) == ("before", BEFORE)
    assert chosen.is_fallback


def test_a_bad_one_gives_way_to_the_last_good_one_loudly() -> None:
    chosen = find({BUILT_IN: BOOTED, BEFORE: OLD, CURRENT: BAD})
    assert (chosen.settings.host.name, chosen.place.source) == ("before", LAST_GOOD)
    assert chosen.mark()[1:-1] == [
        f"CONFIGURATION REFUSED: {CURRENT}",
        f"  {TOO_HIGH}",
        f"RUNNING ON: the last good configuration, {BEFORE}",
    ]
    assert chosen.state() == (
        f"configuration: running on the last good configuration, {BEFORE}; {CURRENT} refused: {TOO_HIGH}"
    )
    assert chosen.record()["refused"] == [{"path": CURRENT, "problems": [TOO_HIGH]}]


def test_bad_ones_everywhere_on_the_disk_give_way_to_the_images_own() -> None:
    chosen = find({place.path: BAD for place in PLACES} | {BUILT_IN: BOOTED})
    assert (chosen.settings.host.name, chosen.place.source) == ("own", OWN)
    assert [entry.path for entry in chosen.refused] == [place.path for place in PLACES[:-1]]


def test_an_interrupted_change_leaves_the_last_good_one_and_says_so() -> None:
    chosen = find({BUILT_IN: BOOTED, BEFORE: OLD})
    assert chosen.settings.host.name == "before"
    assert chosen.is_fallback
    assert f"CONFIGURATION MISSING: {CURRENT}" in chosen.mark()[1]
    assert f"{CURRENT} is missing" in chosen.state()


def test_when_none_is_usable_all_mistakes_of_all_are_said() -> None:
    with pytest.raises(config.ConfigError) as caught:
        find({CURRENT: b"[fed]\n", BUILT_IN: BAD})
    assert caught.value.problems == [
        f'{CURRENT}: [fed]: unknown; did you mean "feed"?',
        f"{BUILT_IN}: {TOO_HIGH}",
    ]
    with pytest.raises(config.ConfigError, match="none is there"):
        find({})


def test_one_that_does_not_fit_the_machine_is_refused_as_well() -> None:
    def fits(settings: config.Config) -> None:
        if settings.host.name == "changed":
            raise NetworkError("no interface with MAC address 02:00:00:00:00:01; there are: lo")

    chosen = config_source.find(read={BUILT_IN: BOOTED, CURRENT: GOOD}.get, fits=fits)
    assert chosen.place.source == OWN
    assert chosen.refused[0].problems == ("no interface with MAC address 02:00:00:00:00:01; there are: lo",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[cpu]\ntrader = 1000\n[management]\nmac = ''\naddress = ''\noffice = ''",
            "cpu.trader = 1000: online CPUs are",
        ),
        ("[management]\nmac = '02:00:00:00:00:99'", "no interface with MAC address 02:00:00:00:00:99"),
        (
            "[management]\nmac = ''\naddress = ''\noffice = ''\n[[strategy]]\nkind = 'nowhere.Nothing'",
            'strategy kind "nowhere.Nothing": there is no strategies.nowhere',
        ),
    ],
)
def test_what_this_machine_does_not_have_is_named(text: str, said: str) -> None:
    with pytest.raises((config.ConfigError, NetworkError)) as caught:
        config_source.fit_for_this_machine(config.parse(text))
    assert said in config_source.problems(caught.value)[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n\r\n", "empty"),
        (bytes(600), "not TOML"),
        (b"\xff\xfe[\0h\0", "not UTF-8: byte 0xff at offset 0"),
        (b"\xef\xbb\xbf[host]\n", "not TOML"),
        (b"[host]\nname =", "not TOML"),
        (b"#" * (LIMIT + 1), "longer than 262,144 bytes"),
        (b"[risk]\nborrow = " + b"[" * 5000, "not TOML: nested too deeply"),
        (b"[risk]\nmax_open_orders = 1" + b"0" * 5000, "not TOML"),
        (b"[risk]\nmax_open_orders = 0x1" + b"0" * 50_000, "risk.max_open_orders = (int that is too large to show)"),
        (b"[risk]\nborrow" + b".a" * 50_000 + b" = 1", "line 2 has more than 256 dots"),
        (b'"\\u001b[2J" = 1', "[\\x1b[2J]: unknown"),
    ],
)
def test_what_is_no_configuration_is_refused_with_the_reason(data: bytes, said: str) -> None:
    (refused,) = find({CURRENT: data, BUILT_IN: BOOTED}).refused
    assert said in refused.problems[0]
    assert all(problem.isprintable() and len(problem) <= 301 for problem in refused.problems)


def test_many_mistakes_are_counted_when_they_are_too_many_to_show() -> None:
    text = "[host]\n" + "".join(f"a{number} = 1\n" for number in range(50))
    (refused,) = find({CURRENT: text.encode(), BUILT_IN: BOOTED}).refused
    assert len(refused.problems) == 21
    assert refused.problems[-1] == "and 30 more"


def test_a_password_that_is_refused_is_not_shown() -> None:
    text = b'[order_entry]\npassword = "much too long"\n[[venue]]\npassword = 12345678\n'
    (refused,) = find({CURRENT: text, BUILT_IN: BOOTED}).refused
    assert [problem.partition(":")[0] for problem in refused.problems] == [
        "order_entry.password = (secret)",
        "venue[0].password = (secret)",
    ]


SHIPPED = (Path(__file__).parents[2] / "hftos.toml").read_bytes()


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """The shipped file, cut off somewhere, with bytes of it replaced."""
    data = bytearray(SHIPPED[: draw(st.integers(0, len(SHIPPED)))])
    for _ in range(draw(st.integers(0, 8))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


ANYTHING = st.one_of(st.none(), st.binary(max_size=400), st.text(max_size=400).map(lambda t: t.encode()), spoilt())


@given(st.fixed_dictionaries({place.path: ANYTHING for place in PLACES[:-1]}))
def test_whatever_lies_on_the_disk_a_valid_configuration_is_found(files: dict[str, bytes | None]) -> None:
    chosen = config_source.find(read=lambda path: BOOTED if path == BUILT_IN else files[path], fits=anywhere)
    tried = [place.path for place in PLACES if place.path == BUILT_IN or files[place.path] is not None]
    assert tried[: len(chosen.refused)] == [entry.path for entry in chosen.refused]
    assert tried[len(chosen.refused)] == chosen.place.path
    assert all(line.isprintable() for line in [*chosen.mark(), chosen.state()])


@given(ANYTHING)
def test_the_images_own_is_held_to_the_same(data: bytes | None) -> None:
    try:
        chosen = find({BUILT_IN: data} if data is not None else {})
    except config.ConfigError as error:
        assert error.problems
    else:
        assert chosen.place.path == BUILT_IN


def test_only_a_regular_file_that_lies_there_itself_is_read(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_bytes(GOOD)
    assert config_source.read_file(str(real)) == GOOD
    assert config_source.read_file(str(tmp_path / "none")) is None
    assert config_source.read_file(str(real / "below")) is None
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(OSError, match="symbolic links"):
        config_source.read_file(str(tmp_path / "link"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(config.ConfigError, match="no regular file"):
        config_source.read_file(str(tmp_path / "pipe"))
    with pytest.raises((config.ConfigError, OSError)):
        config_source.read_file(str(tmp_path))


def test_no_more_is_read_than_shows_that_it_is_too_much(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as stream:
        stream.truncate(1 << 40)
    data = config_source.read_file(str(huge))
    assert data is not None
    assert len(data) == LIMIT + 1


def test_a_link_and_a_pipe_on_the_disk_are_refused_and_passed_over(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(BOOTED)
    (tmp_path / "link").symlink_to(own)
    os.mkfifo(tmp_path / "pipe")
    places = [Place(CHANGED, str(tmp_path / "link")), Place(LAST_GOOD, str(tmp_path / "pipe")), Place(OWN, str(own))]
    chosen = config_source.find(places, fits=anywhere)
    assert chosen.place.source == OWN
    assert [entry.problems[0] for entry in chosen.refused] == [
        "cannot be read: Too many levels of symbolic links",
        "no regular file",
    ]
