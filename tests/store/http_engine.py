"""ClickHouse's HTTP interface in front of the engine in this process: `python -m tests.store.http_engine FOLDER`.

As much of the interface as a client needs (ClickHouse documentation, "HTTP interface"): the query in the URL, the body,
or both one after the other; settings and `param_...` in the URL; user and password by HTTP; errors with their code. The
engine behind it is the whole one, so what a store does over it, it does to a ClickHouse server. Prints its port.
"""

import base64
import re
import sys
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import chdb

USER, PASSWORD = "desk", "s3cret/:@"
_INSERT = re.compile(rb"^\s*(INSERT\s+INTO\s+.+?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)
_connect: Callable[[str], Any] = chdb.connect
_NOT_SETTINGS = {"query", "database", "client_protocol_version", "query_id", "session_id", "wait_end_of_query"}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    engine: Any
    lock = Lock()
    dropped: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        """`/ping`, `/dropped` (how many answers were), or a query in the URL."""
        path = urlsplit(self.path).path
        if path in ("/ping", "/dropped"):
            self._answer(200, b"Ok.\n" if path == "/ping" else str(len(self.dropped)).encode())
        else:
            self._query(b"")

    def do_POST(self) -> None:
        """A query."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            self._query(b"".join(parts))
        else:
            self._query(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _query(self, body: bytes) -> None:
        if not self._known():
            self._refuse(403, "Code: 516. DB::Exception: desk: Authentication failed. (AUTHENTICATION_FAILED)")
            return
        values = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        settings = {k: v for k, v in values.items() if k not in _NOT_SETTINGS and not k.startswith("param_")}
        given = {k[6:]: v for k, v in values.items() if k.startswith("param_")}
        try:
            with self.lock:
                data = self._run(values.get("query", "").encode(), body, settings, given)
        except Exception as error:
            self._refuse(500, str(error))
            return
        token = settings.get("insert_deduplication_token", "")
        if token and token not in self.dropped and self.headers.get("User-Agent", "").find("drop") >= 0:
            self.dropped.add(token)  # the insert is done, and its answer is lost
            self.close_connection = True
            return
        self._answer(200, data)

    def _run(self, query: bytes, body: bytes, settings: dict[str, str], given: dict[str, str]) -> bytes:
        """Settings hold for one query, as over HTTP: each has a handle of its own."""
        handle = _connect(self.engine)
        try:
            for name, value in settings.items():
                escaped = value.replace("\\", "\\\\").replace("'", "\\'")
                handle.query(f"SET {name} = '{escaped}'")
            insert = _INSERT.match(query)
            if insert is None and b"\n" in body:
                line, _, rest = body.partition(b"\n")
                insert = _INSERT.match(line)
                body = rest if insert else body
            if insert is not None:
                with tempfile.NamedTemporaryFile() as file:
                    file.write(body)
                    file.flush()
                    head, form = insert.group(1).decode(), insert.group(2).decode()
                    return bytes(handle.query(f"{head} FROM INFILE '{file.name}' FORMAT {form}").bytes() or b"")
            whole = (query + b"\n" + body if query and body else query or body).decode()
            return bytes(handle.query(whole, "TabSeparated", params=given).bytes() or b"")
        finally:
            handle.close()

    def _known(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        return given == base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def _refuse(self, status: int, text: str) -> None:
        code = re.search(r"Code: (\d+)", text)
        self._answer(status, text.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "0"})

    def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve until the process is ended."""
    Handler.engine = sys.argv[1]
    keep = _connect(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
    keep.close()


if __name__ == "__main__":
    main()
