"""Says in plain data what one captured packet is: UDP with MoldUDP64 and ITCH, TCP with SoupBinTCP, or neither."""

from ipaddress import IPv4Address
from typing import Any

from protocols import mold
from protocols.errors import ProtocolError
from protocols.frames import udp_datagram
from protocols.itch_files import describe as describe_itch
from protocols.tcp_capture import tcp_segment

_FLAGS = {1: "FIN", 2: "SYN", 4: "RST", 8: "PSH", 16: "ACK"}


def describe(link: int, frame: bytes) -> dict[str, Any]:
    """Describe a packet. Keys `protocol`, `from`, `to`, and what the protocol has."""
    datagram = udp_datagram(frame, link)
    if datagram is not None:
        ends = {
            "from": f"{datagram.source}:{datagram.source_port}",
            "to": f"{datagram.destination}:{datagram.destination_port}",
        }
        return {"protocol": "udp", **ends, **_mold(datagram.payload)}
    segment = tcp_segment(frame, link)
    if segment is not None:
        return {
            "protocol": "tcp",
            "from": f"{IPv4Address(segment.source)}:{segment.source_port}",
            "to": f"{IPv4Address(segment.destination)}:{segment.destination_port}",
            "sequence": segment.sequence,
            "acknowledgement": segment.acknowledgement,
            "flags": [name for bit, name in _FLAGS.items() if segment.flags & bit],
            "payload": segment.payload.hex(),
        }
    return {"protocol": "other", "ethertype": frame[12:14].hex() if link == 1 else ""}


def _mold(payload: bytes) -> dict[str, Any]:
    try:
        packet = mold.decode(payload)
    except ProtocolError:
        return {"payload": payload.hex()}
    facts = {"session": packet.session, "sequence": packet.sequence}
    if isinstance(packet, mold.Packet):
        messages = [{"sequence": packet.sequence + n, **describe_itch(raw)} for n, raw in enumerate(packet.messages)]
        return {**facts, "messages": messages}
    return {**facts, "name": "heartbeat" if isinstance(packet, mold.Heartbeat) else "end of session"}
