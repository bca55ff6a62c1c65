"""Work that the kernel leaves to a card, done to a frame in place: the checksum, the VLAN tag."""

import cython

if not cython.compiled:
    from hftapp.nic.area import move
    from hftapp.octets import be16, put16


def fill_checksum(area: memoryview, at: int, length: int) -> bool:
    """Compute the UDP or TCP checksum of a frame without VLAN tag (RFC 768, RFC 9293 §3.1); False: it has none."""
    if length < 34 or be16(area, at + 12) != 0x0800:
        return False
    start = at + 14 + (area[at + 14] & 0x0F) * 4
    end = at + min(14 + be16(area, at + 16), length)
    if area[at + 23] == 6:
        place = start + 16
    elif area[at + 23] == 17:
        place = start + 6
    else:
        return False
    if place + 2 > end:
        return False
    put16(area, place, 0)
    total = area[at + 23] + end - start  # the pseudo-header: protocol, length, the two addresses
    for i in range(at + 26, at + 34, 2):
        total += be16(area, i)
    for i in range(start, end - 1, 2):
        total += be16(area, i)
    if (end - start) & 1:
        total += area[end - 1] << 8
    total = (total & 0xFFFF) + (total >> 16)
    total = 0xFFFF - ((total & 0xFFFF) + (total >> 16))
    put16(area, place, total if total != 0 else 0xFFFF)
    return True


def insert_tag(area: memoryview, at: int, tag_type: int, tag: int) -> bool:
    """Put a VLAN tag (IEEE 802.1Q, 9.3) behind the addresses; the frame then begins 4 bytes before `at`."""
    move(area, at - 4, at, 12)
    put16(area, at + 8, tag_type)
    put16(area, at + 10, tag)
    return True
