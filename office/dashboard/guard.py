"""What every request passes first: the host it is for, the page it comes from; and the headers of every answer."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Content Security Policy Level 3: nothing from elsewhere, nothing inline, nothing in a frame."""
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware. `hosts`: names and addresses under which the page is served, without ports.

    A request with another `Host` is refused (DNS rebinding); so is whatever is not a plain read, a WebSocket above all,
    when its `Origin` is not the page's own (cross-site request forgery, cross-site WebSocket hijacking).
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], secure: bool) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._scheme = "https" if secure else "http"
        self._more = {"Strict-Transport-Security": "max-age=31536000"} if secure else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, **self._more}.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        if refusal:
            # Before the handshake of a WebSocket is answered, so a refused one is answered as HTTP.
            if scope["type"] == "websocket":
                await receive()
                await answer({"type": "websocket.close", "code": 1008})
                return
            await PlainTextResponse(refusal, 403)(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return f"this page is not served as {host[:100]!r}: start it with --host NAME\n"
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return ""
        origin = headers.get("origin", "")
        if origin.lower() != f"{self._scheme}://{host.lower()}":
            return f"a request from {origin[:100]!r} is not one of this page's\n"
        return ""


def _name(host: str) -> str:
    """The name in a `Host` header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
