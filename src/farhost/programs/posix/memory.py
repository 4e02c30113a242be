"""Memory as C has it: bytes in the host's byte order behind named fields, for the address structs and numbers.

An object of these classes *is* its bytes: a field that is set writes them, a field that is read reads them, memset(3)
and the kernel write them too. So a forgotten htons, or a field that nobody cleared, does here what it does in C. A
new object is zero-filled, as a C variable with static storage is; one on the stack would hold anything, which is why
the notes tell to memset.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Self, overload

from farhost.wire.byte_order import ByteOrder


class Memory:
    """Some bytes. Subclasses give them `SIZE` and names."""

    __slots__ = ("raw",)

    SIZE: ClassVar[int] = 0
    BYTE_ORDER: ClassVar[ByteOrder] = "little"
    """The host's: `structs.make_structs` makes the classes of a host with the other one."""

    raw: memoryview

    def __init__(self, raw: memoryview | None = None, **fields: Any) -> None:
        """Zero-filled, or over bytes that are there; `fields` as C99's designated initializers set them."""
        self.raw = memoryview(bytearray(self.SIZE)) if raw is None else raw
        for name, value in fields.items():
            if not hasattr(type(self), name):
                raise TypeError(f"struct {type(self).__name__} has no field {name!r}")
            setattr(self, name, value)

    def __len__(self) -> int:
        return len(self.raw)

    def __bytes__(self) -> bytes:
        return bytes(self.raw)

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, Memory) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {bytes(self.raw).hex()}>"

    def little(self) -> bytes:
        """The same value as a little-endian host would hold it, which is what the system calls take for options."""
        return bytes(self.raw)


class Number:
    """A field: an integer of `size` bytes in the host's order."""

    def __init__(self, offset: int, size: int, signed: bool = False) -> None:
        self.offset = offset
        self.size = size
        self.signed = signed

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Memory, kind: type) -> int: ...
    def __get__(self, owner: Memory | None, kind: type) -> Self | int:
        if owner is None:
            return self
        data = owner.raw[self.offset : self.offset + self.size]
        return int.from_bytes(data, owner.BYTE_ORDER, signed=self.signed)

    def __set__(self, owner: Memory, value: int) -> None:
        """C keeps the low bits of what does not fit."""
        bits = int(value) & ((1 << 8 * self.size) - 1)
        owner.raw[self.offset : self.offset + self.size] = bits.to_bytes(self.size, owner.BYTE_ORDER)


class Characters:
    """A view of a char array: indexed and sliced like a bytearray of fixed size; `value` ends at the first zero."""

    __slots__ = ("_raw",)

    def __init__(self, raw: memoryview) -> None:
        self._raw = raw

    def __len__(self) -> int:
        return len(self._raw)

    def __bytes__(self) -> bytes:
        return bytes(self._raw)

    def __iter__(self) -> Iterator[int]:
        return iter(bytes(self._raw))

    def __getitem__(self, where: int | slice) -> int | bytes:
        return bytes(self._raw)[where]

    def __setitem__(self, where: int | slice, value: Any) -> None:
        self._raw[where] = value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Characters):
            return bytes(self) == bytes(other)
        return self.value == other if isinstance(other, bytes) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.value)

    @property
    def value(self) -> bytes:
        """The C string: what stands before the first zero byte, or all of it."""
        return bytes(self._raw).partition(b"\0")[0]

    @property
    def raw(self) -> memoryview:
        """The memory itself."""
        return self._raw


class CharArray:
    """A field: `char name[size]`. Setting it is strcpy(3): the bytes, and a zero byte if one more fits."""

    def __init__(self, offset: int, size: int) -> None:
        self.offset = offset
        self.size = size

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Memory, kind: type) -> Characters: ...
    def __get__(self, owner: Memory | None, kind: type) -> Self | Characters:
        return self if owner is None else Characters(owner.raw[self.offset : self.offset + self.size])

    def __set__(self, owner: Memory, value: bytes | str | bytearray | Characters) -> None:
        data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        if len(data) > self.size:
            raise ValueError(f"{len(data)} bytes do not fit into char[{self.size}]: in C they overwrite what follows")
        end = b"\0" if len(data) < self.size else b""
        start = self.offset
        owner.raw[start : start + len(data) + len(end)] = data + end


class Part:
    """A field that is a struct of its own, sharing the memory."""

    def __init__(self, offset: int, kind: type[Memory]) -> None:
        self.offset = offset
        self.kind = kind

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Memory, kind: type) -> Any: ...
    def __get__(self, owner: Memory | None, kind: type) -> Any:
        if owner is None:
            return self
        return self.kind(owner.raw[self.offset : self.offset + self.kind.SIZE])

    def __set__(self, owner: Memory, value: Memory) -> None:
        """Struct assignment: a copy."""
        owner.raw[self.offset : self.offset + self.kind.SIZE] = bytes(value)


class Integer(Memory):
    """A variable of an integer type: `value` is the number, the memory its bytes in the host's order."""

    __slots__ = ()

    SIGNED: ClassVar[bool] = False

    def __init__(self, value: int = 0, raw: memoryview | None = None) -> None:
        super().__init__(raw)
        if raw is None:
            self.value = value

    @property
    def value(self) -> int:
        """The number."""
        return int.from_bytes(self.raw, self.BYTE_ORDER, signed=self.SIGNED)

    @value.setter
    def value(self, number: int) -> None:
        bits = int(number) & ((1 << 8 * self.SIZE) - 1)
        self.raw[:] = bits.to_bytes(self.SIZE, self.BYTE_ORDER)

    def __index__(self) -> int:
        return self.value

    __int__ = __index__

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value})"

    def little(self) -> bytes:
        return bytes(self.raw) if self.BYTE_ORDER == "little" else bytes(self.raw)[::-1]


class Words(Memory):
    """A struct of integers of one size (linger, timeval)."""

    __slots__ = ()

    NAMES: ClassVar[tuple[str, ...]] = ()
    WORD: ClassVar[int] = 4

    def __init__(self, *values: int, raw: memoryview | None = None) -> None:
        super().__init__(raw)
        for name, value in zip(self.NAMES, values, strict=False):
            setattr(self, name, value)

    def little(self) -> bytes:
        data = bytes(self.raw)
        if self.BYTE_ORDER == "little":
            return data
        return b"".join(data[at : at + self.WORD][::-1] for at in range(0, len(data), self.WORD))
