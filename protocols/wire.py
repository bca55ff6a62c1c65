"""Message classes whose annotations are the protocol's tables.

```python
class OrderDelete(ItchMessage, type="D"):
    order_reference_number: U64
```

compiles into `FIELDS` (the table), one `struct.Struct`, a constructor, a decoder and an encoder. Instances have
slots, cannot be changed, compare by class and value. A message starts with its type byte; the annotated fields follow
without gaps, those of base classes first. Annotations without a field kind are attributes that are not fixed fields
(OUCH's appendage).

The generated decoder and encoder may only accept. When they fail, the table is walked field by field and decides
which typed error it is: the fast path stays short and the slow path stays exact.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, dataclass_transform

from protocols.errors import LengthError, ProtocolError, TruncatedError, UnknownTypeError
from protocols.fields import Buffer, Field
from protocols.wire_compiler import class_name_in_words, compile_message, own_hints

_FAST_PATH_ERRORS = (struct.error, KeyError, ValueError, TypeError, AttributeError)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class MessageMeta(type):
    """Turns the annotations of a message class into slots, table and codec."""

    def __new__(
        mcls,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        type: str | None = None,
        name: str | None = None,
    ) -> Any:
        """Create the class. `type` is its type character, None for a base class that is never on the wire.

        `name` is its name in the reference tables; by default the class name, in words.
        """
        own = own_hints(namespace)
        inherited = bases[0].__dict__.get("_hints", {}) if bases else {}
        defaults = dict(bases[0].__dict__.get("_defaults", {})) if bases else {}
        defaults |= {key: namespace.pop(key) for key in own if key in namespace}
        hints = inherited | own
        namespace |= {"__slots__": tuple(own), "_hints": hints, "_defaults": defaults}
        cls = super().__new__(mcls, class_name, bases, namespace)
        if type is not None:
            compile_message(cls, type, name or class_name_in_words(class_name), hints, defaults)
        return cls


class Message(metaclass=MessageMeta):
    """A message of fixed layout. Construct with keywords; ranges and codes are checked by `encode` and `decode`."""

    TYPE: ClassVar[str]
    """The type character, byte 0 of the message."""
    NAME: ClassVar[str]
    """The name in the reference tables."""
    SIZE: ClassVar[int]
    """Bytes of type and fixed fields."""
    FIELDS: ClassVar[tuple[Field, ...]]
    """The table, without the type byte."""
    ATTRIBUTES: ClassVar[tuple[str, ...]]
    """Names of all attributes: fixed fields, then the others."""
    _parse: ClassVar[Callable[..., Any]]
    _build: ClassVar[Callable[[Any], bytes]]
    _values: ClassVar[Callable[[Any], tuple[object, ...]]]

    @classmethod
    def decode(cls, data: Buffer) -> Self:
        """Decode one whole message of this class; raises a ProtocolError for anything else."""
        try:
            if data[0] == ord(cls.TYPE):
                message: Self = cls._parse(data)
                return message
        except (IndexError, *_FAST_PATH_ERRORS):
            pass
        raise cls.explain(bytes(data))

    def encode(self) -> bytes:
        """Encode the message; RangeError or EnumError names the attribute that does not fit."""
        try:
            return self._build()
        except _FAST_PATH_ERRORS:
            raise self._explain_values() from None

    @classmethod
    def explain(cls, data: bytes) -> ProtocolError:
        """Say which typed error `data`, refused by the fast path, deserves."""
        if len(data) < cls.SIZE:
            return TruncatedError(f"{cls.NAME} needs {cls.SIZE} bytes", len(data), len(data))
        if data[0] != ord(cls.TYPE):
            return UnknownTypeError(f"{cls.NAME} has type {cls.TYPE!r}", 0, chr(data[0]))
        if len(data) > cls.SIZE:
            return LengthError(f"{cls.NAME} has {cls.SIZE} bytes", cls.SIZE, len(data))
        return cls._explain_fields(data)

    @classmethod
    def _explain_fields(cls, data: bytes) -> ProtocolError:
        try:
            for field in cls.FIELDS:
                field.check_wire(data, cls.NAME)
        except ProtocolError as error:
            return error
        raise AssertionError(f"{cls.NAME}: decoder and table disagree on {data.hex()}")

    def _explain_values(self) -> ProtocolError:
        try:
            for field in self.FIELDS:
                field.kind.check_value(getattr(self, field.name), f"{self.NAME} {field.name}")
        except ProtocolError as error:
            return error
        raise AssertionError(f"{self.NAME}: encoder and table disagree on {self!r}")

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some attributes changed."""
        return type(self)(**(dict(zip(self.ATTRIBUTES, self._values(), strict=True)) | changes))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.TYPE, self._values()))

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name}={value!r}" for name, value in zip(self.ATTRIBUTES, self._values(), strict=True))
        return f"{type(self).__name__}({pairs})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed; use replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._values())


def dispatch(classes: Mapping[str, type[Message]]) -> dict[int, Callable[[Buffer], Any]]:
    """Map each type byte to the fast decoder of its class."""
    return {ord(code): cls._parse for code, cls in classes.items()}


def _rebuild(cls: type[Message], values: tuple[object, ...]) -> Message:
    return cls(**dict(zip(cls.ATTRIBUTES, values, strict=True)))
