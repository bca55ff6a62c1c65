"""Whoever connects and asks nothing keeps nobody out."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from office.dashboard.assets import Assets
from office.dashboard.places import MOST_OF_ADDRESS, Places
from office.dashboard.reader import Reader

if TYPE_CHECKING:
    from tests.office.dashboard.conftest import Page
else:
    Page = Any

SECONDS = 0.5
"""What the hasty page allows for a request."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, built: Path, serve: type[Page]) -> Iterator[Page]:
    page = serve(tmp_path_factory.mktemp("office"), Assets(built), SECONDS)
    yield page
    page.close()


@pytest.fixture
def connect(hasty: Page) -> Iterator[Callable[[], socket.socket]]:
    host, _, port = hasty.host.partition(":")
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection((host, int(port)), 5))


def ends(connection: socket.socket, more: bytes = b"") -> float:
    """Seconds until the server has closed a connection, which sends one more byte now and then."""
    began = time.monotonic()
    connection.settimeout(SECONDS / 10)
    for byte in [*more, *([None] * 100)]:
        try:
            if not connection.recv(1 << 16):
                break
        except TimeoutError:
            if byte is not None:
                connection.send(bytes([byte]))
        except ConnectionResetError:
            break
    else:
        pytest.fail("it is still open")
    return time.monotonic() - began


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /login HTTP/1.1\r\nHost: ",
        b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /login HTTP/1.1\r\nHost: ",
    ],
)
def test_a_request_that_is_not_there_in_time_ends_its_connection_however_slowly_it_comes(
    connect: Callable[[], socket.socket], begun: bytes
) -> None:
    connection = connect()
    connection.sendall(begun)
    assert ends(connection, b"x" * 90 if begun else b"") < 5 * SECONDS


def test_an_open_page_is_no_request_that_does_not_come(hasty: Page, watching: Callable[..., float]) -> None:
    with hasty.watch(hasty.login("viewer")) as page:
        end = time.monotonic() + 2 * SECONDS
        watching(page, Reader(), lambda _: time.monotonic() > end)
        hasty.greet()
        watching(page, Reader(), lambda reader: bool(reader.tables["servers"]))


def test_three_hundred_silent_connections_of_one_client_do_not_keep_the_kill_switch_from_another(
    tmp_path: Path, built: Path, serve: type[Page]
) -> None:
    page = serve(tmp_path, Assets(built))
    page.greet()
    cookie = page.login("risk")
    host, _, port = page.host.partition(":")
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection((host, int(port)), 5)) for _ in range(300)]
        status, _, body = page.request("POST", "/api/kill", {"host": "hft1"}, cookie, source="127.0.0.2")
        assert (status, json.loads(body)["servers"]) == (200, 1)
        assert all(connection.recv(1) == b"" for connection in silent[MOST_OF_ADDRESS:])
    page.close()


def test_places_are_counted_by_address_and_in_all_and_are_free_again_when_a_connection_ends() -> None:
    with Places(socket.create_server(("127.0.0.1", 0)).detach(), 3, 2) as places, contextlib.ExitStack() as stack:

        def came(source: str) -> socket.socket | None:
            stack.enter_context(socket.create_connection(places.getsockname(), 5, (source, 0)))
            try:
                return stack.enter_context(places.accept()[0])
            except ConnectionAbortedError:
                return None

        first = came("127.0.0.1")
        assert first is not None and came("127.0.0.1") is not None
        assert came("127.0.0.1") is None, "its address has two"
        assert came("127.0.0.2") is not None
        assert came("127.0.0.3") is None, "all have three"
        first.close()
        assert came("127.0.0.3") is not None
