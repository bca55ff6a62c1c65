"""A ClickHouse server, over HTTP."""

from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from store.dsn import shown
from store.errors import StoreError

_PORTS = {"clickhouse": 8123, "clickhouses": 8443}


def open_client(dsn: str, settings: dict[str, str]) -> Client:
    """Connect to `clickhouse://USER:PASSWORD@HOST:PORT` (`clickhouses`: with TLS); StoreError says what refused."""
    try:
        parts = urlsplit(dsn)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise StoreError(f"{shown(dsn)} is no address of a server: {error}") from error
    if not host:
        raise StoreError(f"{shown(dsn)} names no host: give clickhouse://USER:PASSWORD@HOST:PORT")
    if parts.path not in ("", "/", "/hftos") or parts.query:
        raise StoreError(f"{shown(dsn)}: the store's database is called hftos; leave the rest of the address away")
    try:
        return clickhouse_connect.get_client(
            host=host,
            port=port,
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            secure=parts.scheme == "clickhouses",
            settings=dict(settings),
            compress=False,
        )
    except (ClickHouseError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"no ClickHouse at {host}:{port}: {reason}") from error
