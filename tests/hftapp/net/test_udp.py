import pytest
from scapy.layers.inet import IP, UDP

from hftapp.net import checksum, udp

PSEUDO = checksum.pseudo_header_sum(0x0A140001, 0xEF140001, 17)
GOLDEN = bytes.fromhex("1f90 6721 000f 0000") + b"odd one"


def test_golden_bytes_with_scapys_checksum() -> None:
    theirs = bytes(IP(src="10.20.0.1", dst="239.20.0.1") / UDP(sport=8080, dport=26401) / b"odd one")[20:]
    assert theirs[:6] + b"\0\0" + theirs[8:] == GOLDEN
    header = udp.decode(theirs, 0, len(theirs))
    assert header is not None
    assert header[:3] == (8080, 26401, 15)
    assert udp.checksum_ok(theirs, 0, header, PSEUDO)
    wrong = theirs[:-1] + b"E"
    assert not udp.checksum_ok(wrong, 0, header, PSEUDO)


def test_zero_means_no_checksum() -> None:
    header = udp.decode(GOLDEN, 0, len(GOLDEN))
    assert header is not None
    assert udp.checksum_ok(GOLDEN, 0, header, PSEUDO)


@pytest.mark.parametrize("length", [0, 7, 16, 0xFFFF])
def test_impossible_lengths(length: int) -> None:
    raw = GOLDEN[:4] + length.to_bytes(2, "big") + GOLDEN[6:]
    assert udp.decode(raw, 0, len(raw)) is None


def test_cut_header() -> None:
    assert udp.decode(GOLDEN, 0, 7) is None
