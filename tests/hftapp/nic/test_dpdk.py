"""The DPDK port's own logic, interpreted, on a card made of lists; the real DPDK runs in the image (tests/e2e)."""

import os
from collections import deque
from pathlib import Path

import pytest

from hftapp import libc, vfio
from hftapp.nic import dpdk, rte
from hftapp.nic.dpdk import DpdkPort, DpdkSettings, eal_arguments
from hftapp.nic.pci import PciDevice
from hftapp.nic.port import BURST, ROOM, PortError, PortStats

CARD = "0000:00:02.0"
MAC = bytes.fromhex("525400200010")


class Mbuf:
    """A packet buffer."""

    def __init__(self) -> None:
        self.data = bytearray(2048)
        self.length = 0
        self.segments = 1


class FakeCard:
    """DPDK with one card: `arrived` waits to be received, `sent` has left; every buffer is accounted for."""

    def __init__(self) -> None:
        self.driver = "net_virtio"
        self.arrived: deque[Mbuf] = deque()
        self.sent: list[bytes] = []
        self.sending: list[Mbuf] = []
        self.send_ring = 1 << 16
        self.taken = 0
        self.pool_size = 1 << 16
        self.given_back = 0
        self.calls: list[str] = []
        self.nodes: list[int] = []
        self.results: dict[str, int] = {}
        self.collects = -95

    def create_pool(self, name: bytes, count: int, node: int) -> int:
        self.nodes.append(node)
        return self.results.get("create_pool", 1)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in (
            *("initialise", "configure", "set_up_rx", "set_up_tx", "start", "receive_all", "receive_multicast"),
            *("stop", "finish", "free_pool"),
        ):
            monkeypatch.setattr(dpdk, name, lambda *given, name=name: self.call(name, *given))
        monkeypatch.setattr(dpdk, "find_port", lambda device: self.results.get("find_port", 0))
        monkeypatch.setattr(dpdk, "adjust", lambda number, rx, tx: rx << 16 | tx)
        monkeypatch.setattr(dpdk, "create_pool", self.create_pool)
        monkeypatch.setattr(dpdk, "wait_for_link", lambda number: self.results.get("wait_for_link", 1))
        monkeypatch.setattr(dpdk, "last_error", lambda: 12)
        monkeypatch.setattr(dpdk, "error_text", lambda code: os.strerror(abs(code)))
        monkeypatch.setattr(dpdk, "driver_name", lambda number: self.driver)
        monkeypatch.setattr(dpdk, "mac_of", lambda number: MAC)
        monkeypatch.setattr(dpdk, "read_stats", lambda number: (7, 5, 700, 500, 2, 1))
        for name in ("receive_burst", "transmit_burst", "take", "give_back", "give_back_chain", "collect_sent"):
            monkeypatch.setattr(dpdk, name, getattr(self, name))
        monkeypatch.setattr(dpdk, "segments", lambda mbuf: mbuf.segments)
        monkeypatch.setattr(dpdk, "octets", lambda mbuf: memoryview(mbuf.data))
        monkeypatch.setattr(dpdk, "length_of", lambda mbuf: mbuf.length)
        monkeypatch.setattr(dpdk, "set_length", lambda mbuf, length: setattr(mbuf, "length", length))
        monkeypatch.setattr(dpdk, "_started", [])
        monkeypatch.setattr(vfio, "bind", self.bind)
        monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cpus: self.calls.append(f"affinity {cpus}"))

    def bind(self, device: str, *, noiommu: bool) -> vfio.Binding:
        self.calls.append(f"bind {device}")
        return vfio.Binding(device, "pa" if noiommu else "va", "", Path("/nowhere"))

    def call(self, name: str, *given: object) -> int:
        self.calls.append(name)
        if name in ("set_up_rx", "set_up_tx", "initialise"):
            self.calls.append(f"{name} {given}")
        return self.results.get(name, 0)

    def arrive(self, data: bytes, segments: int = 1) -> None:
        mbuf = Mbuf()
        mbuf.data[: len(data)] = data
        mbuf.length, mbuf.segments = len(data), segments
        self.arrived.append(mbuf)

    def receive_burst(self, number: int, mbufs: list[object], count: int) -> int:
        got = min(count, len(self.arrived))
        for i in range(got):
            mbufs[i] = self.arrived.popleft()
        return got

    def transmit_burst(self, number: int, mbufs: list[Mbuf], first: int, count: int) -> int:
        fits = min(count, self.send_ring)
        for mbuf in mbufs[first : first + fits]:
            self.sent.append(bytes(mbuf.data[: mbuf.length]))
            self.sending.append(mbuf)
        self.calls.append(f"doorbell {fits}")
        return fits

    def take(self, pool: object) -> Mbuf | None:
        self.taken += 1
        return Mbuf() if self.taken <= self.pool_size else None

    def give_back(self, mbuf: Mbuf) -> None:
        assert mbuf.segments == 1
        self.given_back += 1

    def give_back_chain(self, mbuf: Mbuf) -> None:
        self.given_back += mbuf.segments

    def collect_sent(self, number: int) -> int:
        self.calls.append("collect")
        return self.collects


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> FakeCard:
    made = FakeCard()
    made.install(monkeypatch)
    return made


def opened(**settings: object) -> DpdkPort:
    return DpdkPort(CARD, DpdkSettings(cpu=1, housekeeping=(0,), **settings))  # type: ignore[arg-type]


def put(port: DpdkPort, data: bytes) -> bool:
    port.room()[: len(data)] = data
    return port.send(len(data))


def test_the_card_is_bound_before_dpdk_starts_and_on_the_housekeeping_cpus(card: FakeCard) -> None:
    port = opened()
    assert card.calls[:3] == [f"bind {CARD}", "affinity (0,)", "initialise"]
    assert (port.mac, port.driver, port.device) == (MAC, "net_virtio", CARD)
    assert "receive_multicast" in card.calls
    assert "receive_all" not in card.calls


def test_the_arguments_of_eal() -> None:
    given = eal_arguments(CARD, "va", DpdkSettings(cpu=3))
    assert given[0] == "hftos"
    assert {"--in-memory", "--no-telemetry", "--iova-mode=va"} <= set(given)
    assert given[given.index("--lcores") + 1] == "0@3"
    assert given[given.index("-a") + 1] == CARD


def test_a_virtio_card_is_asked_for_its_short_receive_path(card: FakeCard, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [PciDevice("0000:00:01.0", "8086:10d3", ""), PciDevice(CARD, "1af4:1041", "vfio-pci")]
    monkeypatch.setattr(dpdk, "network_devices", lambda: cards)
    opened()
    (given,) = (call for call in card.calls if call.startswith("initialise ("))
    assert f"b'-a', b'{CARD},vectorized=1'" in given


def test_other_cards_get_no_options(card: FakeCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpdk, "network_devices", lambda: [PciDevice(CARD, "8086:10d3", "vfio-pci")])
    opened()
    (given,) = (call for call in card.calls if call.startswith("initialise ("))
    assert f"b'-a', b'{CARD}'" in given


@pytest.mark.parametrize(("preferred", "node"), [(None, -1), (1, 1), (OSError(38, "Function not implemented"), -1)])
def test_rings_and_buffers_are_from_the_node_that_memory_is_preferred_of(
    preferred: int | OSError | None, node: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def policy() -> int | None:
        if isinstance(preferred, OSError):
            raise preferred
        return preferred

    monkeypatch.setattr(libc, "preferred_memory", policy)
    fake = FakeCard()
    fake.install(monkeypatch)
    DpdkPort("0000:00:03.0", DpdkSettings(cpu=3))
    assert fake.nodes == [node, node]
    rings = [call.split()[3].strip(",)") for call in fake.calls if call.startswith(("set_up_rx (", "set_up_tx ("))]
    assert rings == [str(node), str(node)]


def test_without_a_cpu_it_stays_where_it_may_run() -> None:
    given = eal_arguments(CARD, "pa", DpdkSettings())
    assert given[given.index("--lcores") + 1] == f"0@{min(os.sched_getaffinity(0))}"


def test_frames_are_received_in_place_and_given_back_at_the_next_burst(card: FakeCard) -> None:
    port = opened()
    card.arrive(b"one")
    card.arrive(b"two..")
    assert port.rx_burst() == 2
    assert [bytes(port.frame(i)[: port.length(i)]) for i in range(2)] == [b"one", b"two.."]
    assert card.given_back == 0
    assert port.rx_burst() == 0
    assert card.given_back == 2
    assert port.rx_burst() == 0
    assert card.given_back == 2


def test_a_burst_has_at_most_so_many_frames(card: FakeCard) -> None:
    port = opened()
    for _ in range(BURST + 3):
        card.arrive(b"x")
    assert (port.rx_burst(), port.rx_burst(), port.rx_burst()) == (BURST, 3, 0)
    assert card.given_back == BURST + 3


def test_a_frame_in_several_buffers_is_refused_and_counted(card: FakeCard) -> None:
    port = opened()
    for data, segments in ((b"a", 1), (b"jumbo", 3), (b"b", 1)):
        card.arrive(data, segments)
    assert port.rx_burst() == 2
    assert [bytes(port.frame(i)[: port.length(i)]) for i in range(2)] == [b"a", b"b"]
    assert card.given_back == 3
    assert port.stats() == PortStats(6, 5, 700, 500, 3, 1)


def test_what_is_queued_goes_with_one_doorbell(card: FakeCard) -> None:
    port = opened()
    assert len(port.room()) >= ROOM
    assert put(port, b"first") and put(port, b"second")
    assert card.sent == []
    port.flush()
    port.flush()
    assert card.sent == [b"first", b"second"]
    assert [call for call in card.calls if call.startswith("doorbell")] == ["doorbell 2"]


def test_new_buffers_are_taken_when_the_next_burst_is_asked_for_not_after_the_doorbell(card: FakeCard) -> None:
    port = opened()
    before = card.taken
    put(port, b"order")
    port.flush()
    put(port, b"another")
    port.flush()
    assert card.taken == before
    port.rx_burst()
    assert card.taken == before + 2


def test_frames_under_construction_survive_a_burst(card: FakeCard) -> None:
    port = opened()
    put(port, b"sent")
    port.flush()
    put(port, b"kept")
    port.rx_burst()
    port.flush()
    assert card.sent == [b"sent", b"kept"]


def test_a_frame_that_is_half_built_survives_a_burst(card: FakeCard) -> None:
    port = opened()
    for number in range(2 * BURST):
        port.room()[:4] = b"half"
        if number % 3 == 0:
            port.rx_burst()
        port.room()[4:8] = number.to_bytes(4, "big")
        assert port.launch(8)
    assert card.sent == [b"half" + number.to_bytes(4, "big") for number in range(2 * BURST)]
    assert len(set(map(id, card.sending))) == 2 * BURST, "a buffer under way is not built in"


def test_an_order_leaves_at_once_with_what_was_queued(card: FakeCard) -> None:
    port = opened()
    put(port, b"queued")
    port.room()[:5] = b"order"
    assert port.launch(5)
    assert card.sent == [b"queued", b"order"]
    assert [call for call in card.calls if call.startswith("doorbell")] == ["doorbell 2"]
    card.send_ring = 0
    assert not port.launch(5)
    assert (card.given_back, port.stats().tx_dropped) == (1, 2)  # the card's own one and this


def test_there_is_always_room_for_another_frame(card: FakeCard) -> None:
    port = opened()
    wanted = [i.to_bytes(2, "big") for i in range(3 * BURST + 1)]
    for data in wanted:
        assert put(port, data)
    port.flush()
    assert card.sent == wanted
    assert len(set(map(id, card.sending))) == len(wanted), "a buffer under way is not built in"


def test_what_the_ring_has_no_room_for_is_dropped_and_counted(card: FakeCard) -> None:
    port = opened()
    card.send_ring = 1
    put(port, b"fits")
    put(port, b"dropped")
    port.flush()
    assert card.sent == [b"fits"]
    assert card.given_back == 1
    assert port.stats().tx_dropped == 2  # the card's own one and this


def test_sent_buffers_are_collected_while_nothing_is_to_do(card: FakeCard) -> None:
    card.collects = 1
    port = opened()
    for _ in range(2):
        put(port, b"x")
        port.flush()
        port.rx_burst()
    assert card.calls.count("collect") == 2


def test_a_driver_that_collects_while_sending_is_asked_once_and_told_to_do_it_often(card: FakeCard) -> None:
    port = opened(tx_descriptors=256)
    for _ in range(3):
        put(port, b"x")
        port.flush()
        port.rx_burst()
    assert card.calls.count("collect") == 1
    assert "set_up_tx (0, 256, -1, 252)" in card.calls
    card.driver = "net_ice"
    port.close()
    dpdk._started.clear()
    opened()
    assert "set_up_tx (0, 256, -1, 0)" in card.calls


def test_a_dry_pool_is_an_error_that_says_why(card: FakeCard) -> None:
    port = opened()
    card.pool_size = card.taken
    put(port, b"x")
    port.flush()
    with pytest.raises(PortError, match="the send pool ran dry"):
        port.rx_burst()


@pytest.mark.parametrize(
    ("what", "result", "message"),
    [
        ("initialise", 13, r"DPDK does not start with hftos --in-memory .*Permission denied; it needs huge pages"),
        ("find_port", -19, r"no driver of this image takes the card \(No such device\); its PMD must be"),
        ("configure", -22, r"\(net_virtio\) cannot be configured: Invalid argument"),
        ("create_pool", 0, r"no memory for 1408 packet buffers \(Cannot allocate memory\)"),
        ("set_up_rx", -22, r"takes no receive ring of 1024 frames"),
        ("set_up_tx", -22, r"takes no send ring of 256 frames"),
        ("start", -5, r"does not start: Input/output error"),
        ("receive_multicast", -95, r"cannot receive all multicasts"),
        ("wait_for_link", 0, r"has no link: is the cable plugged in\?"),
    ],
)
def test_each_failure_names_the_device_and_the_remedy(
    card: FakeCard, monkeypatch: pytest.MonkeyPatch, what: str, result: int, message: str
) -> None:
    released: list[str] = []
    monkeypatch.setattr(vfio.Binding, "release", lambda binding: released.append(binding.device))
    card.results[what] = result
    with pytest.raises(PortError, match=rf"{CARD}.*{message}"):
        opened()
    assert released == [CARD]


def test_promiscuous_receives_what_is_for_others(card: FakeCard) -> None:
    opened(promiscuous=True)
    assert "receive_all" in card.calls


def test_one_card_a_process(card: FakeCard) -> None:
    opened()
    with pytest.raises(PortError, match=f"DPDK already serves {CARD}"):
        DpdkPort("0000:00:03.0", DpdkSettings())


def test_closing_gives_the_card_back_once(card: FakeCard, monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[str] = []
    monkeypatch.setattr(vfio.Binding, "release", lambda binding: released.append(binding.device))
    port = opened()
    port.close()
    port.close()
    assert [call for call in card.calls if call in ("stop", "finish")] == ["stop", "finish"]
    assert released == [CARD]


def test_outside_the_image_it_says_that_dpdk_is_not_here() -> None:
    with pytest.raises(PortError, match='there is no DPDK here: the port "dpdk" is compiled into the image only'):
        rte.initialise([b"hftos"])


def test_no_order_waits_for_buffers_of_the_next_ones(card: FakeCard) -> None:
    """The store is filled when the next room is asked for, not between an order and its return."""
    port = opened()
    for number in range(3 * BURST):
        port.room()[:4] = number.to_bytes(4, "big")
        taken = card.taken
        assert port.launch(4)
        assert card.taken == taken
    assert card.sent == [number.to_bytes(4, "big") for number in range(3 * BURST)]
