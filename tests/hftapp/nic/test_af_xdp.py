"""The AF_XDP port on a veth pair in a network namespace of its own; needs root, as every XDP program does.

Run as a program (`python test_af_xdp.py SCENARIO`) this file is the inside of the namespace, as in test_af_packet.
"""

import errno
import os
import select
import socket
import subprocess
import sys
import time

import pytest
from pyroute2 import IPRoute

from hftapp.nic import bpf
from hftapp.nic.af_packet import AfPacketPort
from hftapp.nic.af_xdp import AfXdpPort
from hftapp.nic.port import BURST, PortError
from hftapp.nic.xsk_socket import AF_XDP, RX_FRAMES, TX_FRAMES
from tests.hftapp.nic.frames import burst, transmit
from tests.hftapp.nic.test_af_packet import FAR, NEAR, ROOT, experiment, is_experiment
from tests.hftapp.own_namespace import enter_namespace

SCENARIOS = (
    "frames",
    "without_busy_polling",
    "more_than_a_burst",
    "rings_wrap",
    "overflow_is_counted",
    "vlan_tag_stays",
    "own_and_foreign_addresses",
    "many_queues_become_one",
    "a_driver_without_xdp",
    "all_chunks_on_their_way",
    "link_down",
    "too_large_mtu",
    "a_second_program",
    "a_bad_program_is_explained",
    "an_end_takes_the_program_off",
)


def refusal() -> str:
    """Why this machine cannot run these tests; empty when it can."""
    if os.getuid() != 0:
        return "XDP programs need root"
    try:
        socket.socket(AF_XDP, socket.SOCK_RAW, 0).close()
        os.close(bpf.create_map(1))
    except OSError as error:
        return f"this kernel has no AF_XDP: {error}"
    return ""


@pytest.mark.skipif(refusal() != "", reason=refusal())
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_a_namespace(scenario: str) -> None:
    program = subprocess.run(
        [sys.executable, "-W", "error", __file__, scenario],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert program.returncode == 0, f"{scenario} failed:\n{program.stdout}{program.stderr}"


def test_without_privileges_the_remedy_is_named() -> None:
    """In a child that has given up what it may: the kernel then refuses to make a map (bpf(2), EPERM)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65_534)
                os.setuid(65_534)
            bpf.create_map(1)
        except PortError as error:
            os.write(writer, str(error).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert "root" in text


def test_the_program_is_six_instructions() -> None:
    assert bpf.program(7) == bytes.fromhex(
        "6112100000000000"  # r2 = *(u32 *)(r1 + 16)
        "1811000007000000"  # r1 = map 7
        "0000000000000000"
        "b703000002000000"  # r3 = XDP_PASS
        "8500000033000000"  # call bpf_redirect_map
        "9500000000000000"  # exit
    )


def prepare() -> None:
    enter_namespace()
    with IPRoute() as route:
        peer = {"ifname": "near", "address": NEAR.hex(":")}
        route.link("add", ifname="far", kind="veth", address=FAR.hex(":"), peer=peer, num_rx_queues=1, num_tx_queues=1)
        route.link("set", index=route.link_lookup(ifname="far")[0], state="up")


def receive(port: AfXdpPort | AfPacketPort, count: int) -> list[bytes]:
    """`count` frames of the experiments' type; at most five seconds, polling as a trader does."""
    frames: list[bytes] = []
    end = time.monotonic() + 5
    while len(frames) < count and time.monotonic() < end:
        frames += [frame for frame in burst(port) if is_experiment(frame)]
    assert len(frames) == count, frames
    return frames


def both(*, busy_poll: bool = True) -> tuple[AfXdpPort, AfPacketPort]:
    return AfXdpPort("near", busy_poll=busy_poll), AfPacketPort("far")


def frames() -> None:
    near, far = both()
    assert (near.mac, near.name, near.mode, near.busy_poll) == (NEAR, "near", "copy", True)
    transmit(far, [experiment(1), experiment(2)])
    assert receive(near, 2) == [experiment(1), experiment(2)]
    back = [FAR + NEAR + experiment(number)[12:] for number in (3, 4)]
    assert transmit(near, back) == 2
    assert receive(far, 2) == back
    assert near.stats().tx_frames == 2
    assert near.stats().tx_bytes == 120
    assert near.stats().rx_frames >= 2
    near.close()
    near.close()
    assert near.rx_burst() == 0
    assert transmit(near, back) == 0


def without_busy_polling() -> None:
    near, far = both(busy_poll=False)
    assert not near.busy_poll
    transmit(far, [experiment(1)])
    assert select.select([near], [], [], 5)[0]
    assert receive(near, 1) == [experiment(1)]


def more_than_a_burst() -> None:
    near, far = both(busy_poll=False)
    transmit(far, [experiment(number) for number in range(BURST + 5)])
    assert select.select([near], [], [], 5)[0]
    assert near.rx_burst() <= BURST


def rings_wrap() -> None:
    near, far = both()
    for start in range(0, 2 * RX_FRAMES, 32):
        sent = [experiment(number) for number in range(start, start + 32)]
        transmit(far, sent)
        assert receive(near, 32) == sent
    for start in range(0, 3 * TX_FRAMES, 32):
        sent = [experiment(number, FAR) for number in range(start, start + 32)]
        assert transmit(near, sent) == 32
        assert receive(far, 32) == sent
    assert near.stats().rx_dropped == 0


def overflow_is_counted() -> None:
    near, far = both(busy_poll=False)
    for start in range(0, RX_FRAMES + 320, 32):
        transmit(far, [experiment(number) for number in range(start, start + 32)])
    received, end = 0, time.monotonic() + 5
    while received + near.stats().rx_dropped < RX_FRAMES + 320 and time.monotonic() < end:
        received += near.rx_burst()
    assert near.stats().rx_dropped >= 320
    assert received + near.stats().rx_dropped >= RX_FRAMES + 320
    assert near.stats().rx_dropped == near.stats().rx_dropped


def vlan_tag_stays() -> None:
    near, far = both()
    tagged = NEAR + FAR + b"\x81\x00\x60\x07" + experiment(1)[12:14] + bytes(46)
    transmit(far, [tagged])
    assert receive(near, 1) == [tagged]


def own_and_foreign_addresses() -> None:
    near, far = both()
    sent = [experiment(1), experiment(2, bytes.fromhex("01005e140001")), experiment(3, b"\xff" * 6)]
    transmit(far, sent)
    assert receive(near, 3) == sent


def wide_pair(peer_queues: int) -> tuple[AfXdpPort, AfPacketPort]:
    with IPRoute() as route:
        peer = {"ifname": "wide", "num_rx_queues": 4, "num_tx_queues": 4}
        queues = {"num_rx_queues": 4, "num_tx_queues": peer_queues}
        route.link("add", ifname="other", kind="veth", peer=peer, **queues)
        route.link("set", index=route.link_lookup(ifname="other")[0], state="up")
    return AfXdpPort("wide"), AfPacketPort("other")


def many_queues_become_one() -> None:
    wide, other = wide_pair(1)
    assert wide.mode == "copy"
    sent = [experiment(number) for number in range(20)]
    transmit(other, sent)
    assert receive(wide, 20) == sent


def a_driver_without_xdp() -> None:
    """A veth takes no program when its peer sends on more queues than it receives on."""
    wide, other = wide_pair(4)
    assert wide.mode == "generic copy"
    transmit(other, [experiment(1)])
    assert receive(wide, 1) == [experiment(1)]
    transmit(wide, [experiment(2)])
    assert receive(other, 1) == [experiment(2)]


def all_chunks_on_their_way() -> None:
    near, far = both()
    for number in range(TX_FRAMES - 1):
        near.room()[:60] = experiment(number, FAR)
        assert near.send(60)
    assert not near.send(60), "the last chunk is the room"
    assert near.stats().tx_dropped == 1
    near.flush()
    assert receive(far, TX_FRAMES - 1) == [experiment(number, FAR) for number in range(TX_FRAMES - 1)]
    assert near.send(60), "what has left is free again"


def link_down() -> None:
    near, far = both()
    with IPRoute() as route:
        index = route.link_lookup(ifname="near")[0]
        route.link("set", index=index, state="down")
        transmit(near, [experiment(1, FAR)])
        assert near.rx_burst() == 0
        route.link("set", index=index, state="up")
    transmit(near, [experiment(2, FAR)])
    assert receive(far, 2) == [experiment(1, FAR), experiment(2, FAR)], "what waited in the ring leaves first"


def too_large_mtu() -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname="near")[0], mtu=9000)
    expect("near has an MTU of 9000: AF_XDP needs 3758 or less; lower it", lambda: AfXdpPort("near"))


def a_second_program() -> None:
    near, _ = both()
    expect("cannot use AF_XDP on near: ", lambda: AfXdpPort("near"))
    near.close()
    AfXdpPort("near").close()


def a_bad_program_is_explained() -> None:
    expect("R0 !read_ok", lambda: bpf.load(bytes.fromhex("9500000000000000")))


def an_end_takes_the_program_off() -> None:
    """A trader that is killed must not leave the interface deaf."""
    child = os.fork()
    if child == 0:
        AfXdpPort("near")
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    with IPRoute() as route:
        attached = route.get_links(route.link_lookup(ifname="near")[0])[0].get_nested("IFLA_XDP", "IFLA_XDP_ATTACHED")
    assert not attached, attached


def expect(words: str, action) -> None:  # type: ignore[no-untyped-def]
    try:
        action()
    except PortError as error:
        assert words in str(error), error
        assert error.errno != errno.EFAULT
    else:
        raise AssertionError(f"no error: {words}")


if __name__ == "__main__":
    prepare()
    globals()[sys.argv[1]]()
