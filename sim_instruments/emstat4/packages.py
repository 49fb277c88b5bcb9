"""Data packages: how the device writes a value (hardware.md §3.2)."""

import math
from dataclasses import dataclass

OFFSET = 1 << 27
_SCALES = (
    (1e-18, "a"),
    (1e-15, "f"),
    (1e-12, "p"),
    (1e-9, "n"),
    (1e-6, "u"),
    (1e-3, "m"),
    (1.0, " "),
    (1e3, "k"),
    (1e6, "M"),
)
_SCALES_UP = (*_SCALES, (1e9, "G"), (1e12, "T"), (1e15, "P"), (1e18, "E"))
_ROOM = OFFSET - 1


@dataclass(slots=True)
class Value:
    """What a variable holds: its type's two letters, the number, and what was wrong when it was measured."""

    kind: str = "aa"
    number: float = 0.0
    whole: bool = False
    status: int | None = None
    range: int | None = None


def encode(value: Value) -> str:
    """Return a value as it stands in a package: type, seven hexadecimal digits above 2^27, prefix, metadata."""
    text = value.kind + _digits(value)
    if value.status is not None:
        text += f",1{value.status:X}"
    if value.range is not None:
        text += f",2{value.range:02X}"
    return text


def _digits(value: Value) -> str:
    number = value.number
    if value.whole:
        return f"{int(number) + OFFSET:07X}i"
    if not math.isfinite(number):
        return "     nan"
    if number == 0.0:
        return "8000000 "
    size = abs(number)
    for scale, prefix in _SCALES_UP:
        if size < scale * _ROOM:
            return f"{round(number / scale) + OFFSET:07X}{prefix}"
    return "     nan"
