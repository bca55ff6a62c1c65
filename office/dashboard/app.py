"""The page's server as an ASGI application: `create` makes it of a desk, its files and its clocks."""

import asyncio
import contextlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from office.dashboard import metrics
from office.dashboard.apart import apart
from office.dashboard.assets import LOGIN, PAGE, Assets
from office.dashboard.desk import Desk, Refused
from office.dashboard.guard import Guard
from office.dashboard.limits import Limits
from office.dashboard.roles import may
from office.dashboard.stream import Clocks, Stream
from office.dashboard.users import User, UsersError
from store.audit import AuditError

COOKIE: Final = "hftos"
SECURE_COOKIE: Final = "__Host-hftos"
BODY_LIMIT: Final = 4_096
_CHECKS_AT_ONCE: Final = 2
_MOST_WAITING: Final = 16
_log = logging.getLogger("office.dashboard")


class Office:
    """The handlers of all requests."""

    def __init__(self, desk: Desk, assets: Assets, clocks: Clocks, secure: bool, limits: Limits) -> None:
        self.desk = desk
        self.stream = Stream(desk.hub, desk.sessions, clocks)
        self._assets = assets
        self._clocks = clocks
        self._secure = secure
        self._cookie = SECURE_COOKIE if secure else COOKIE
        self.limits = limits
        self._checking = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self._waiting = 0

    async def page(self, request: Request) -> Response:
        """`/`: the page, or the way to the login."""
        if self._user(request) is None:
            return RedirectResponse("/login", 303)
        return self._assets.response(PAGE, request)

    async def login_page(self, request: Request) -> Response:
        """`/login`."""
        return self._assets.response(LOGIN, request)

    async def asset(self, request: Request) -> Response:
        """Everything the pages load; what the login page does not need takes a session."""
        path = "assets/" + request.path_params["path"]
        if path not in self._assets.public and self._user(request) is None:
            return _error(401, "log in first")
        if path not in self._assets:
            return _error(404, "there is no such file")
        return self._assets.response(path, request)

    async def login(self, request: Request) -> Response:
        """`POST /api/login` with `{"user", "password"}`: 204 and a cookie, 401, 429 or 503."""
        body = await _body(request)
        name, password = body.get("user"), body.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            return _error(400, "give user and password")
        address = _address(request)
        tries = self.limits.keys(name[:64], address)
        wait = max(limit.wait(key, self._now()) for limit, key in tries)
        if wait:
            await self._record_stranger(name, "login.throttled", address)
            headers = {"Retry-After": str(int(wait) + 1)}
            return JSONResponse({"error": f"too many failed logins: wait {wait:.0f} s"}, 429, headers)
        for limit, key in tries:
            limit.count(key, self._now())
        if self._waiting >= _MOST_WAITING:
            await self._record_stranger(name, "login.throttled", address, reason="too many at once")
            return _error(503, "too many logins at once: try again")
        user = await self._check(name, password)
        if user is None:
            await self._record_stranger(name, "login.failed", address)
            return _error(401, "wrong user or password")
        for limit, key in tries:
            limit.clear(key)
        self.limits.welcome(name, address)
        if not await self._record(user.name, user.role, "login", address):
            return _error(500, "the audit log cannot be written, so nobody can log in: see the server's output")
        response = Response(status_code=204)
        response.set_cookie(
            self._cookie,
            self.desk.sessions.begin(user, self._now()),
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path="/",
        )
        return response

    async def logout(self, request: Request) -> Response:
        """`POST /api/logout`."""
        user = self._user(request)
        if user is not None:
            self.desk.sessions.end(self._token(request))
            await self._record(user.name, user.role, "logout", _address(request))
        response = Response(status_code=204)
        response.delete_cookie(self._cookie, path="/", httponly=True, samesite="strict", secure=self._secure)
        return response

    async def kill(self, request: Request) -> Response:
        """`POST /api/kill` with `{"host"}`."""
        return await self._act(request, "host", self.desk.pull_kill_switch)

    async def acknowledge(self, request: Request) -> Response:
        """`POST /api/acknowledge` with `{"alert"}`."""
        return await self._act(request, "alert", self.desk.acknowledge)

    async def metrics(self, request: Request) -> Response:
        """`/metrics` for Prometheus: with the token as bearer, or for somebody who is logged in."""
        given = request.headers.get("authorization", "")
        token = self.desk.metrics_token
        with_token = bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
        user = None if with_token else self._user(request)
        if not with_token and (user is None or not may(user.role, "see")):
            return JSONResponse({"error": "give the token as bearer, or log in"}, 401, {"WWW-Authenticate": "Bearer"})
        text, kind = metrics.page(self.desk.hub, len(self.stream.viewers), self.stream.dropped)
        return Response(text, headers={"Content-Type": kind})

    async def watch(self, socket: WebSocket) -> None:
        """`/stream`: the page's data."""
        user = self._user(socket)
        if user is None:
            await socket.close()
            return
        await self.stream.serve(socket, self._token(socket), user)

    async def _act(self, request: Request, key: str, act: Callable[[User, str, str], dict[str, Any]]) -> Response:
        user = self._user(request)
        body = await _body(request)
        subject = body.get(key)
        if user is None:
            name = request.url.path.rpartition("/")[2]
            await self._record_stranger("nobody", f"{name}.refused", _address(request), reason="not logged in")
            return _error(401, "log in first")
        if not isinstance(subject, str):
            return _error(400, f"give {key}")
        try:
            return JSONResponse(await apart(act, user, subject, _address(request)))
        except Refused as refused:
            return _error(refused.status, str(refused))

    async def _check(self, name: str, password: str) -> User | None:
        self._waiting += 1
        try:
            async with self._checking:
                return await asyncio.to_thread(self.desk.users.check, name, password)
        except UsersError as error:
            _log.error("%s", error)
            return None
        finally:
            self._waiting -= 1

    async def _record(self, who: str, role: str, action: str, address: str, **detail: Any) -> bool:
        try:
            await asyncio.to_thread(self.desk.record, who, role, action, address=address, **detail)
        except AuditError as error:
            _log.error("%s", error)
            return False
        return True

    async def _record_stranger(self, who: str, action: str, address: str, **detail: Any) -> None:
        """Record what somebody tried who is not logged in, as far as there is not too much of it."""
        strangers = self.limits.strangers
        if strangers.admit(address, self._now()):
            await self._record(who, "none", action, address, **detail, **strangers.omitted())

    def _user(self, request: HTTPConnection) -> User | None:
        try:
            return self.desk.sessions.user(self._token(request), self._now())
        except UsersError as error:
            _log.error("%s", error)
            return None

    def _token(self, request: HTTPConnection) -> str:
        return request.cookies.get(self._cookie, "")

    def _now(self) -> float:
        return self._clocks.monotonic() / 1e9


def create(
    desk: Desk,
    assets: Assets,
    clocks: Clocks,
    *,
    hosts: Sequence[str],
    secure: bool = False,
    background: Sequence[Callable[[], Awaitable[None]]] = (),
    limits: Limits | None = None,
) -> Starlette:
    """The application. `hosts`: names it is served under; `secure`: over TLS; `background`: what runs beside it (the
    source of frames, the watcher of alerts). Its `state.office` is the `Office`."""
    office = Office(desk, assets, clocks, secure, limits or Limits.usual())

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(start()) for start in (office.stream.broadcast, *background)]
        for task in tasks:
            task.add_done_callback(_report)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    routes = [
        Route("/", office.page),
        Route("/login", office.login_page),
        Route("/assets/{path:path}", office.asset),
        Route("/api/login", office.login, methods=["POST"]),
        Route("/api/logout", office.logout, methods=["POST"]),
        Route("/api/kill", office.kill, methods=["POST"]),
        Route("/api/acknowledge", office.acknowledge, methods=["POST"]),
        Route("/metrics", office.metrics),
        WebSocketRoute("/stream", office.watch),
    ]
    guard = Middleware(Guard, hosts=hosts, secure=secure)
    app = Starlette(routes=routes, middleware=[guard], lifespan=lifespan)
    app.state.office = office
    return app


def _report(task: "asyncio.Future[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("a part of the page's server has ended", exc_info=task.exception())


async def _body(request: Request) -> dict[str, Any]:
    """The request's JSON object; an empty one for anything else, and for more than `BODY_LIMIT` bytes."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)
