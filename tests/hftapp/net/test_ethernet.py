from hftapp.net import ethernet

A, B = bytes.fromhex("525400200010"), bytes.fromhex("020000000001")


def test_plain_header() -> None:
    assert ethernet.header(A, B, ethernet.IPV4) == A + B + b"\x08\x00"


def test_tag_is_written_read_and_stripped() -> None:
    frame = ethernet.header(A, B, ethernet.ARP, 4094) + b"rest"
    assert frame == A + B + b"\x81\x00\x0f\xfe\x08\x06rest"
    assert ethernet.tag_vlan(frame) == 4094
    assert ethernet.strip_tag(frame) == ethernet.header(A, B, ethernet.ARP) + b"rest"


def test_group_addresses_lose_their_high_bits() -> None:
    """RFC 1112 §6.4: 32 groups share an Ethernet address."""
    assert ethernet.multicast_mac(0xEF140001) == bytes.fromhex("01005e140001")
    assert ethernet.multicast_mac(0xE0940001) == bytes.fromhex("01005e140001")
