"""Nobody sees or does anything without a login, and nobody more than the role allows; all of it is in the audit log."""

import contextlib
import gzip
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from office.dashboard import client, roles
from office.dashboard.limits import Strangers
from office.dashboard.reader import Reader
from office.dashboard.stream import LOGGED_OUT, MOST_OF_ONE, TOO_MANY
from office.dashboard.throttle import Throttle
from office.dashboard.users import UsersError
from store.audit import AuditError
from store.audit.verify import verify

if TYPE_CHECKING:
    from tests.office.dashboard.conftest import Page
else:
    Page = Any

POSTS = ("/api/kill", "/api/acknowledge")
PASSWORD = "a long enough password"


@pytest.mark.parametrize("path", ["/", "/assets/index-1.js", "/metrics"])
def test_without_a_login_nothing_of_the_page_is_given_out(page: Page, path: str) -> None:
    status, headers, _ = page.request("GET", path)
    assert (status, headers.get("location")) in [(303, "/login"), (401, None)]


def test_the_login_page_and_what_it_needs_are_public(page: Page) -> None:
    for path in ("/login", "/assets/login-1.js", "/assets/login-1.css", "/assets/shared-1.js"):
        assert page.request("GET", path)[0] == 200, path


def test_every_answer_forbids_what_the_page_does_not_need(page: Page) -> None:
    for path in ("/", "/login", "/nowhere", "/metrics"):
        _, headers, _ = page.request("GET", path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(page: Page) -> None:
    _, headers, _ = page.request("POST", "/api/login", {"user": "viewer", "password": PASSWORD})
    cookie = headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie


def test_a_login_opens_the_page_and_a_logout_closes_it(page: Page) -> None:
    cookie = page.login("viewer")
    assert page.request("GET", "/", cookie=cookie)[0] == 200
    assert page.request("POST", "/api/logout", {}, cookie)[0] == 204
    assert page.request("GET", "/", cookie=cookie)[0] == 303
    assert page.actions() == [("viewer", "login", ""), ("viewer", "logout", "")]


@pytest.mark.parametrize("user", ["risk", "nobody", "", "../etc", "x" * 5_000])
def test_a_wrong_login_is_refused_and_recorded_and_does_not_say_what_was_wrong(page: Page, user: str) -> None:
    status, _, body = page.request("POST", "/api/login", {"user": user, "password": "wrong password"})
    if len(user) > 4_096:
        assert status == 400
        return
    assert (status, json.loads(body)["error"]) == (401, "wrong user or password")
    assert page.actions() == [(user[:64] or "nobody", "login.failed", "")]


def test_guessing_is_slowed_down(page: Page) -> None:
    answers = [page.request("POST", "/api/login", {"user": "risk", "password": f"guess {n}"})[0] for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    status, headers, _ = page.request("POST", "/api/login", {"user": "risk", "password": PASSWORD})
    assert status == 429
    assert 1 <= int(headers["retry-after"]) <= 16
    assert page.request("POST", "/api/login", {"user": "viewer", "password": PASSWORD})[0] == 204


@pytest.mark.parametrize("path", [*POSTS, "/api/login", "/api/logout"])
@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", ""])
def test_another_sites_requests_are_refused_even_with_the_cookie(page: Page, path: str, origin: str) -> None:
    page.greet()
    cookie = page.login("risk")
    status, _, _ = page.request("POST", path, {"host": "hft1"}, cookie, Origin=origin)
    assert status == 403
    assert page.switch.pulled == []


def test_another_name_of_the_host_is_refused(page: Page) -> None:
    assert page.request("GET", "/login", Host="evil.example")[0] == 403


def test_another_sites_websocket_is_refused_even_with_the_cookie(page: Page) -> None:
    cookie = page.login("risk")
    for origin in ("http://elsewhere.example", page.origin + "0"):
        with pytest.raises(InvalidStatus) as refused:
            page.watch(cookie, origin)
        assert refused.value.response.status_code == 403


def test_a_websocket_without_a_session_is_refused(page: Page) -> None:
    for cookie in ("", "hftos=made-up"):
        with pytest.raises(InvalidStatus) as refused:
            page.watch(cookie)
        assert refused.value.response.status_code == 403


def test_risk_pulls_the_kill_switch_and_the_audit_log_says_who(page: Page) -> None:
    page.greet()
    status, _, body = page.request("POST", "/api/kill", {"host": "hft1"}, page.login("risk"))
    assert (status, json.loads(body)) == (200, {"servers": 1, "warning": ""})
    assert page.switch.pulled == ["risk"]
    assert page.actions()[1:] == [("risk", "kill", "hft1"), ("risk", "kill.sent", "hft1")]
    assert verify(page.audit).ok


@pytest.mark.parametrize("role", ["viewer", "trader"])
def test_other_roles_may_not_and_their_try_is_recorded(page: Page, role: str) -> None:
    page.greet()
    status, _, body = page.request("POST", "/api/kill", {"host": "hft1"}, page.login(role))
    assert status == 403
    assert role in json.loads(body)["error"]
    assert page.switch.pulled == []
    assert page.actions()[1:] == [(role, "kill.refused", "hft1")]


@pytest.mark.parametrize("path", POSTS)
def test_without_a_login_nothing_is_done_and_the_try_is_recorded(page: Page, path: str) -> None:
    page.greet()
    status, _, _ = page.request("POST", path, {"host": "hft1", "alert": "a1"})
    assert status == 401
    assert page.switch.pulled == [] and page.source.state == "open"
    assert page.actions() == [("nobody", f"{path.rpartition('/')[2]}.refused", "")]


@pytest.mark.parametrize("typed", ["", "hft", "HFT1", "hft1 ", "hft2"])
def test_the_kill_switch_wants_the_name_of_the_host_as_it_is(page: Page, typed: str) -> None:
    page.greet()
    status, _, _ = page.request("POST", "/api/kill", {"host": typed}, page.login("risk"))
    assert status == 409
    assert page.switch.pulled == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"host": 1}', b"x" * 10_000, b'{"host": "hft1"' + b" " * 5_000])
def test_a_body_that_is_none_does_nothing(page: Page, body: bytes) -> None:
    page.greet()
    assert page.request("POST", "/api/kill", body, page.login("risk"))[0] == 400
    assert page.switch.pulled == []


def test_a_form_is_no_request_of_the_page(page: Page) -> None:
    page.greet()
    cookie = page.login("risk")
    status, _, _ = page.request("POST", "/api/kill", {"host": "hft1"}, cookie, Content_Type="text/plain")
    assert status == 400


def test_a_kill_that_the_collector_cannot_pass_on_says_why(page: Page) -> None:
    page.greet()
    page.switch.fails = "no trading server is connected"
    status, _, body = page.request("POST", "/api/kill", {"host": "hft1"}, page.login("risk"))
    assert (status, json.loads(body)["error"]) == (502, "no trading server is connected")
    assert page.actions()[-1] == ("risk", "kill.failed", "hft1")


def test_the_kill_switch_works_without_the_audit_log_and_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.greet()
    cookie = page.login("risk")

    def full(**_: object) -> None:
        raise AuditError("no room on the disk")

    monkeypatch.setattr(page.log, "append", full)
    status, _, body = page.request("POST", "/api/kill", {"host": "hft1"}, cookie)
    assert status == 200
    assert "no room" in json.loads(body)["warning"]
    assert page.switch.pulled == ["risk"]
    status, _, body = page.request("POST", "/api/acknowledge", {"alert": "a1"}, cookie)
    assert (status, page.source.state) == (500, "open")
    assert page.request("POST", "/api/login", {"user": "risk", "password": PASSWORD})[0] == 500


def test_the_kill_switch_waits_neither_for_a_log_that_hangs_nor_for_those_who_wait_for_it(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.greet()
    cookie = page.login("risk")
    hangs, stuck, kept = threading.Event(), threading.Semaphore(0), threading.Event()
    append, record = page.log.append, page.desk.record

    def late(**given: Any) -> None:
        hangs.wait(30)
        append(**given)
        if given["action"] == "kill.sent":
            kept.set()

    def counted(*given: str, **detail: str) -> None:
        stuck.release()
        record(*given, **detail)

    monkeypatch.setattr(page.log, "append", late)
    monkeypatch.setattr(page.desk, "record", counted)
    monkeypatch.setattr(page.desk, "patience", 0.05)
    places = min(32, (os.cpu_count() or 1) + 4)  # of asyncio's own pool of threads
    with ThreadPoolExecutor(places) as strangers:
        try:
            for _ in range(places):
                strangers.submit(page.request, "POST", "/api/acknowledge", {"alert": "a1"})
            assert all(stuck.acquire(timeout=5) for _ in range(places))
            status, _, body = page.request("POST", "/api/kill", {"host": "hft1"}, cookie)
        finally:
            hangs.set()
    assert (status, page.switch.pulled) == (200, ["risk"])
    assert "has not answered for 0.05 s" in json.loads(body)["warning"]
    assert kept.wait(5)
    found = [action for who, action, _ in page.actions() if who == "risk"]
    assert found == ["login", "kill", "kill.sent"], "late rather than never"


def test_what_nobody_waits_for_any_longer_and_was_not_done_is_not_recorded_either(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, begun = threading.Event(), threading.Event()
    kept: list[str] = []

    def late(**given: Any) -> None:
        begun.set()
        hangs.wait(30)
        kept.append(given["action"])

    monkeypatch.setattr(page.log, "append", late)
    monkeypatch.setattr("office.dashboard.desk._LONGEST", 0.05)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(page.desk.record, "ann", "risk", "kill")
        assert begun.wait(5)
        with pytest.raises(AuditError, match=r"has not answered for 0\.05 s"):
            page.desk.record("ann", "risk", "acknowledge")
        hangs.set()
        first.result(5)
    page.desk.record("ann", "risk", "logout")
    assert kept == ["kill", "logout"]


def test_tries_without_a_login_are_recorded_one_by_one_so_long_and_counted_then(page: Page) -> None:
    strangers = page.app.state.office.limits.strangers = Strangers(Throttle(2, 3_600.0), Throttle(300, 0.2))
    statuses = [page.request("POST", path, {"host": "hft1"})[0] for path in (*POSTS, *POSTS)]
    statuses.append(page.request("POST", "/api/login", {"user": "risk", "password": "a wrong guess"})[0])
    assert (statuses, len(page.actions())) == ([401] * 5, 2)
    strangers.address.clear("127.0.0.1")
    page.request("POST", "/api/kill", {"host": "hft1"})
    assert page.records()[-1].detail["omitted"] == 3
    page.request("POST", "/api/kill", {"host": "hft1"})
    assert "omitted" not in page.records()[-1].detail


@pytest.mark.parametrize(
    ("user", "password", "who"),
    [("risk", "\ud800", "risk"), ("risk", PASSWORD + "\udcff", "risk"), (" ", "x", "nobody"), ("a\ud800", "x", "a?")],
)
def test_what_is_no_text_is_a_wrong_login_and_recorded(page: Page, user: str, password: str, who: str) -> None:
    assert page.request("POST", "/api/login", {"user": user, "password": password})[0] == 401
    assert page.actions() == [(who, "login.failed", "")]


def test_a_host_that_is_no_text_is_refused_and_recorded(page: Page) -> None:
    page.greet()
    assert page.request("POST", "/api/kill", {"host": "hft\ud800"}, page.login("risk"))[0] == 409
    assert page.actions()[1:] == [("risk", "kill.refused", "hft?")]


def test_a_login_that_is_one_too_many_at_once_is_recorded(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("office.dashboard.app._MOST_WAITING", 0)
    assert page.request("POST", "/api/login", {"user": "risk", "password": PASSWORD})[0] == 503
    (record,) = page.records()
    assert (record.who, record.action, record.detail["reason"]) == ("risk", "login.throttled", "too many at once")


@pytest.mark.parametrize("wrong", [UsersError("the file is damaged"), OSError(5, "Input/output error")])
def test_a_users_file_that_cannot_be_read_closes_a_page_and_the_next_one_is_served_again(
    page: Page, watching: Callable[..., float], monkeypatch: pytest.MonkeyPatch, wrong: Exception
) -> None:
    def unreadable(name: str) -> None:
        raise wrong

    cookie = page.login("viewer")
    with page.watch(cookie) as socket:
        socket.recv(timeout=5)
        with monkeypatch.context() as patch:
            patch.setattr(page.desk.sessions, "_find", unreadable)
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    socket.recv(timeout=3)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == LOGGED_OUT
    page.greet()
    with page.watch(cookie) as socket:
        watching(socket, Reader(), lambda reader: bool(reader.tables["servers"]))


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("trader", 200), ("risk", 200)])
def test_traders_acknowledge_alerts(page: Page, role: str, status: int) -> None:
    found, _, _ = page.request("POST", "/api/acknowledge", {"alert": "a1"}, page.login(role))
    assert found == status
    assert (page.source.state, page.source.who) == (("acknowledged", role) if status == 200 else ("open", ""))


def test_an_alert_that_is_none_is_not_acknowledged(page: Page) -> None:
    assert page.request("POST", "/api/acknowledge", {"alert": "a2"}, page.login("trader"))[0] == 404


def test_roles_have_everything_of_the_roles_before_them() -> None:
    assert [roles.allowed(role) for role in roles.ROLES] == [
        ["see"],
        ["see", "acknowledge"],
        ["see", "acknowledge", "kill"],
    ]
    assert not roles.may("admin", "kill") and not roles.may("risk", "fly")


def test_metrics_take_the_token_or_a_login(page: Page) -> None:
    page.greet()
    assert page.request("GET", "/metrics", Authorization="Bearer wrong")[0] == 401
    assert page.request("GET", "/metrics", cookie=page.login("viewer"))[0] == 200
    status, headers, body = page.request("GET", "/metrics", Authorization="Bearer token-of-prometheus")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert b'hftos_server_up{host="hft1"} 1.0' in body


def test_an_open_page_ends_within_two_seconds_of_its_session(page: Page) -> None:
    cookie = page.login("viewer")
    with page.watch(cookie) as socket:
        socket.recv(timeout=5)
        page.users.remove("viewer")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=3)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == LOGGED_OUT


def test_one_user_has_only_so_many_pages(page: Page) -> None:
    cookie = page.login("viewer")
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_OF_ONE):
            stack.enter_context(page.watch(cookie)).recv(timeout=5)
        with page.watch(cookie) as more, pytest.raises(ConnectionClosed) as closed:
            more.recv(timeout=5)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == TOO_MANY


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ack": "1"}', '{"kill": 1}', '{"ack": 1, "select": 2}', "[" * 900])
def test_a_message_that_is_none_of_the_pages_ends_its_connection(page: Page, text: str) -> None:
    with page.watch(page.login("viewer")) as socket:
        socket.send(text)
        with pytest.raises(ConnectionClosed):
            while True:
                socket.recv(timeout=3)
    assert page.app.state.office.stream.viewers == set()


def test_a_flood_of_messages_ends_its_connection_and_nobody_elses(page: Page, watching: Callable[..., float]) -> None:
    cookie = page.login("viewer")
    with page.watch(cookie) as quiet, page.watch(cookie) as loud:
        quiet.recv(timeout=5)
        with pytest.raises(ConnectionClosed):
            for _ in range(5_000):
                loud.send('{"ack": 0}')
            while True:
                loud.recv(timeout=3)
        page.greet()
        watching(quiet, Reader(), lambda reader: bool(reader.tables["servers"]))


def test_a_page_that_acknowledges_nothing_is_cut_off_and_its_neighbour_goes_on(
    page: Page, watching: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STALL_NS", 300_000_000)
    stream = page.app.state.office.stream
    before = stream.dropped
    cookie = page.login("viewer")
    page.greet()
    with page.watch(cookie) as good, page.watch(cookie) as stalled:
        watching(good, Reader(), lambda _: stream.dropped > before)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                stalled.recv(timeout=3)
        assert closed.value.rcvd is None  # no goodbye: what it has not read is gone with the connection
        watching(good, Reader(), lambda reader: bool(reader.tables["servers"]))
    assert stream.dropped == before + 1


def test_a_page_of_a_viewer_says_what_the_viewer_may(page: Page) -> None:
    for role in roles.ROLES:
        with page.watch(page.login(role)) as socket:
            hello = json.loads(socket.recv(timeout=5))
        assert (hello["role"], hello["may"]) == (role, roles.allowed(role))


def test_files_are_compressed_and_not_sent_twice(page: Page, built: Path) -> None:
    cookie = page.login("viewer")
    status, headers, body = page.request("GET", "/assets/index-1.js", cookie=cookie, Accept_Encoding="gzip")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == (built / "assets/index-1.js").read_bytes()
    assert page.request("GET", "/assets/index-1.js", cookie=cookie, If_None_Match=headers["etag"])[0] == 304
    for path in ("/assets/../users.toml", "/assets/..%2fusers.toml", "/assets/nothing.js"):
        assert page.request("GET", path, cookie=cookie)[0] == 404


def test_who_guesses_from_elsewhere_keeps_nobody_out_where_they_have_logged_in_before(page: Page) -> None:
    page.login("risk")
    limits = page.app.state.office.limits
    for name in ("risk", "viewer"):
        for _ in range(40):
            limits.name.count(name, page.clocks.monotonic() / 1e9)
    page.login("risk")
    status, headers, _ = page.request("POST", "/api/login", {"user": "viewer", "password": PASSWORD})
    assert status == 429 and int(headers["retry-after"]) > 60
    for _ in range(5):
        assert page.request("POST", "/api/login", {"user": "risk", "password": "a wrong guess"})[0] == 401
    assert page.request("POST", "/api/login", {"user": "risk", "password": PASSWORD})[0] == 429, "its own tries count"
