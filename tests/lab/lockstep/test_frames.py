"""The harness's frames are the ones of the specifications: another implementation reads them and finds no fault."""

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from lab.lockstep import frames, job

ME = frames.Host.parse(job.EXCHANGE_MAC, "10.20.0.1")
GUEST = frames.Host.parse(job.GUEST_MAC, "10.20.0.10")


@pytest.mark.parametrize("payload", [b"", b"odd", b"even"])
def test_a_datagram_to_a_group_has_the_group_s_mac_and_right_checksums(payload: bytes) -> None:
    packet = Ether(frames.multicast(ME, "239.148.0.1", 26401, payload))
    assert packet.dst == "01:00:5e:14:00:01"  # 23 bits of the address
    found = bytes(packet[UDP].payload)[: packet[UDP].len - 8]
    assert (packet[IP].dst, packet[UDP].dport, found) == ("239.148.0.1", 26401, payload)
    sent = (packet[IP].chksum, packet[UDP].chksum)
    del packet[IP].chksum, packet[UDP].chksum
    again = Ether(bytes(packet))
    assert (again[IP].chksum, again[UDP].chksum) == sent


def test_a_segment_is_read_back_as_it_was_written() -> None:
    segment = frames.Segment(24000, 40000, 7, 9, frames.PSH | frames.ACK, b"abc")
    frame = frames.tcp(ME, GUEST, segment)
    assert frames.parse(frame) == segment
    assert Ether(frame)[TCP].options == []


def test_a_syn_carries_the_mss() -> None:
    frame = frames.tcp(ME, GUEST, frames.Segment(24000, 40000, 7, 9, frames.SYN | frames.ACK))
    assert Ether(frame)[TCP].options == [("MSS", 1460)]


def test_a_wrong_checksum_is_an_error_that_shows_the_frame() -> None:
    frame = bytearray(frames.tcp(ME, GUEST, frames.Segment(1, 2, 3, 4, frames.ACK, b"abcd")))
    frame[57] ^= 1
    with pytest.raises(ValueError, match=r"TCP checksum of frame [0-9a-f]+ is wrong"):
        frames.parse(bytes(frame))


def test_an_arp_request_gets_its_answer() -> None:
    asked = bytes(Ether(src=job.GUEST_MAC) / ARP(hwsrc=job.GUEST_MAC, psrc="10.20.0.10", pdst="10.20.0.1"))
    found = frames.parse(asked)
    assert isinstance(found, frames.ArpRequest)
    answer = Ether(frames.arp_reply(found, ME))[ARP]
    assert (answer.op, answer.hwsrc, answer.psrc, answer.pdst) == (2, job.EXCHANGE_MAC, "10.20.0.1", "10.20.0.10")


@pytest.mark.parametrize(
    "frame", [b"", b"\0" * 60, bytes.fromhex("01005e000016") + b"\0" * 6 + b"\x86\xdd" + b"\0" * 50]
)
def test_what_the_harness_does_not_answer_is_nothing(frame: bytes) -> None:
    assert frames.parse(frame) is None


def test_a_request_of_ours_is_to_everybody_and_its_answer_is_read() -> None:
    asked = Ether(frames.arp_request(ME, bytes((10, 20, 0, 10))))
    assert (asked.dst, asked[ARP].op, asked[ARP].pdst) == ("ff:ff:ff:ff:ff:ff", 1, "10.20.0.10")
    answer = Ether(src=job.GUEST_MAC) / ARP(op=2, hwsrc=job.GUEST_MAC, psrc="10.20.0.10")
    found = frames.parse(bytes(answer))
    assert found == frames.ArpReply(bytes.fromhex(job.GUEST_MAC.replace(":", "")), bytes((10, 20, 0, 10)))
