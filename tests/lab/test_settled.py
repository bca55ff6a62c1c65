"""A tick comes only when the guest has answered for everything before it."""

from pathlib import Path

import pytest

from lab.lockstep import frames, job
from lab.lockstep.exchange import HarnessError
from lab.lockstep.link import SocketLink
from lab.settled import Settled
from tests.lab.lockstep.guest_double import LockstepGuest

GUEST = frames.Host.parse(job.GUEST_MAC, str(job.JOB["GUEST_ADDRESS"]))


class AnsweringLink:
    """A link whose guest answers ARP; counts the requests, and how many frames went out before each."""

    def __init__(self, inner: SocketLink, answers: bool) -> None:
        self.asked = 0
        self._inner = inner
        self._answers = answers
        self._waiting: list[bytes] = []

    def put(self, frame: bytes) -> None:
        found = frames.parse(frame)
        if not isinstance(found, frames.ArpRequest):
            self._inner.put(frame)
            return
        self.asked += 1
        if self._answers:
            self._waiting.append(frames.arp_reply(found, GUEST))

    def wait(self, seconds: float) -> bytes | None:
        return self._waiting.pop() if self._waiting else self._inner.wait(seconds)

    def close(self) -> None:
        self._inner.close()


def run(folder: Path, answers: bool) -> tuple[int, AnsweringLink]:
    here, there = folder / "exchange", folder / "guest"
    link = AnsweringLink(SocketLink(here, there), answers)
    alive: list[LockstepGuest] = []
    exchange = Settled(link, lambda: not alive or alive[0].is_alive())
    guest = LockstepGuest(there, here)
    alive.append(guest)
    guest.start()
    try:
        return exchange.run(12, 5, lambda _: None), link
    finally:
        exchange.close()


def test_every_tick_is_followed_by_a_question(tmp_path: Path) -> None:
    right, link = run(tmp_path, answers=True)
    assert right == link.asked == 12


def test_a_guest_that_does_not_answer_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.settled._ANSWER_SECONDS", 0.2)
    with pytest.raises(HarnessError, match=r"no answer to ARP after order 1 within 0\.2 s"):
        run(tmp_path, answers=False)
