"""Data packages of a running script, read as they come (MethodSCRIPT manual v1.8, chapter 5)."""

from typing import NamedTuple

from nanoprobe.errors import GarbledAnswer

OVERLOAD = 0x2
_OFFSET = 1 << 27
_SCALES = {
    "a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, " ": 1.0, "i": 1.0,
    "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
}  # fmt: skip
_NAN = "     nan"


class Field(NamedTuple):
    """One variable of a package: its type's two letters, the value (SI), the status bits."""

    kind: str
    value: float
    status: int


def parse_package(line: str) -> list[Field]:
    """Return the variables of a package line, which begins with P. Raises GarbledAnswer.

    >>> parse_package("Peb80003E8m;ba7F85F3Fu,12,218")
    [Field(kind='eb', value=1.0, status=0), Field(kind='ba', value=-0.499905, status=2)]
    """
    try:
        return [_field(text) for text in line[1:].split(";")]
    except (ValueError, KeyError, IndexError):
        raise GarbledAnswer(f"the potentiostat sends '{line:.60}' where a data package is expected") from None


def _field(text: str) -> Field:
    digits = text[2:9]
    if len(digits) < 7 or digits[0] == " ":
        if text[2:10] != _NAN:
            raise ValueError(text)
        value = float("nan")
    else:
        value = (int(digits, 16) - _OFFSET) * _SCALES[text[9]]
    if len(text) == 10:
        return Field(text[:2], value, 0)
    return Field(text[:2], value, _status(text[10:]))


def _status(metadata: str) -> int:
    for word in metadata.split(","):
        if word[:1] == "1" and len(word) == 2:
            return int(word[1], 16)
    return 0
