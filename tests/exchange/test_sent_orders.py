"""The stream remembers what a client called its orders."""

import pytest

from exchange.sent_orders import cl_ord_id_of
from protocols.soup_server import SequencedStream
from tests.exchange.conftest import Client
from tests.exchange.ouch_wire import option


def test_orders_of_all_channels_are_found(client: Client) -> None:
    known: dict[int, bytes] = {}
    last = {0: 0, 7: 0}
    for number in range(400):
        index = 7 if number % 3 == 0 else 0
        ref = last[index] + 1 + number % 4
        options = option(28, bytes([index])) if index else b""
        cl_ord_id = f"ORDER{number}".encode().ljust(14)
        if number % 5 == 4 and last[index]:
            client.replace(last[index], ref, options=options)
            cl_ord_id = b"RE".ljust(14)
        else:
            client.enter(ref, cl_ord_id=cl_ord_id, options=options)
        client.send(b"Q")
        last[index] = ref
        known[index << 32 | ref] = cl_ord_id
    stream = client.entry.account.stream
    assert {token: cl_ord_id_of(stream, token) for token in known} == known
    for unknown in (0, max(known) + 1, 5 << 32 | 1):
        with pytest.raises(KeyError, match="no order"):
            cl_ord_id_of(stream, unknown)


def test_an_empty_stream_knows_nothing() -> None:
    with pytest.raises(KeyError):
        cl_ord_id_of(SequencedStream("S"), 1)
