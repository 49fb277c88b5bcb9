"""The bytes of the Nanonis TCP protocol: frames and bodies. All numbers big-endian. Source: SPECS, "TCP Protocol".

Layouts are written as tokens: ``H h I i f d`` numbers (u16 i16 u32 i32 f32 f64); ``s`` text behind an i32 length, ``S``
behind a u32 one; ``ai`` (any number letter) an array behind an i32 count, ``*i`` one whose count stands elsewhere;
``as`` texts behind i32 bytes and i32 count; ``2f`` a table behind i32 rows and i32 columns.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanoprobe.errors import GarbledAnswer, InstrumentError

HEADER = 40
"""Bytes before the body of a request and of a reply."""
NAME_LENGTH = 32
LARGEST_BODY = 1 << 30
"""A reply that claims to be longer is no Nanonis reply (bytes)."""
_NO_ERROR = bytes(8)
_DTYPES = {"H": ">u2", "h": ">i2", "I": ">u4", "i": ">i4", "f": ">f4", "d": ">f8"}


def request(command: str, layout: str = "", *values: Any) -> bytes:
    """Return the frame that asks for `command` and wants an answer."""
    tokens = layout.split()
    if len(tokens) != len(values):
        raise ValueError(f"{command}: {len(values)} values for the layout {layout!r}")
    body = b"".join(_pack(token, value) for token, value in zip(tokens, values, strict=True))
    return struct.pack(f">{NAME_LENGTH}siHH", command.encode("ascii"), len(body), 1, 0) + body


def reply_header(header: bytes) -> tuple[str, int]:
    """Return the command a reply belongs to, and the size of its body. Raises InstrumentError when it is no reply."""
    name, size = struct.unpack(f">{NAME_LENGTH}si4x", header)
    text = name.rstrip(b"\0").decode("ascii", "replace")
    if not text.isprintable() or not 8 <= size <= LARGEST_BODY:
        raise GarbledAnswer(f"{header[:16]!r}... is no reply of a Nanonis controller: is another program at that port?")
    return text, size


def reply(command: str, layout: str, body: bytes) -> tuple[Any, ...]:
    """Return the values of a reply's body. Raises InstrumentError with the controller's own words when it has any.

    Releases differ in what follows the values asked for here: it is skipped, and the error block found at the end.
    """
    reader = Reader(body)
    try:
        values = tuple(reader.token(token) for token in layout.split())
    except (struct.error, ValueError):
        _check_error(command, body, 0)
        raise InstrumentError(
            f"Nanonis: the reply to {command} ({len(body)} bytes) is shorter than {layout!r}; is this release supported?"
        ) from None
    _check_error(command, body, reader.at)
    return values


def _check_error(command: str, body: bytes, at: int) -> None:
    text = _error_at(body, at)
    if text is None and body.endswith(_NO_ERROR):
        return
    if text is None:  # an error behind arguments that this layout does not know, or without any arguments
        text = next(filter(None, (_error_at(body, place) for place in range(len(body) - 8, -1, -1))), None)
    if text is None:
        raise InstrumentError(f"Nanonis: no error block at the end of the reply to {command} ({len(body)} bytes)")
    if text:
        raise InstrumentError(f"Nanonis refuses {command}: {text}")


def _error_at(body: bytes, at: int) -> str | None:
    """Return the error text if an error block fills the body from `at` to its end ("" for no error), None if none does."""
    if len(body) - at < 8:
        return None
    status, size = struct.unpack_from(">Ii", body, at)
    if status not in (0, 1) or size != len(body) - at - 8:
        return None
    return (_text(body[at + 8 :]) or "no reason given") if status else ""


class Reader:
    """Walks through a body, `at` a byte of it; raises struct.error or ValueError at its end."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0

    def token(self, token: str) -> Any:
        """Return the next value, of any layout token."""
        if token in _DTYPES:
            return self.number(token)
        if token in ("s", "S"):
            return self.text(token)
        if token == "as":
            self.number("i")  # the size in bytes: clients and servers disagree about what it counts
            return [self.text("s") for _ in range(self.number("i"))]
        if token.startswith("a"):
            return self.numbers(token[1], self.number("i"))
        if token == "2f":
            rows, columns = self.number("i"), self.number("i")
            return self.numbers("f", rows * columns).reshape(rows, columns)
        raise KeyError(token)

    def number(self, code: str) -> Any:
        """Return the next number."""
        (value,) = struct.unpack_from(">" + code, self._body, self.at)
        self.at += struct.calcsize(">" + code)
        return value

    def numbers(self, code: str, count: int) -> NDArray[Any]:
        """Return the next `count` numbers."""
        if count < 0:
            raise ValueError(f"count {count}")
        values = np.frombuffer(self._body, _DTYPES[code], count, self.at) if count else np.empty(0, _DTYPES[code])
        self.at += values.nbytes
        return values.astype(values.dtype.newbyteorder("="))

    def text(self, token: str) -> str:
        """Return the next text."""
        size = self.number("i" if token == "s" else "I")
        if not 0 <= size <= len(self._body) - self.at:
            raise ValueError(f"text of {size} bytes")
        self.at += size
        return _text(self._body[self.at - size : self.at])


def _text(raw: bytes) -> str:
    """LabVIEW sends its code page, newer releases UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _pack(token: str, value: Any) -> bytes:
    if token in _DTYPES:
        return struct.pack(">" + token, value)
    if token == "s":
        return _pack_text(value)
    if token == "as":
        texts = b"".join(map(_pack_text, value))
        return struct.pack(">ii", len(texts), len(value)) + texts
    if token.startswith("a"):
        return struct.pack(">i", len(value)) + _pack_numbers(token[1], value)
    if token.startswith("*"):
        return _pack_numbers(token[1], value)
    raise KeyError(token)


def _pack_text(value: str) -> bytes:
    raw = value.encode("utf-8")
    return struct.pack(">i", len(raw)) + raw


def _pack_numbers(code: str, values: Sequence[float] | NDArray[Any]) -> bytes:
    return np.asarray(values, dtype=_DTYPES[code]).tobytes()
