"""The whole job in Python with ordinary sockets: /init of a guest, and what a user would otherwise have."""

import gc
import select
import socket
import time
from collections.abc import Callable
from types import ModuleType

from . import python_guest
from .python_arbiter import Arbiter
from .python_book import Books
from .python_orders import Orders

_SIZE = 2_048


def run(job: ModuleType) -> None:
    """Start the machine, trade until the exchange ends the session, print the samples, power off."""
    python_guest.start(job.GUEST_ADDRESS, job.PREFIX_LENGTH)
    lines = [_join(job, getattr(job, f"GROUP_{line}"), getattr(job, f"PORT_{line}")) for line in "AB"]
    session = _log_in(job)
    books, orders = Books(), Orders(job)
    arbiter = Arbiter(books.apply)
    after: list[int] = []
    before: list[int] = []
    clock = time.perf_counter_ns
    gc.freeze()
    gc.disable()
    stream = b""
    over = False
    poll = select.epoll()
    by_descriptor: dict[int, socket.socket] = {}
    for each in (*lines, session):
        by_descriptor[each.fileno()] = each
        poll.register(each.fileno(), select.EPOLLIN)
    while not over:
        polled = clock()
        for descriptor, _ in poll.poll(0):
            if descriptor == session.fileno():
                stream, over = _answers(session, stream, orders)
                continue
            data = by_descriptor[descriptor].recv(_SIZE)
            received = clock()
            arbiter.on_packet(data)
            if books.touched and _act(books, orders, session, clock):
                sent = clock()
                after.append(sent - received)
                before.append(sent - polled)
    lines_out = [f"NOTE {arbiter.duplicates} duplicates, {arbiter.malformed} malformed, {orders.refused} refused"]
    lines_out.append(f"NOTE two readings of the clock: {_clock_cost(clock)}")
    lines_out += [f"SAMPLE {one} {other}" for one, other in zip(after, before, strict=True)]
    python_guest.power_off([*lines_out, f"END {len(after)}"])


def _act(books: Books, orders: Orders, session: socket.socket, clock: Callable[[], int]) -> bool:
    sent = False
    for locate in books.touched:
        book = books.books[locate]
        wanted = orders.decide(locate, book)
        if wanted is not None and orders.passes(locate, book, *wanted, clock()):
            session.send(orders.encode(locate, book, *wanted))
            sent = True
    books.touched.clear()
    return sent


def _answers(session: socket.socket, stream: bytes, orders: Orders) -> tuple[bytes, bool]:
    """Take what came; the rest of the stream, and whether the session is over."""
    data = session.recv(65_536)
    if not data:
        return b"", True
    # The harness goes on once its answer is acknowledged.
    session.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    stream += data
    while len(stream) >= 3 and len(stream) >= (end := 2 + int.from_bytes(stream[:2], "big")):
        kind, payload, stream = stream[2:3], stream[3:end], stream[end:]
        if kind in (b"Z", b"J"):
            return b"", True
        if kind == b"S":
            orders.answer(payload)
        elif kind == b"H":
            session.send(b"\0\1R")
    return stream, False


def _join(job: ModuleType, group: str, port: int) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    line.bind((group, port))
    request = socket.inet_aton(group) + socket.inet_aton(job.GUEST_ADDRESS)
    line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    return line


def _log_in(job: ModuleType) -> socket.socket:
    session = socket.create_connection((job.EXCHANGE_ADDRESS, job.ORDER_PORT))
    session.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = f"{job.USER:6}{job.PASSWORD:10}{'':10}{1:20d}".encode()
    session.sendall((1 + len(request)).to_bytes(2, "big") + b"L" + request)
    return session


def _clock_cost(clock: Callable[[], int]) -> int:
    return min(-clock() + clock() for _ in range(1_000))
