"""The exchange of the harness, in lockstep with the guest: one tick, wait for its order, answer, undo, next tick.

It speaks Ethernet itself, so that no kernel's networking is between it and the guest. Each
tick is one frame on one line; the other line's copy follows once the order is there. Every order is compared byte for
byte with the one expected.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial

from lab.lockstep import frames, job
from lab.lockstep.feed import Feed, Tick
from lab.lockstep.link import Link, LinkGoneError
from lab.lockstep.tcp_end import TcpEnd
from protocols import mold, ouch50, soup
from protocols.ouch_answers import accepted

_SESSION = "ICOUNT"
_QUIET = 0.02
"""Seconds to wait for the guest to acknowledge an answer, which shows that it has dealt with all in front of it."""
_HEARTBEAT = 1.0
_ORDER_SECONDS = 60.0
_MAY_SECONDS = 300.0
_END_SECONDS = 900.0  # a slow kernel prints ten thousand samples on an emulated serial port
_FIRM = (ouch50.Option(2, str(job.JOB["FIRM"])),)


class HarnessError(Exception):
    """The guest did not do the job; the text says what it did instead."""


class Exchange:
    """Both feed lines and the order port on one link.

    `alive` says whether the guest still runs; waiting ends with it. `orders` counts the right ones. `may` is asked
    with a tick's number, from 0, until it lets that tick come; the link is served meanwhile. `clock` gives the seconds
    that pass while the link waits.
    """

    def __init__(
        self,
        link: Link,
        alive: Callable[[], bool],
        may: Callable[[int], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.orders = 0
        self._link = link
        self._alive = alive
        self._may = may
        self._clock = clock
        self._me = frames.Host.parse(job.EXCHANGE_MAC, str(job.JOB["EXCHANGE_ADDRESS"]))
        self._guest = frames.Host.parse(job.GUEST_MAC, str(job.JOB["GUEST_ADDRESS"]))
        self._tcp = TcpEnd(int(job.JOB["ORDER_PORT"]))
        self._framer = soup.Framer()
        self._feed = Feed()
        self._sequence = 1
        self._user_ref = 1
        self._reference = 0
        self._ready = False
        self._ended = False
        self._entered: list[bytes] = []
        self._heartbeat_at = 0.0

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    def run(self, ticks: int, boot_seconds: float, progress: Callable[[int], None]) -> int:
        """Carry out `ticks` ticks once the guest has logged in, then end the session; the number of right orders.

        Raises HarnessError when it does not log in, when an order does not come or is wrong, or when it does not end.
        """
        self._open(boot_seconds)
        for number in range(ticks):
            self._until(partial(self._may, number), _MAY_SECONDS, f"tick {number} was not allowed to come")
            self._tick(number)
            if number % 500 == 0:
                progress(number)
        self._end()
        return self.orders

    def _open(self, boot_seconds: float) -> None:
        """Wait for the guest to log in, and give it the books."""
        self._until(lambda: self._ready, boot_seconds, "the guest did not log in")
        self._until(lambda: False, 0.2, None)  # the guest's joins and first query
        for packet in self._packets(list(self._feed.opening())):
            self._publish(packet, 0)
            self._publish(packet, 1)
            self._until(lambda: False, 0.005, None)
        self._until(lambda: False, 0.5, None)

    def _end(self) -> None:
        """End the session, and wait for the guest to print its result and power off."""
        self._tcp.send(soup.EndOfSession().encode())
        self._flush()
        self._ended = True
        self._until(lambda: not self._alive(), _END_SECONDS, "the guest did not end")

    def _tick(self, number: int) -> None:
        tick = self._feed.tick()
        line = number & 1
        (packet,) = self._packets([tick.add])
        self._publish(packet, line)
        what = f"no order for tick {number} ({tick.stock}); {self.orders} were right before it"
        self._until(lambda: bool(self._entered), _ORDER_SECONDS, what)
        order = self._check(self._entered.pop(0), tick)
        self._publish(packet, 1 - line)
        for undo in self._packets(list(tick.undo)):
            self._publish(undo, line)
            self._publish(undo, 1 - line)
        self._answer([order])
        self._heartbeat()
        self._flush()
        self._settle()

    def _settle(self) -> None:
        """Give the guest time to deal with all that was sent."""
        self._until(lambda: self._tcp.acknowledged >= self._tcp.sent, _QUIET, None)

    def _heartbeat(self) -> None:
        now = self._clock()
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + _HEARTBEAT
            self._tcp.send(soup.ServerHeartbeat().encode())

    def _check(self, message: bytes, tick: Tick) -> ouch50.EnterOrder:
        expected = ouch50.EnterOrder(
            user_ref_num=self._user_ref,
            side="B",
            quantity=tick.shares,
            symbol=tick.stock,
            price=tick.price,
            time_in_force="3",
            display="Y",
            capacity="P",
            inter_market_sweep_eligibility="N",
            cross_type="N",
            cl_ord_id=message[31:45].decode("latin-1").rstrip(),  # begins with a number drawn anew by every run
            appendage=_FIRM,
        )
        if message != expected.encode():
            raise HarnessError(f"order {self._user_ref} is {message.hex()} instead of {expected.encode().hex()}")
        self.orders += 1
        return expected

    def _answer(self, orders: Iterable[ouch50.EnterOrder]) -> None:
        answers = [answer for order in orders for answer in self._fate(order)]
        if answers:
            self._tcp.send(b"".join(soup.SequencedData(answer).encode() for answer in answers))

    def _fate(self, order: ouch50.EnterOrder) -> tuple[bytes, bytes]:
        """Accepted, and cancelled at once: nothing stands at that price any more."""
        self._reference += 1
        self._user_ref = order.user_ref_num + 1
        taken = accepted(order, self._reference, 1, _FIRM)
        cancelled = ouch50.OrderCanceled(
            timestamp=1, user_ref_num=order.user_ref_num, quantity=order.quantity, reason="I"
        )
        return taken.encode(), cancelled.encode()

    def _until(self, done: Callable[[], bool], seconds: float, failure: str | None) -> None:
        """Serve the link until `done`; after `seconds` raise HarnessError(failure), or go on where it is None."""
        deadline = self._clock() + seconds
        while not done():
            left = deadline - self._clock()
            if failure is not None and not self._alive() and not done():
                raise HarnessError(f"{failure}: the guest has ended")
            if left <= 0:
                if failure is not None:
                    raise HarnessError(f"{failure} within {seconds:g} s")
                return
            frame = self._link.wait(min(left, 0.5))
            if frame is not None:
                self._receive(frame)

    def _receive(self, frame: bytes) -> None:
        found = frames.parse(frame)
        if isinstance(found, frames.ArpRequest):
            if found.wanted == self._me.address:
                self._put(frames.arp_reply(found, self._me))
        elif isinstance(found, frames.Segment):
            if found.flags & frames.SYN:
                self._framer = soup.Framer()
            for packet in self._framer.feed(self._tcp.on_segment(found)):
                self._on_packet(packet)
            if not self._entered:  # an order's answer acknowledges it
                self._tcp.acknowledge()
            self._flush()

    def _on_packet(self, packet: soup.SoupPacket) -> None:
        if isinstance(packet, soup.LoginRequest):
            self._tcp.send(soup.LoginAccepted(_SESSION, 1).encode())
            self._ready = True
        elif isinstance(packet, soup.UnsequencedData):
            kind = packet.payload[:1]
            if kind == b"O":
                self._entered.append(packet.payload)
            elif kind == b"Q":
                answer = ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=self._user_ref)
                self._tcp.send(soup.SequencedData(answer.encode()).encode())
        elif isinstance(packet, soup.LogoutRequest):
            self._tcp.finish()

    def _packets(self, messages: list[bytes]) -> list[bytes]:
        packetizer = mold.Packetizer(_SESSION, self._sequence)
        packets = packetizer.add_all(messages)
        last = packetizer.flush()
        self._sequence = packetizer.next_sequence
        return [*packets, last] if last is not None else packets

    def _publish(self, packet: bytes, line: int) -> None:
        name = "AB"[line]
        group, port = str(job.JOB[f"GROUP_{name}"]), int(job.JOB[f"PORT_{name}"])
        self._put(frames.multicast(self._me, group, port, packet))

    def _flush(self) -> None:
        for segment in self._tcp.out:
            self._put(frames.tcp(self._me, self._guest, segment))
        self._tcp.out.clear()

    def _put(self, frame: bytes) -> None:
        try:
            self._link.put(frame)
        except LinkGoneError as error:
            if not self._ended:  # the last acknowledgement may find nobody
                raise HarnessError(str(error)) from error
