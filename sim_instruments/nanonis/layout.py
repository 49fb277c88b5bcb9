"""Bodies of the Nanonis TCP protocol: from a layout such as ``"I s as 2f"`` to bytes and back. All big-endian.

Tokens: ``H h I i f d`` numbers (u16 i16 u32 i32 f32 f64); ``s`` text with an i32 length, ``S`` the same with a u32
length; ``aT`` i32 count and so many numbers T; ``as`` i32 total bytes, i32 count, that many texts; ``2f`` i32 rows, i32
columns, values row by row, ``2s`` the same with texts; ``*T`` as many numbers as the last single ``i`` said. A leading
``?`` marks an argument that may be missing at the end of a request (older releases lack it): it is read as None.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

NUMBERS = "HhIifd"


class LayoutError(ValueError):
    """A body does not have the layout it should."""


def unpack(layout: str, body: bytes) -> tuple[Any, ...]:
    """Read `body`; arrays come as lists, 2-D arrays as lists of rows. Too short or too long raises `LayoutError`."""
    reader = _Reader(body)
    values = tuple(_read_token(reader, token) for token in layout.split())
    if reader.left:
        raise LayoutError(f"{reader.left} bytes too many")
    return values


def pack(layout: str, values: Sequence[Any]) -> bytes:
    """Write `values`, one per token of `layout`."""
    tokens = layout.split()
    if len(tokens) != len(values):
        raise LayoutError(f"{len(values)} values for layout {layout!r}")
    return b"".join(_write_token(token.removeprefix("?"), value) for token, value in zip(tokens, values, strict=True))


def zeros(layout: str) -> bytes:
    """Return the reply arguments of a command that failed: numbers 0, everything else empty."""
    return b"".join(_zero(token.removeprefix("?")) for token in layout.split())


def _zero(token: str) -> bytes:
    if token in NUMBERS:
        return bytes(struct.calcsize(">" + token))
    return b"" if token[0] == "*" else bytes(8 if token in ("as", "2f", "2s") else 4)


class _Reader:
    """A cursor over a body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0
        self.count = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._at

    def take(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise LayoutError(f"{size} bytes wanted at {self._at}, {self.left} left")
        self._at += size
        return self._body[self._at - size : self._at]

    def number(self, code: str) -> Any:
        return struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))[0]

    def numbers(self, code: str, count: int) -> list[Any]:
        if count < 0:
            raise LayoutError(f"count {count}")
        return list(struct.unpack(f">{count}{code}", self.take(count * struct.calcsize(">" + code))))

    def text(self, length_code: str = "i") -> str:
        return decode(self.take(self.number(length_code)))


def decode(raw: bytes) -> str:
    """Return the text of `raw`: UTF-8, or one byte a character where it is not (LabVIEW sends the code page)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _read_token(reader: _Reader, token: str) -> Any:
    if token[0] == "?":
        return _read_token(reader, token[1:]) if reader.left else None
    if token in NUMBERS:
        return _read_number(reader, token)
    if token in "sS":
        return reader.text("i" if token == "s" else "I")
    if token[0] == "*":
        return reader.numbers(token[1], reader.count)
    return _read_array(reader, token)


def _read_number(reader: _Reader, code: str) -> Any:
    value = reader.number(code)
    if code in "iI":
        reader.count = value
    return value


def _read_array(reader: _Reader, token: str) -> Any:
    if token == "as":
        reader.number("i")  # total size: one known client writes 4 x count here, so it is not to be trusted
        return _texts(reader, reader.number("i"))
    if token[0] == "a":
        return reader.numbers(token[1], reader.number("i"))
    rows, columns = reader.number("i"), reader.number("i")
    row = _texts if token == "2s" else (lambda source, count: source.numbers(token[1], count))
    return [row(reader, columns) for _ in range(rows)]


def _texts(reader: _Reader, count: int) -> list[str]:
    return [reader.text() for _ in range(count)]


def _write_token(token: str, value: Any) -> bytes:
    if token in NUMBERS:
        return _numbers(token, [value]) if token == "f" else struct.pack(">" + token, value)
    if token in "sS":
        return _text(value, "i" if token == "s" else "I")
    if token[0] == "*":
        return _numbers(token[1], value)
    if token == "as":
        texts = b"".join(_text(item) for item in value)
        return struct.pack(">ii", len(texts), len(value)) + texts
    if token[0] == "a":
        return struct.pack(">i", len(value)) + _numbers(token[1], value)
    return _write_table(token, value)


def _write_table(token: str, value: Any) -> bytes:
    rows, columns = len(value), len(value[0]) if len(value) else 0
    cells = _numbers(token[1], value) if token != "2s" else b"".join(_text(cell) for row in value for cell in row)
    return struct.pack(">ii", rows, columns) + cells


def _text(value: str, length_code: str = "i") -> bytes:
    raw = value.encode("utf-8")
    return struct.pack(">" + length_code, len(raw)) + raw


def _numbers(code: str, values: Any) -> bytes:
    with np.errstate(over="ignore"):  # a value beyond float32 goes out as infinity, as the instrument's would
        return np.asarray(values).astype(f">{_NUMPY_CODES[code]}").tobytes()


_NUMPY_CODES = {"H": "u2", "h": "i2", "I": "u4", "i": "i4", "f": "f4", "d": "f8"}
