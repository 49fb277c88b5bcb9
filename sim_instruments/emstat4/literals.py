"""Numbers as MethodSCRIPT writes them: whole numbers with an SI prefix, or `i` for integers."""

import re

PREFIXES = {
    "a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0,
    "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
}  # fmt: skip
_DECIMAL = re.compile(r"([+-]?\d{1,10})([afpnumkMGTPE]?)")
_INTEGER = re.compile(r"([+-]?\d{1,10})i|0x([0-9A-Fa-f]{1,8})i?|0b([01]{1,32})i?")


def parse_number(text: str) -> tuple[float, bool] | None:
    """Return the value and whether it is an integer; None where the text is no number."""
    found = _INTEGER.fullmatch(text)
    if found:
        decimal, hexadecimal, binary = found.groups()
        whole = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else int(binary, 2)
        return float(whole), True
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * PREFIXES[found[2]], False


def looks_like_number(text: str) -> bool:
    """Say whether the text begins as a number does."""
    return text[:1].isdigit() or (text[:1] in "+-" and text[1:2].isdigit())
