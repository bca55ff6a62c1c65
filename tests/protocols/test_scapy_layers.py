"""Scapy's layers and the codecs: two readings of one table that must agree byte for byte."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.packet import Packet

from protocols import itch50, mold, ouch50, scapy_layers, soup
from protocols.fields import Alpha
from protocols.ouch50_options import OPTIONS
from protocols.scapy_layers import ITCH, OUCH_INBOUND, OUCH_OUTBOUND, MoldBlock, MoldUDP64, OuchOption, SoupBinTCP
from protocols.wire import Message

MessageStrategy = Callable[[type[Message]], st.SearchStrategy[Any]]
LAYERS: list[tuple[type[Message], Any]] = [
    *((itch50.MESSAGES[code], layer) for code, layer in ITCH.items()),
    *((ouch50.INBOUND[code], layer) for code, layer in OUCH_INBOUND.items()),
    *((ouch50.OUTBOUND[code], layer) for code, layer in OUCH_OUTBOUND.items()),
]
MOLD = "303030303130303539420000000000e12f5a00010013440dbd00001f1aced85ad80000000001668bd6"
ENTER = "4f0000007154000000e143564c54202020200000000000099db83059414e4e4838465542384956202020202020000605024c494d45"
LOGIN = "002f4c75736572202070617373776f72642020202020202020202020202020202020202020202020202020202020202030"


def rebuilt(packet: Packet) -> bytes:
    """Build from the fields, not from the bytes that scapy has kept."""
    packet.clear_cache()
    return bytes(packet)


def layer_value(message: Message, name: str) -> Any:
    value = getattr(message, name)
    return value.encode("ascii") if isinstance(value, str) else value


def options_of(message: Message) -> list[Packet]:
    options = getattr(message, "appendage", ())
    return [OuchOption(tag=tag, value=OPTIONS[tag].kind.to_wire(value, "option")) for tag, value in options]


@pytest.mark.parametrize(("cls", "layer"), LAYERS, ids=lambda item: item.__name__)
def test_codec_and_layer_agree_on_any_message(cls: type[Message], layer: Any, messages: MessageStrategy) -> None:
    @given(messages(cls))
    def check(message: Message) -> None:
        raw = message.encode()
        dissected = layer(raw)
        for field in message.FIELDS:
            assert dissected.getfieldval(field.name) == layer_value(message, field.name), field.name
        assert rebuilt(dissected) == raw
        values = {field.name: layer_value(message, field.name) for field in message.FIELDS}
        options = options_of(message)
        assert bytes(layer(**values, **({"appendage": options} if options else {}))) == raw

    check()


def test_golden_itch_bytes(golden_itch: Any) -> None:
    for golden in golden_itch:
        raw = bytes.fromhex(golden["hex"])
        assert rebuilt(ITCH[golden["type"]](raw)) == raw


def test_a_real_mold_packet() -> None:
    packet = MoldUDP64(bytes.fromhex(MOLD))
    assert (packet.session, packet.sequence, packet.count) == (b"000010059B", 14_757_722, 1)
    assert packet.blocks[0].message.order_reference_number == 23_497_686
    assert rebuilt(packet).hex() == MOLD
    for raw in (mold.encode_heartbeat("S", 5), mold.encode_end("S", 5)):
        assert rebuilt(MoldUDP64(raw)) == raw


def test_mold_packets_built_by_either(snippet: list[bytes]) -> None:
    raw = mold.encode_packet("SESSION", 5, snippet[:30])
    blocks = [MoldBlock(message=ITCH[chr(message[0])](message)) for message in snippet[:30]]
    assert bytes(MoldUDP64(session="SESSION", sequence=5, blocks=blocks)) == raw
    assert rebuilt(MoldUDP64(raw)) == raw


def test_unknown_messages_stay_raw() -> None:
    raw = mold.encode_packet("S", 1, [b"?!", b""])
    packet = MoldUDP64(raw)
    assert bytes(packet.blocks[0].message) == b"?!"
    assert rebuilt(packet) == raw


def test_soup_packets() -> None:
    login = SoupBinTCP(bytes.fromhex(LOGIN))
    assert (login.username, login.password, login.payload.session) == (b"user", b"password", b"")
    assert rebuilt(login).hex() == LOGIN
    built = SoupBinTCP(type="L") / scapy_layers.SoupLoginRequest(username="user", password="password", sequence="0")
    assert bytes(built).hex() == LOGIN
    for packet in (soup.LoginAccepted("1689192121", 135), soup.LoginRejected("A"), soup.ServerHeartbeat()):
        assert rebuilt(SoupBinTCP(packet.encode())) == packet.encode()
    accepted = SoupBinTCP(soup.LoginAccepted("1689192121", 135).encode())
    assert (accepted.payload.session, accepted.sequence) == (b"1689192121", b"135")


def test_orders_inside_soup() -> None:
    raw = soup.UnsequencedData(bytes.fromhex(ENTER)).encode()
    packet = SoupBinTCP(raw + soup.ClientHeartbeat().encode())
    assert packet.payload.symbol == b"CVLT"
    assert packet.payload.appendage[0].value == b"LIME"
    assert bytes(packet.payload.payload) == soup.ClientHeartbeat().encode()
    built = SoupBinTCP(type="U") / OUCH_INBOUND["O"](bytes.fromhex(ENTER))
    assert bytes(built) == raw


def test_layers_show_meanings() -> None:
    shown = str(OUCH_INBOUND["O"](bytes.fromhex(ENTER)).show(dump=True))
    assert "'T' (sell short)" in shown
    assert "Firm" in shown


def test_layers_may_hold_wrong_values() -> None:
    raw = bytes(OUCH_INBOUND["X"](type="X", user_ref_num=7, quantity=0, appendage_length=9, appendage=[]))
    assert raw.hex() == "5800000007000000000009"


def test_every_alpha_field_is_padded_alike() -> None:
    for cls, layer in LAYERS:
        for field in cls.FIELDS:
            if isinstance(field.kind, Alpha):
                raw = bytes(layer(**{field.name: "A"}))
                assert raw[field.offset : field.offset + field.size] == b"A".ljust(field.size)
