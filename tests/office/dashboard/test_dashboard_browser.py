"""The page in a real browser, over a real server: what people see and may press."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from office.dashboard import build
from office.dashboard.assets import FOLDER, Assets
from protocols import management as m
from protocols import ouch50

if TYPE_CHECKING:
    from tests.office.dashboard.conftest import Page
else:
    Page = Any

PASSWORD = "a long enough password"
SESSION, T0 = 0xA1, 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def built() -> Any:
    """The real page."""
    build.build()
    return FOLDER


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium-headless-shell")
    assert path is not None, "install the package chromium-headless-shell (scripts/packages.txt)"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def tab(browser: Browser, page: Page) -> Iterator[Tab]:
    """A browser's tab; whatever it complains about fails the test."""
    context = browser.new_context(viewport={"width": 1600, "height": 950})
    found, complaints, elsewhere = context.new_page(), [], []
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    found.on("request", lambda request: elsewhere.append(request.url) if page.host not in request.url else None)
    yield found
    context.close()
    assert complaints == []
    assert elsewhere == []


def trade(page: Page) -> None:
    """A server that is connected, with a book, an order that was filled in part, a refusal, figures."""
    page.greet()
    say = 0

    def live(message: m.ManagementMessage) -> None:
        nonlocal say
        say += 1
        page.hub.take(SESSION, m.LIVE, say, T0, message.encode())

    levels = [(100_0000, 500), (99_9900, 400), (100_0200, 300)]
    live(m.State(body=b"trading"))
    live(m.TopOfBook(
        venue=0, symbol="AAPL", bid=100_0000, bid_shares=500, ask=100_0200, ask_shares=300, last=100_0100, updates=9,
        bids=2, asks=1, body=b"".join(m.LEVEL.pack(*level) for level in levels),
    ))  # fmt: skip
    live(m.Counters.of("feed.0", {"messages": 1_000, "line_a": 600, "line_b": 590, "lost": 0}))
    live(m.Counters.of("interrupts", {"LOC": 3, "RES": 0}))
    enter = ouch50.EnterOrder(
        user_ref_num=1, side="B", quantity=300, symbol="AAPL", price=100_0000, time_in_force="0", display="Y",
        capacity="P", inter_market_sweep_eligibility="N", cross_type="N", cl_ord_id="",
    )  # fmt: skip
    executed = ouch50.OrderExecuted(
        timestamp=0, user_ref_num=1, quantity=100, price=100_0000, liquidity_flag="A", match_number=7
    )
    refused = m.Decision(
        code=12, strategy=0, cause="B", venue=0, feed_venue=0, side="S", symbol="AAPL", reference=0, replaces=0,
        shares=100, price=100_0200, sequence=1, value=2_100, limit=2_000, burst=0, parsed=0, booked=0, decided=0,
        passed=0, rung=0,
    )  # fmt: skip
    for number, (kind, body) in enumerate(
        [(m.OUT, enter.encode()), (m.IN, executed.encode()), (m.DECISION, refused.encode())], start=1
    ):
        page.hub.take(SESSION, m.JOURNAL, number, T0, m.JournalRecord(kind=kind, venue=0, body=body).encode())
    page.hub.alerts(page.source.alerts())


def login(tab: Tab, page: Page, user: str) -> None:
    tab.goto(page.url)
    tab.fill("#name", user)
    tab.fill("#password", PASSWORD)
    tab.press("#password", "Enter")
    tab.wait_for_selector("#watch tbody tr:not([hidden])")


def test_who_is_not_logged_in_sees_the_login_and_a_wrong_password_says_so(tab: Tab, page: Page) -> None:
    tab.goto(page.url)
    assert tab.url.endswith("/login")
    tab.fill("#name", "risk")
    tab.fill("#password", "not this one")
    tab.click("#submit")
    tab.wait_for_selector("#error:not(:empty)")
    assert tab.inner_text("#error") == "Wrong user or password."


def test_the_page_shows_the_book_the_orders_the_fills_the_refusals_and_the_position(tab: Tab, page: Page) -> None:
    trade(page)
    login(tab, page, "viewer")
    tab.wait_for_selector("#book .level.bid .own:not(:empty)")
    assert tab.inner_text("#host") == "hft1"
    assert tab.inner_text("#watch tbody tr:not([hidden])").split() == ["AAPL", "100.00", "100.02", "+100"]
    assert tab.locator("#book .level.bid").first.inner_text().split() == ["200", "500", "100.00"]
    assert "partial" in tab.inner_text("#orders tbody")
    assert "100.00" in tab.inner_text("#fills tbody")
    assert "position 2,100 · limit 2,000" in tab.inner_text("#refusals tbody")
    assert "+100" in tab.inner_text("#positions tbody")
    assert "LOC" in tab.inner_text("#interrupts tbody")
    assert "590" in tab.inner_text("#feed tbody >> nth=0")
    assert tab.inner_text("#alerts .title b") == "Spoofing"


def test_a_viewer_has_no_kill_switch_and_no_acknowledgement(tab: Tab, page: Page) -> None:
    trade(page)
    login(tab, page, "viewer")
    tab.wait_for_selector("#alerts .title")
    assert not tab.is_visible("#kill")
    assert tab.locator("#alerts button").count() == 0
    tab.keyboard.press("Shift+K")
    assert "may not" in tab.inner_text(".toast")
    assert page.switch.pulled == []


def test_risk_pulls_the_kill_switch_by_typing_the_hosts_name(tab: Tab, page: Page) -> None:
    trade(page)
    login(tab, page, "risk")
    tab.keyboard.press("Shift+K")
    confirm = tab.locator("dialog.killer button.kill")
    tab.keyboard.type("hft")
    assert confirm.is_disabled()
    tab.keyboard.type("1")
    assert confirm.is_enabled()
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".toast.show")
    assert "sent to 1 server" in tab.inner_text(".toast")
    assert page.switch.pulled == ["risk"]
    assert [action for _, action, _ in page.actions()] == ["login", "kill", "kill.sent"]


def test_a_trader_acknowledges_an_alert_with_a_key(tab: Tab, page: Page) -> None:
    trade(page)
    login(tab, page, "trader")
    tab.wait_for_selector("#alerts button")
    tab.keyboard.press("a")
    tab.wait_for_selector(".toast.show")
    assert (page.source.state, page.source.who) == ("acknowledged", "trader")


def test_a_silent_server_makes_the_page_say_that_its_data_are_old(tab: Tab, page: Page) -> None:
    trade(page)
    login(tab, page, "viewer")
    tab.wait_for_selector(".badge.warn", timeout=8_000)
    assert tab.inner_text("#badge").startswith("STALE")
    assert tab.get_attribute("body", "data-stale") == "yes"


def test_keys_filter_choose_change_the_theme_and_show_themselves(tab: Tab, page: Page) -> None:
    trade(page)
    login(tab, page, "viewer")
    tab.keyboard.press("/")
    tab.keyboard.type("zz")
    tab.wait_for_selector("#watch .empty:not([hidden])")
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#watch tbody tr:not([hidden])")
    tab.keyboard.press("?")
    assert tab.is_visible("dialog.help")
    tab.keyboard.press("Escape")
    before = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.keyboard.press("t")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != before


@pytest.mark.parametrize("width", [390, 900, 1280])
def test_no_width_makes_the_page_scroll_sideways(tab: Tab, page: Page, width: int) -> None:
    trade(page)
    tab.set_viewport_size({"width": width, "height": 844})
    login(tab, page, "risk")
    for name in ("orders", "risk", "health", "alerts", "book"):
        if width < 720:
            tab.click(f"#tabs button[data-tab={name}]")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


class Again:
    """A new run of the host, whose last one is over."""

    def __init__(self, page: Page) -> None:
        self.hub, self.session, self.said, self.kept = page.hub, max(page.hub.servers, default=SESSION) + 1, 0, 0
        for session, server in list(page.hub.servers.items()):
            if server.open:
                page.hub.take(session, m.LIVE, 1 << 40, T0, m.Connection(open=0).encode())
        hello = m.Hello(version=1, session=self.session, journal=self.session, ticks_per_second=10**9, host="hft1")
        self.hub.take(self.session, m.CONTROL, 0, T0, hello.encode())

    def say(self, message: m.ManagementMessage) -> None:
        self.said += 1
        self.hub.take(self.session, m.LIVE, self.said, T0, message.encode())

    def book(self, symbol: str, updates: int) -> None:
        body = m.LEVEL.pack(1_234_5600, 12_345_600) + m.LEVEL.pack(1_234_5700, 300)
        self.say(m.TopOfBook(
            venue=0, symbol=symbol, bid=1_234_5600, bid_shares=500, ask=1_234_5700, ask_shares=300, last=1_234_5600,
            updates=updates, bids=1, asks=1, body=body,
        ))  # fmt: skip

    def trade(self, symbol: str, side: str, shares: int, price: int) -> None:
        enter = ouch50.EnterOrder(
            user_ref_num=self.kept + 1, side=side, quantity=shares, symbol=symbol, price=price, time_in_force="0",
            display="Y", capacity="P", inter_market_sweep_eligibility="N", cross_type="N", cl_ord_id="",
        )  # fmt: skip
        executed = ouch50.OrderExecuted(
            timestamp=0, user_ref_num=self.kept + 1, quantity=shares, price=price, liquidity_flag="A",
            match_number=self.kept + 1,
        )  # fmt: skip
        for kind, body in ((m.OUT, enter.encode()), (m.IN, executed.encode())):
            self.kept += 1
            record = m.JournalRecord(kind=kind, venue=0, body=body)
            self.hub.take(self.session, m.JOURNAL, self.kept, T0, record.encode())


def test_a_killed_server_stands_out_an_end_is_no_loss_and_a_failure_is_one(tab: Tab, page: Page) -> None:
    server = Again(page)
    server.book("AAPL", 1)
    server.say(m.State(body=b"killed"))
    login(tab, page, "viewer")
    tab.wait_for_selector("#state.badge.bad:text-is('KILLED')")
    assert tab.title() == "hft1 KILLED – Trading office"
    server.say(m.Exit(status=0, body=b"end of session"))
    server.say(m.Connection(open=0))
    tab.wait_for_selector("#badge.wait:text-is('ENDED')")
    assert tab.inner_text("#state") == "ended: end of session (killed)"
    assert tab.get_attribute("body", "data-stale") == "no"
    failed = Again(page)
    failed.book("AAPL", 1)
    failed.say(m.Exit(status=3, body=b"no card"))
    tab.wait_for_selector("#badge.bad:text-is('FAILED')")
    gone = Again(page)
    gone.say(m.Connection(open=0))
    tab.wait_for_selector("#badge.bad:text-is('SERVER GONE')")


def test_the_book_is_of_what_is_traded_until_somebody_chooses(tab: Tab, page: Page) -> None:
    server = Again(page)
    server.book("ZZZ", 9_999)
    server.book("AAPL", 1)
    login(tab, page, "viewer")
    tab.wait_for_selector("#book h2 strong:text-is('ZZZ')")
    server.trade("AAPL", "B", 100, 1_234_5600)
    tab.wait_for_selector("#book h2 strong:text-is('AAPL')")
    tab.click("#watch td:text-is('ZZZ')")
    tab.wait_for_timeout(1_200)
    assert tab.inner_text("#book h2 strong") == "ZZZ"


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1100, 800), (390, 844)])
def test_no_number_is_cut_off_and_alerts_are_in_sight(tab: Tab, page: Page, width: int, height: int) -> None:
    server = Again(page)
    server.book("AAPL", 123_456)
    server.trade("AAPL", "B", 2_300, 1_230_5600)
    page.hub.alerts(page.source.alerts())
    tab.set_viewport_size({"width": width, "height": height})
    login(tab, page, "viewer")
    tab.wait_for_selector("#positions td:text-is('+9,211.50')", state="attached")
    for name in ("orders", "risk", "health", "book", "alerts"):
        if width < 720:
            tab.click(f"#tabs button[data-tab={name}]")
        cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
        assert tab.locator("td.num, td.time, .pairs dd, #figures dd").evaluate_all(cut) == []
    alert = tab.locator("#alerts .title").first
    alert.scroll_into_view_if_needed()
    assert alert.is_visible()
    if width > 1240:
        box = tab.locator("#alerts").bounding_box()
        assert box is not None and box["y"] + box["height"] <= height
    if width < 720:
        assert tab.inner_text("#tabs button[data-tab=alerts]") == "Alerts (1)"


def test_rows_that_come_into_sight_are_there_though_nothing_changes_any_more(tab: Tab, page: Page) -> None:
    server = Again(page)
    server.book("AAPL", 1)
    for number in range(60):
        server.trade("AAPL", "B", 100, 1_230_0000 + 100 * number)
    server.say(m.Exit(status=0, body=b"end of session"))
    server.say(m.Connection(open=0))
    tab.set_viewport_size({"width": 390, "height": 844})
    login(tab, page, "viewer")
    tab.wait_for_selector("#badge:text-is('ENDED')")
    tab.wait_for_timeout(1_500)  # all is drawn, out of sight
    tab.click("#tabs button[data-tab=orders]")
    tab.wait_for_selector("#fills tbody tr:not([hidden]) >> nth=8")
    tab.locator("#fills .body").evaluate("e => e.scrollTo(0, e.scrollHeight)")
    tab.wait_for_selector("#fills tbody tr:not([hidden]) >> nth=12")
    for _ in range(20):
        tab.locator("#fills .body").evaluate("e => e.scrollTo(0, e.scrollHeight)")
        tab.wait_for_timeout(50)
    assert tab.locator("#fills tbody tr:not([hidden])").count() == 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_can_be_read_as_the_system_wants_it(tab: Tab, page: Page, scheme: Any) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.goto(page.url)
    colours = tab.locator("#submit").evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")
    assert contrast(*colours) >= 4.5  # WCAG 2.2, 1.4.3


def contrast(*colours: str) -> float:
    """Contrast of two `rgb(…)` by WCAG 2.2."""
    found = []
    for colour in colours:
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        found.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(found) + 0.05) / (min(found) + 0.05)


def test_everything_is_small(built: Any) -> None:
    assert Assets(built).compressed_bytes() <= 150_000
