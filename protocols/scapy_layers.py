"""Scapy layers made from the message tables: MoldUDP64, ITCH 5.0, SoupBinTCP 3.00, OUCH 5.0.

```python
MoldUDP64(datagram)                                   # dissect, ITCH messages inside
SoupBinTCP(type="U") / OUCH_INBOUND["X"](user_ref_num=7, quantity=0)
```

Layers are for people and tests: unlike the codecs they take wrong values, to build malformed packets with. In a
SoupBinTCP packet, `U` is taken for OUCH inbound and `S` for OUCH outbound.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from scapy.fields import (
    BitField,
    ByteEnumField,
    ByteField,
    ConditionalField,
    FieldLenField,
    IntField,
    LongField,
    PacketLenField,
    PacketListField,
    ShortField,
    SignedIntField,
    StrFixedLenField,
    StrLenField,
)
from scapy.packet import Packet, Raw

from protocols import itch50, ouch50, soup
from protocols.fields import Char, Integer, Kind
from protocols.ouch50_options import OPTIONS
from protocols.wire import Message


class AlphaField(StrFixedLenField):
    """ASCII text padded with spaces: on the right, on the left if `right_justified`."""

    __slots__ = ("right_justified",)

    def __init__(self, name: str, default: str, length: int, *, right_justified: bool = False) -> None:
        self.right_justified = right_justified
        super().__init__(name, default.encode("ascii"), length=length)

    def i2m(self, _packet: Packet | None, value: bytes | str | int | None) -> bytes:
        """Pad the value; text longer than the field is cut by the base class."""
        raw = value if isinstance(value, bytes) else str("" if value is None else value).encode("ascii")
        return raw.rjust(self.sz) if self.right_justified else raw.ljust(self.sz)

    def m2i(self, _packet: Packet | None, raw: bytes) -> bytes:
        """Take the padding off."""
        return bytes(raw).strip(b" ") if self.right_justified else bytes(raw).rstrip(b" ")


class CodeField(StrFixedLenField):
    """One character; shown with its meaning."""

    __slots__ = ("meanings",)

    def __init__(self, name: str, default: str, meanings: Mapping[str, str] | None) -> None:
        self.meanings = dict(meanings or {})
        super().__init__(name, default.encode("ascii"), length=1)

    def i2repr(self, _packet: Packet | None, value: bytes) -> str:
        """Show the character and what it means."""
        code = bytes(value).decode("latin-1")
        return f"{code!r} ({self.meanings[code]})" if self.meanings.get(code) else repr(code)


class _Leaf(Packet):
    """A layer that nothing follows: what is left belongs to whoever holds it."""

    def extract_padding(self, data: bytes) -> tuple[bytes, bytes]:
        """Leave all further bytes to the layer around this one."""
        return b"", data


def _layer_field(name: str, kind: Kind) -> Any:
    if isinstance(kind, Char):
        return CodeField(name, next(iter(kind.codes or " ")), kind.codes)
    if isinstance(kind, Integer):
        if kind.signed:
            return SignedIntField(name, 0)
        if kind.size == 6:
            return BitField(name, 0, 48)
        return {1: ByteField, 2: ShortField, 4: IntField, 8: LongField}[kind.size](name, 0)
    return AlphaField(name, "", kind.size)


def _message_layer(prefix: str, message: type[Message], more: Iterable[Any] = ()) -> type[Packet]:
    fields = [CodeField("type", message.TYPE, {message.TYPE: message.NAME})]
    fields += [_layer_field(field.name, field.kind) for field in message.FIELDS]
    body = {"name": f"{prefix} {message.NAME}", "fields_desc": [*fields, *more], "__doc__": message.__doc__}
    return type(f"{prefix}{message.__name__}", (_Leaf,), body)


class OuchOption(_Leaf):
    """One option of an appendage; `value` is in wire form."""

    name = "OUCH option"
    fields_desc: ClassVar[list[Any]] = [
        FieldLenField("length", None, fmt="B", length_of="value", adjust=lambda _, size: size + 1),
        ByteEnumField("tag", 28, {tag: spec.name for tag, spec in OPTIONS.items()}),
        StrLenField("value", b"", length_from=lambda packet: packet.length - 1),
    ]


def _appendage(message: type[ouch50.OuchMessage]) -> list[Any]:
    """Return the fields after the fixed ones; an optional Appendage Length shows where there is something to show."""
    if message.APPENDAGE is ouch50.Appendage.NONE:
        return []
    length = FieldLenField("appendage_length", None, fmt="H", length_of="appendage")
    options = PacketListField("appendage", [], OuchOption, length_from=lambda packet: packet.appendage_length or 0)
    if message.APPENDAGE is ouch50.Appendage.REQUIRED:
        return [length, options]

    def is_there(packet: Packet) -> bool:
        if packet.original:
            return len(packet.original) > message.SIZE
        return bool(packet.fields.get("appendage")) or packet.fields.get("appendage_length") is not None

    return [ConditionalField(length, is_there), ConditionalField(options, is_there)]


ITCH: Final[dict[str, type[Packet]]] = {
    code: _message_layer("Itch", message) for code, message in itch50.MESSAGES.items()
}
"""ITCH layers by type character."""
OUCH_INBOUND: Final[dict[str, type[Packet]]] = {
    code: _message_layer("OuchIn", message, _appendage(message)) for code, message in ouch50.INBOUND.items()
}
"""OUCH client-to-exchange layers by type character."""
OUCH_OUTBOUND: Final[dict[str, type[Packet]]] = {
    code: _message_layer("OuchOut", message, _appendage(message)) for code, message in ouch50.OUTBOUND.items()
}
"""OUCH exchange-to-client layers by type character."""


def _layer_for(layers: Mapping[str, type[Packet]], data: bytes) -> type[Packet]:
    return layers.get(chr(data[0]), Raw) if data else Raw


def _itch_layer(data: bytes) -> Packet:
    return _layer_for(ITCH, data)(data)


class MoldBlock(_Leaf):
    """One message block of a MoldUDP64 packet."""

    name = "MoldUDP64 message block"
    fields_desc: ClassVar[list[Any]] = [
        FieldLenField("length", None, fmt="H", length_of="message"),
        PacketLenField("message", Raw(b""), _itch_layer, length_from=lambda packet: packet.length),
    ]


class MoldUDP64(_Leaf):
    """A MoldUDP64 downstream packet; count 0 is a heartbeat, 0xFFFF the end of the session."""

    name = "MoldUDP64"
    fields_desc: ClassVar[list[Any]] = [
        AlphaField("session", "", 10),
        LongField("sequence", 1),
        FieldLenField("count", None, fmt="H", count_of="blocks"),
        PacketListField("blocks", [], MoldBlock, count_from=lambda packet: packet.count % 0xFFFF),
    ]


class SoupLoginRequest(_Leaf):
    """What a Login Request carries."""

    name = "SoupBinTCP Login Request"
    fields_desc: ClassVar[list[Any]] = [
        AlphaField("username", "", 6),
        AlphaField("password", "", 10),
        AlphaField("session", "", 10),
        AlphaField("sequence", "1", 20, right_justified=True),
    ]


class SoupLoginAccepted(_Leaf):
    """What a Login Accepted carries."""

    name = "SoupBinTCP Login Accepted"
    fields_desc: ClassVar[list[Any]] = [
        AlphaField("session", "", 10, right_justified=True),
        AlphaField("sequence", "1", 20, right_justified=True),
    ]


class SoupLoginRejected(_Leaf):
    """What a Login Rejected carries."""

    name = "SoupBinTCP Login Rejected"
    fields_desc: ClassVar[list[Any]] = [CodeField("reason", "A", soup.LOGIN_REJECT_REASONS)]


class SoupBinTCP(Packet):
    """Length and type of a SoupBinTCP packet; the length is computed where it is not given."""

    name = "SoupBinTCP"
    fields_desc: ClassVar[list[Any]] = [
        ShortField("length", None),
        CodeField("type", "S", {cls.TYPE: cls.__name__ for cls in soup.SoupPacket.__subclasses__()}),
    ]

    def post_build(self, header: bytes, payload: bytes) -> bytes:
        """Fill in the length."""
        if self.length is None:
            header = (1 + len(payload)).to_bytes(2, "big") + header[2:]
        return bytes(header + payload)

    def extract_padding(self, data: bytes) -> tuple[bytes, bytes]:
        """Split the payload from the next packet's bytes."""
        size = max((self.length or 1) - 1, 0)
        return data[:size], data[size:]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """Choose by packet type, then by message type."""
        code = bytes(self.type).decode("latin-1")
        logins = {"L": SoupLoginRequest, "A": SoupLoginAccepted, "J": SoupLoginRejected}
        if code in logins:
            return logins[code]
        layers = {"U": OUCH_INBOUND, "S": OUCH_OUTBOUND}.get(code)
        return Raw if layers is None else _layer_for(layers, payload)
