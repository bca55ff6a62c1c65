"""What may befall the office, as a table, and one of it at work beside a lockstep session."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.icount.office_network import ManagementNetwork
from benchmarks.icount.offices import Babbling, Collecting, Office, Silent, Stalled
from qemu import plan
from qemu.links import Rule, parse_link

LOSS = 0.05


@dataclass(frozen=True, slots=True)
class Case:
    """One row. `office`: what is at the other end, None: none is configured. `faults` are at work from the start;
    `strike` happens after a third of the ticks, `mend` after two, when the session waits until the office is reached
    again. `whole`: afterwards the office has everything."""

    name: str
    what: str
    office: Callable[[ManagementNetwork, Path], Office] | None = None
    faults: tuple[Rule, ...] = ()
    strike: Callable[["Play"], None] | None = None
    mend: Callable[["Play"], None] | None = None
    whole: bool = False


class Play:
    """A case at work on a session of `ticks` ticks; what the office keeps is in `folder`.

    `applied`: by kind, how often the network's faults have hit a frame, once it is over.
    """

    def __init__(self, case: Case, folder: Path, ticks: int) -> None:
        self.applied: dict[str, int] = {}
        self.network: ManagementNetwork | None = None
        self.office: Office | None = None
        self._case = case
        self._folder = folder
        self._first, self._second = ticks // 3, 2 * ticks // 3
        self._phase = 0
        self._before = 0

    @contextmanager
    def beside(self, sockets: Path) -> Iterator[None]:
        """The office and its network, for as long as the context lasts."""
        if self._case.office is None:
            yield
            return
        with ManagementNetwork(sockets, self._folder / "switch.log", self._case.faults) as network:
            self.network = network
            with closing(self._case.office(network, self._folder)) as office:
                self.office = office
                yield
        self.applied = dict(network.applied)

    def may(self, number: int) -> bool:
        """Whether the tick may come; before the first, and after a mending, only once the office is reached."""
        office = self.office
        if office is None:
            return True
        if number == 0:
            return office.reached() > 0
        if number == self._first and self._phase == 0 and self._case.strike is not None:
            self._case.strike(self)
            self._phase = 1
        if number == self._second and self._phase == 1 and self._case.mend is not None:
            self._before = office.reached()
            self._case.mend(self)
            self._phase = 2
        return self._phase != 2 or office.reached() > self._before


def _kill(play: Play) -> None:
    assert isinstance(play.office, Collecting)
    play.office.kill()


def _back(play: Play) -> None:
    assert isinstance(play.office, Collecting)
    play.office.back()


def _cut(play: Play) -> None:
    assert play.network is not None
    play.network.cut()


def _mend(play: Play) -> None:
    assert play.network is not None
    play.network.mend()


CASES = (
    Case("none", "no office is configured"),
    Case("collector", "the office acknowledges everything", Collecting, whole=True),
    Case("killed", "it is killed, and comes back", Collecting, strike=_kill, mend=_back, whole=True),
    Case("cut", "its network is cut, and mended", Collecting, strike=_cut, mend=_mend, whole=True),
    Case(
        "loss",
        f"{LOSS:.0%} of all frames of its network are lost",
        Collecting,
        faults=tuple(parse_link(f"{plan.SERVER}:both:loss={LOSS}")),
        whole=True,
    ),
    Case("silent", "it accepts, and neither reads nor says a word", Silent),
    Case("stalled", "it accepts, asks for everything and reads none of it", Stalled),
    Case("babbling", "it sends nonsense as fast as it can", Babbling),
)
BASE = CASES[0]
