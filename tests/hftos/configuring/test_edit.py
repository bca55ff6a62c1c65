"""Single values of a configuration: set in its text, which stays as it is otherwise."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp import config
from hftos.configuring import edit
from hftos.configuring.edit import EditError

SHIPPED = (Path(__file__).parents[3] / "hftos.toml").read_text(encoding="utf-8")


def assign(text: str, *words: str) -> str:
    return edit.assign(text, [edit.parse(word) for word in words])


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_a_value_is_replaced_and_everything_else_stays() -> None:
    after = assign(SHIPPED, "risk.max_order_shares=500")
    assert changed_lines(SHIPPED, after) == ["max_order_shares = 500"]
    assert after.splitlines()[:2] == SHIPPED.splitlines()[:2]  # the comments


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("nic.port=af_packet", 'port = "af_packet"'),
        ('nic.port="af_packet"', 'port = "af_packet"'),
        ("nic.address=10.20.0.11/24", 'address = "10.20.0.11/24"'),
        ("nic.busy_poll=false", "busy_poll = false"),
        ("cpu.trader=3", "trader = 3"),
        ("order_entry.password=12345", 'password = "12345"'),
        ("host.name=true", 'name = "true"'),
        ("feed.session=", 'session = ""'),
        ('risk.restricted=["AAPL"]', 'restricted = ["AAPL"]'),
        (
            "strategy[0].params.size=200",
            "params = { size = 200, half_spread_bps = 4, skew_bps = 4, max_inventory = 500 }",
        ),
    ],
)
def test_values_need_no_quotes_where_text_is_wanted(word: str, line: str) -> None:
    after = assign(SHIPPED, word)
    assert changed_lines(SHIPPED, after) == [line]
    config.parse(after)


def test_sections_that_are_missing_are_made() -> None:
    assert tomllib.loads(assign("", 'risk.borrow."*"=5', "risk.borrow.AAPL=7")) == {
        "risk": {"borrow": {"*": 5, "AAPL": 7}}
    }


def test_what_does_not_fit_is_left_to_the_validator() -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.parse(assign(SHIPPED, "risk.max_order_shares=many", "nic.prot=dpdk"))
    assert caught.value.problems == [
        'nic.prot: unknown; did you mean "port"?',
        "risk.max_order_shares = 'many': must be an integer from 1 to 999_999 (shares)",
    ]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("risk=5", "'risk' is no key: must be SECTION.KEY"),
        ("risk..x=5", "'risk..x' is no key"),
        ("risk.x]=5", "is no key"),
        ("strategy[2].max_symbols=5", "there is no strategy[2]: the file has 2 sections [[strategy]]"),
        ("venue[0].port=5", "there is no venue[0]: the file has 0 sections [[venue]]"),
        ("strategy.max_symbols=5", "which of the sections [[strategy]]? Write strategy[0]"),
        ("strategy[0]=5", "must end with the name of a key"),
        ("nic.port.x=5", "nic.port is 'dpdk' there, not a section"),
    ],
)
def test_keys_that_lead_nowhere_are_refused_with_what_to_write(word: str, said: str) -> None:
    with pytest.raises(EditError) as caught:
        assign(SHIPPED, word)
    assert said in str(caught.value)


@pytest.mark.parametrize("word", ["order_entry.password.x=5", "venue[0].password.x=5"])
def test_a_secret_that_is_no_section_is_not_shown(word: str) -> None:
    with pytest.raises(EditError, match=r"password is \*{8} there, not a section") as caught:
        assign(SHIPPED + '\n[[venue]]\npassword = "secret1"\n', word)
    assert "secret1" not in str(caught.value)


@pytest.mark.parametrize("text", ["[nic", "nic = \n", "\0", "[a]\n[a]\n"])
def test_text_that_is_not_toml_is_to_be_replaced_as_a_whole(text: str) -> None:
    with pytest.raises(EditError, match="set a whole file"):
        assign(text, "nic.port=dpdk")


@pytest.mark.parametrize(
    ("word", "is_one"),
    [("a.b=c", True), ("venue[1].a=x", True), ("hftos.toml", False), ("./a=b/hftos.toml", False), ("=x", False)],
)
def test_assignments_are_told_from_files(word: str, is_one: bool) -> None:
    assert edit.is_assignment(word) is is_one


def test_secrets_are_masked_wherever_they_are() -> None:
    text = SHIPPED + '\n[[venue]]\nname = "A"\npassword = "hidden" # mine\n'
    shown = edit.masked(text)
    assert "secret1" not in shown
    assert "hidden" not in shown
    assert changed_lines(text, shown) == ['password = "********"', 'password = "********" # mine']
    document = edit.masked_document(config.parse(text).document)
    assert document["order_entry"]["password"] == document["venue"][0]["password"] == "********"
    assert document["risk"]["max_order_shares"] == 1000


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """The shipped file with pieces moved, cut or replaced."""
    text = SHIPPED[draw(st.integers(0, 300)) : draw(st.integers(400, len(SHIPPED)))]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(alphabet='[]{}"=.,#\n ax1', max_size=3)) + text[at + draw(st.integers(0, 3)) :]
    return text


@given(spoilt())
def test_any_text_is_changed_as_asked_or_refused(text: str) -> None:
    try:
        after = assign(text, "risk.max_order_shares=501", "host.name=x")
    except EditError:
        return
    wanted = tomllib.loads(text)
    wanted.setdefault("risk", {})["max_order_shares"] = 501
    wanted.setdefault("host", {})["name"] = "x"
    assert tomllib.loads(after) == wanted
